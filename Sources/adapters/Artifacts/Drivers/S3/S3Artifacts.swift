import Basics
import Contracts
import HTTPAccess
import JSONValue

/// Artifacts in Amazon S3 and what speaks its protocol (`s3`).
struct S3Artifacts: ArtifactDriver {
  static let kind = "s3"
  static let keyMember: String? = "key"

  private let place: S3Place
  private let key: String
  private let source: AWSCredentialSource
  private let encryption: S3Encryption
  private let makesBucket: Bool
  private let objectLocking: Bool
  private let partSize: Int64?
  private let support: DriverSupport

  init(_ location: JSON, _ support: DriverSupport) throws(ArtifactFailure) {
    place = try S3Place(location, authorities: try support.secret(location["caSecret"]))
    key = location["key"]?.string ?? ""
    source = try AWSCredentialSource(location, region: place.region, support)
    encryption = try S3Encryption(location["encryptionOptions"], isSecure: place.isSecure, support)
    let bucket = location["createBucketIfNotPresent"]
    makesBucket = bucket?.object != nil
    objectLocking = bucket?["objectLocking"]?.bool ?? false
    partSize = support.environment("ARTIFACT_S3_UPLOAD_PART_SIZE_MIB").flatMap { Int64($0) }.flatMap {
      (1...5120).contains($0) ? $0 << 20 : nil
    }
    self.support = support
  }

  func load(to path: String) throws(ArtifactFailure) {
    try run("load") { client throws(ServiceFailure) in
      // What an earlier attempt has left.
      Files.remove(path)
      do throws(ServiceFailure) { return try client.get(key, to: path, encryption) } catch {
        guard error.code == "NoSuchKey" || (error.status == 404 && error.code.isEmpty) else { throw error }
        let prefix = ObjectTree.prefix(of: key)
        let keys = try client.keys(prefix)
        guard !keys.isEmpty else { throw ServiceFailure(.notFound("\(what): there is no such key")) }
        try ServiceFailure.here { () throws(ArtifactFailure) in try Files.makeDirectories(path) }
        for found in keys where !found.hasSuffix("/") {
          let target = try ServiceFailure.here { () throws(ArtifactFailure) in try ObjectTree.place(found, below: prefix, in: path) }
          try client.get(found, to: target, encryption)
        }
      }
    }
  }

  func save(from path: String) throws(ArtifactFailure) {
    try run("save") { client throws(ServiceFailure) in
      if makesBucket {
        let isNew = try client.makeBucket(objectLocking: objectLocking)
        if isNew, let rule = encryption.bucketRule { try client.setBucketEncryption(rule) }
      }
      let upload = S3Upload(client: client, encryption: encryption, wantedPart: partSize)
      guard FileStatus(path)?.kind == .directory else { return try upload.put(path, key: key) }
      let items = try ServiceFailure.here { () throws(ArtifactFailure) in try ObjectTree.files(below: path) }
      for item in items { try upload.put(item.path, key: ObjectTree.joined(key, item.name)) }
    }
  }

  func list() throws(ArtifactFailure) -> [String] {
    try run("list") { client throws(ServiceFailure) in
      let keys = try client.keys(ObjectTree.prefix(of: key)).filter { !$0.hasSuffix("/") }
      if keys.isEmpty, try !client.exists(key, encryption) { throw ServiceFailure(.notFound("no key found of name \(key) (\(what))")) }
      return keys
    }
  }

  func delete() throws(ArtifactFailure) {
    try run("delete") { client throws(ServiceFailure) in
      // Only a key that says it is a directory is one here, as in Argo.
      let keys = key.hasSuffix("/") ? try client.keys(ObjectTree.prefix(of: key)) : [key]
      for key in keys { try client.delete(key) }
    }
  }

  private var what: String { "s3://\(place.bucket)/\(key) at \(place.scheme)://\(place.endpoint)" }

  private func run<Value>(_ verb: String, _ body: (S3Client) throws(ServiceFailure) -> Value) throws(ArtifactFailure) -> Value {
    do throws(ServiceFailure) {
      return try support.retries.run { () throws(ServiceFailure) in
        let client = try S3Client(
          place, try source.credentials(), http: support.http, limit: support.limit, now: { SystemClock.now() })
        return try body(client)
      }
    } catch {
      if let local = error.local { throw local }
      throw .failed("cannot \(verb) \(what): \(error.text)\(remedy(error))")
    }
  }

  private func remedy(_ failure: ServiceFailure) -> String {
    switch failure.code {
    case "NoSuchBucket": return "; make the bucket or set createBucketIfNotPresent"
    case "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken":
      return "; check \(source.name), and what it may do with the bucket"
    case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
      return "; check the region and the endpoint"
    default: break
    }
    if failure.status == 0 { return "; check the endpoint, and insecure: true where it has no TLS" }
    if failure.status == 403 || failure.status == 401 { return "; check \(source.name), and what it may do with the bucket" }
    return ""
  }
}
