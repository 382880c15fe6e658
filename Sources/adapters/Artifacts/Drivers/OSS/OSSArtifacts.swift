import Basics
import Contracts
import HTTPAccess
import JSONValue

/// Artifacts in Alibaba's Object Storage Service (`oss`).
struct OSSArtifacts: ArtifactDriver {
  static let kind = "oss"
  static let keyMember: String? = "key"

  private let place: OSSPlace
  private let key: String
  private let credentials: OSSCredentials
  private let credentialsName: String
  private let makesBucket: Bool
  private let lifecycle: String?
  private let support: DriverSupport

  init(_ location: JSON, _ support: DriverSupport) throws(ArtifactFailure) {
    place = try OSSPlace(endpoint: location["endpoint"]?.string ?? "", bucket: location["bucket"]?.string ?? "")
    key = location["key"]?.string ?? ""
    makesBucket = location["createBucketIfNotPresent"]?.bool ?? false
    lifecycle = try Self.lifecycle(location["lifecycleRule"], key: key)
    self.support = support
    if location["useSDKCreds"]?.bool == true {
      guard let found = Self.machineCredentials(support.environment) else {
        throw .failed(
          "there are no Alibaba credentials for useSDKCreds: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET for argosy itself"
        )
      }
      credentials = found
      credentialsName = "the Alibaba credentials in the environment of argosy (useSDKCreds)"
    } else {
      guard let access = try support.secret(location["accessKeySecret"]), let secret = try support.secret(location["secretKeySecret"])
      else {
        throw .failed("an oss artifact needs accessKeySecret and secretKeySecret, or useSDKCreds: true")
      }
      let token = location["securityToken"]?.string ?? ""
      credentials = OSSCredentials(accessKey: access, secretKey: secret, securityToken: token.isEmpty ? nil : token)
      credentialsName = "accessKeySecret and secretKeySecret"
    }
  }

  func load(to path: String) throws(ArtifactFailure) {
    try run("load") { client throws(ServiceFailure) in
      Files.remove(path)
      do throws(ServiceFailure) { return try client.get(key, to: path) } catch {
        guard error.code == "NoSuchKey" else { throw error }
        let prefix = key.isEmpty || key.hasSuffix("/") ? key : key + "/"
        let keys = try client.keys(prefix)
        guard !keys.isEmpty else { throw ServiceFailure(.notFound("\(what): there is no such key")) }
        try ServiceFailure.here { () throws(ArtifactFailure) in try Files.makeDirectories(path) }
        // A key that is the directory itself has no place in it.
        for found in keys where found != prefix {
          let target = try ServiceFailure.here { () throws(ArtifactFailure) in
            let target = try ObjectTree.place(found, below: prefix, in: path)
            if found.hasSuffix("/") { try Files.makeDirectories(target) }
            return target
          }
          if !found.hasSuffix("/") { try client.get(found, to: target) }
        }
      }
    }
  }

  func save(from path: String) throws(ArtifactFailure) {
    try run("save") { client throws(ServiceFailure) in
      if makesBucket, try !client.bucketExists() { try client.makeBucket() }
      if let lifecycle { try client.setLifecycle(lifecycle) }
      guard FileStatus(path)?.kind == .directory else { return try client.put(path, key: key) }
      // Directories are objects of their own here, empty ones too.
      let tree = try ServiceFailure.here { () throws(ArtifactFailure) in
        (directories: try Self.directories(below: path), files: try ObjectTree.files(below: path))
      }
      for name in tree.directories { try client.putEmpty(ObjectTree.joined(key, name)) }
      for item in tree.files { try client.put(item.path, key: ObjectTree.joined(key, item.name)) }
    }
  }

  func list() throws(ArtifactFailure) -> [String] {
    try run("list") { client throws(ServiceFailure) in try client.keys(key) }
  }

  func delete() throws(ArtifactFailure) {
    try run("delete") { client throws(ServiceFailure) in try client.delete(key) }
  }

  /// The names of all directories, with a slash at their ends; the first is the top itself, which is empty.
  private static func directories(below path: String) throws(ArtifactFailure) -> [String] {
    var found = [""]
    func walk(_ path: String, _ prefix: String) throws(ArtifactFailure) {
      for name in try Files.names(in: path) where FileStatus(path + "/" + name)?.kind == .directory {
        found.append(prefix + name + "/")
        try walk(path + "/" + name, prefix + name + "/")
      }
    }
    try walk(path, "")
    return found
  }

  /// The document of `lifecycleRule`; nil when it asks for nothing.
  static func lifecycle(_ rule: JSON?, key: String) throws(ArtifactFailure) -> String? {
    let infrequent = rule?["markInfrequentAccessAfterDays"]?.int ?? 0
    let deletion = rule?["markDeletionAfterDays"]?.int ?? 0
    guard infrequent != 0 || deletion != 0 else { return nil }
    guard infrequent <= deletion else {
      throw .failed("oss lifecycleRule: markInfrequentAccessAfterDays cannot be larger than markDeletionAfterDays")
    }
    return "<LifecycleConfiguration><Rule><ID>\(Digest.hex(Digest.sha256(Array(key.utf8))))</ID>"
      + "<Prefix>\(XMLElement.escaped(key))</Prefix><Status>Enabled</Status><Expiration><Days>\(deletion)</Days></Expiration>"
      + "<Transition><Days>\(infrequent)</Days><StorageClass>IA</StorageClass></Transition>"
      + "<AbortMultipartUpload><Days>\(deletion)</Days></AbortMultipartUpload></Rule></LifecycleConfiguration>"
  }

  /// From the environment, or the default profile of `~/.alibabacloud/credentials`.
  private static func machineCredentials(_ environment: (String) -> String?) -> OSSCredentials? {
    if let access = environment("ALIBABA_CLOUD_ACCESS_KEY_ID"), let secret = environment("ALIBABA_CLOUD_ACCESS_KEY_SECRET") {
      return OSSCredentials(accessKey: access, secretKey: secret, securityToken: environment("ALIBABA_CLOUD_SECURITY_TOKEN"))
    }
    let file = environment("ALIBABA_CLOUD_CREDENTIALS_FILE") ?? environment("HOME").map { $0 + "/.alibabacloud/credentials" }
    guard let file, let text = Files.text(file) else { return nil }
    let profile = INIFile.sections(text)[environment("ALIBABA_CLOUD_PROFILE") ?? "default"] ?? [:]
    guard let access = profile["access_key_id"], let secret = profile["access_key_secret"] else { return nil }
    return OSSCredentials(accessKey: access, secretKey: secret, securityToken: profile["security_token"] ?? profile["sts_token"])
  }

  private var what: String { "oss://\(place.bucket)/\(key) at \(place.scheme)://\(place.authority)" }

  private func run<Value>(_ verb: String, _ body: (OSSClient) throws(ServiceFailure) -> Value) throws(ArtifactFailure) -> Value {
    let client = OSSClient(place: place, credentials: credentials, http: support.http, limit: support.limit)
    do throws(ServiceFailure) {
      return try support.retries.run { () throws(ServiceFailure) in try body(client) }
    } catch {
      if let local = error.local { throw local }
      var remedy = ""
      if error.code == "NoSuchBucket" {
        remedy = "; make the bucket or set createBucketIfNotPresent: true"
      } else if error.status == 403 {
        remedy = "; check \(credentialsName), and what it may do with the bucket"
      } else if error.status == 0 {
        remedy = "; check the endpoint"
      }
      throw .failed("cannot \(verb) \(what): \(error.text)\(remedy)")
    }
  }
}
