import Contracts
import JSONValue

/// Where an artifact lies, by the location member it has (spec 1.6).
enum ArtifactLocation {
  case raw(String)
  /// In the default repository. The key is missing for an output that leaves it to the repository.
  case local(key: String?)
  case http(JSON)
  case git(JSON)

  /// Object stores whose location may be a key alone, completed by the default repository.
  private static let keyed = [("s3", "bucket", "key"), ("gcs", "bucket", "key"), ("oss", "bucket", "key"), ("azure", "container", "blob")]
  private static let unsupported = ["s3", "gcs", "oss", "azure", "hdfs", "artifactory", "plugin"]

  init(_ artifact: JSON) throws(ArtifactFailure) {
    if let raw = Self.member("raw", of: artifact) {
      self = .raw(raw["data"]?.string ?? "")
    } else if let git = Self.member("git", of: artifact) {
      self = .git(git)
    } else if let http = Self.member("http", of: artifact) {
      self = .http(http)
    } else if let local = Self.member("local", of: artifact) {
      self = .local(key: Self.text(local["key"]))
    } else if let key = Self.repositoryKey(artifact) {
      self = .local(key: key)
    } else if let kind = Self.unsupported.first(where: { Self.member($0, of: artifact) != nil }) {
      let name = artifact["name"]?.string ?? ""
      throw .failed("\(kind) artifacts are not supported yet (artifact \"\(name)\"); use the default repository, http, git or raw")
    } else {
      self = .local(key: nil)
    }
  }

  /// Every member that names a location; an artifact has one.
  static let members = ["raw", "local", "http", "git"] + unsupported

  private static func member(_ name: String, of artifact: JSON) -> JSON? {
    guard let value = artifact[name], value.object != nil else { return nil }
    return value
  }

  private static func text(_ value: JSON?) -> String? {
    guard let text = value?.string, !text.isEmpty else { return nil }
    return text
  }

  private static func repositoryKey(_ artifact: JSON) -> String? {
    for (kind, place, key) in keyed {
      if let value = member(kind, of: artifact), text(value[place]) == nil, text(value["endpoint"]) == nil { return text(value[key]) }
    }
    return nil
  }
}

extension ArtifactContext {
  /// The text of a key of a Secret that a selector `{name, key}` names; nil without a selector. A missing secret fails.
  func secret(_ selector: JSON?) throws(ArtifactFailure) -> String? {
    guard let selector, let name = selector["name"]?.string, let key = selector["key"]?.string else { return nil }
    guard let bytes = secrets.secret(namespace: namespace, name: name, key: key) else {
      if selector["optional"]?.bool == true { return nil }
      throw .failed("key \"\(key)\" of secret \"\(name)\" is not there")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .failed("key \"\(key)\" of secret \"\(name)\" is no text") }
    return text
  }
}
