import Contracts
import JSONValue

/// Where an artifact lies, by the location member it has (spec 1.6).
enum ArtifactLocation {
  /// In the default repository. The key is missing for an output that leaves it to the repository.
  case local(key: String?)
  /// At a place that one of the drivers knows.
  case remote(any ArtifactDriver.Type, location: JSON)

  /// Object stores whose location may be a key alone, completed by the default repository.
  private static let keyed = [("s3", "bucket", "key"), ("gcs", "bucket", "key"), ("oss", "bucket", "key"), ("azure", "container", "blob")]
  private static let unsupported = [
    ("hdfs", "it speaks Hadoop's own protocol, for which there is no client here"),
    ("plugin", "it needs a driver's container and its socket, which are not there without a cluster"),
  ]

  init(_ artifact: JSON) throws(ArtifactFailure) {
    let name = artifact["name"]?.string ?? ""
    if let local = Self.member("local", of: artifact) {
      self = .local(key: Self.text(local["key"]))
      return
    }
    if let key = Self.repositoryKey(artifact) {
      self = .local(key: key)
      return
    }
    for driver in ArtifactDrivers.all {
      if let location = Self.member(driver.kind, of: artifact) {
        self = .remote(driver, location: location)
        return
      }
    }
    for (kind, reason) in Self.unsupported where Self.member(kind, of: artifact) != nil {
      throw .failed("\(kind) artifacts are not supported (artifact \"\(name)\"): \(reason); use another location")
    }
    self = .local(key: nil)
  }

  /// Every member that names a location; an artifact has one.
  static let members = ["local"] + ArtifactDrivers.all.map { $0.kind } + unsupported.map { $0.0 }

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
    guard let selector, let name = selector["name"]?.string, let key = selector["key"]?.string, !name.isEmpty else { return nil }
    guard let bytes = secrets.secret(namespace: namespace, name: name, key: key) else {
      if selector["optional"]?.bool == true { return nil }
      throw .failed("key \"\(key)\" of secret \"\(name)\" is not there")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .failed("key \"\(key)\" of secret \"\(name)\" is no text") }
    return text
  }
}
