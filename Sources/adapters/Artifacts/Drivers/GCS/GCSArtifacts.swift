import Basics
import Contracts
import HTTPAccess
import JSONValue

/// Artifacts in Google Cloud Storage (`gcs`), by its JSON interface.
struct GCSArtifacts: ArtifactDriver {
  static let kind = "gcs"
  static let keyMember: String? = "key"

  private let bucket: String
  private let key: String
  private let credentials: GoogleCredentials
  private let base: String
  private let support: DriverSupport

  init(_ location: JSON, _ support: DriverSupport) throws(ArtifactFailure) {
    bucket = location["bucket"]?.string ?? ""
    key = location["key"]?.string ?? ""
    guard !bucket.isEmpty else { throw .failed("a gcs artifact needs a bucket, or only a key for the default repository") }
    self.support = support
    if let emulator = support.environment("STORAGE_EMULATOR_HOST") {
      var base = emulator.contains("://") ? emulator : "http://" + emulator
      while base.hasSuffix("/") { base.removeLast() }
      self.base = base
      credentials = .none
    } else {
      base = "https://storage.googleapis.com"
      if let text = try support.secret(location["serviceAccountKeySecret"]) {
        credentials = try GoogleCredentials(serviceAccount: text, what: "the key in serviceAccountKeySecret")
      } else {
        credentials = try GoogleCredentials.ofMachine(support.environment)
      }
    }
  }

  func load(to path: String) throws(ArtifactFailure) {
    let key = Self.clean(key)
    try run("load") { client throws(ServiceFailure) in
      Files.remove(path)
      let found = try objects(client, key)
      guard !found.isEmpty else { throw ServiceFailure(.notFound("no results for key: \(key) (\(what))")) }
      if found == [key] { return try client.get(key, to: path) }
      try ServiceFailure.here { () throws(ArtifactFailure) in try Files.makeDirectories(path) }
      for name in found {
        let target = try ServiceFailure.here { () throws(ArtifactFailure) in try ObjectTree.place(name, below: key, in: path) }
        try client.get(name, to: target)
      }
    }
  }

  func save(from path: String) throws(ArtifactFailure) {
    let key = Self.clean(key)
    try run("save") { client throws(ServiceFailure) in
      guard FileStatus(path)?.kind == .directory else { return try client.put(path, key: key) }
      let items = try ServiceFailure.here { () throws(ArtifactFailure) in try ObjectTree.files(below: path) }
      for item in items { try client.put(item.path, key: key + "/" + item.name) }
    }
  }

  func list() throws(ArtifactFailure) -> [String] {
    try run("list") { client throws(ServiceFailure) in try objects(client, key) }
  }

  func delete() throws(ArtifactFailure) {
    try run("delete") { client throws(ServiceFailure) in try client.delete(key) }
  }

  /// The object of this very name alone, else all whose names begin so; those that only stand for a folder are left out. The prefix is one of
  /// text and not of folders, as in Argo: `a` finds `ab` too.
  private func objects(_ client: GCSClient, _ prefix: String) throws(ServiceFailure) -> [String] {
    let found = try client.names(prefix)
    return found.contains(prefix) ? [prefix] : found.filter { !$0.hasSuffix("/") }
  }

  /// Without empty and `.` parts, as a path is cleaned.
  private static func clean(_ key: String) -> String { String(ObjectTree.prefix(of: key).dropLast()) }

  private var what: String { "gs://\(bucket)/\(key) at \(base)" }

  private func run<Value>(_ verb: String, _ body: (GCSClient) throws(ServiceFailure) -> Value) throws(ArtifactFailure) -> Value {
    do throws(ServiceFailure) {
      return try support.retries.run { () throws(ServiceFailure) in
        let token = try credentials.token(support.http, now: SystemClock.now())
        return try body(GCSClient(base: base, bucket: bucket, token: token, http: support.http, limit: support.limit))
      }
    } catch {
      if let local = error.local { throw local }
      var remedy = ""
      switch error.status {
      case 401, 403: remedy = "; check \(credentials.name), and what it may do with the bucket"
      case 404: remedy = "; check the bucket's name"
      case 0: remedy = "; check the network, and STORAGE_EMULATOR_HOST where it is set"
      default: break
      }
      throw .failed("cannot \(verb) \(what): \(error.text)\(remedy)")
    }
  }
}

/// The requests of the JSON interface that artifacts need.
struct GCSClient: Sendable {
  let base: String
  let bucket: String
  /// nil for an emulator.
  let token: String?
  let http: HTTPFetcher
  let limit: UInt64

  private var objects: String { "/storage/v1/b/\(URLText.encoded(bucket))/o" }

  func get(_ name: String, to path: String) throws(ServiceFailure) {
    let request = request("GET", "\(objects)/\(URLText.encoded(name))?alt=media")
    do { _ = try http.download(request, to: path, limit: limit) } catch { throw Self.failure(error) }
  }

  /// Streams the file in one request, and checks the digest of what has arrived.
  func put(_ path: String, key: String) throws(ServiceFailure) {
    let digests = try ServiceFailure.here { () throws(ArtifactFailure) in try FileDigests(of: path) }
    var request = request("POST", "/upload\(objects)?uploadType=media&name=\(URLText.encoded(key))")
    request.headers.append(("Content-Type", ObjectTree.contentType(key)))
    let reply: HTTPReply
    do { reply = try http.upload(request, from: path) } catch { throw Self.failure(error) }
    let stored = (try? JSON.parse(String(decoding: reply.body, as: UTF8.self)))?["md5Hash"]?.string
    if let stored, stored != Base64.encode(digests.md5) {
      throw ServiceFailure(message: "the object \(key) is not what was sent", isTransient: true)
    }
  }

  func delete(_ name: String) throws(ServiceFailure) {
    let reply = try fetch(request("DELETE", "\(objects)/\(URLText.encoded(name))"))
    guard (200..<300).contains(reply.status) || reply.status == 404 else { throw Self.failure(reply) }
  }

  func names(_ prefix: String) throws(ServiceFailure) -> [String] {
    var found: [String] = []
    var page: String?
    repeat {
      var query = [(name: "prefix", value: prefix), (name: "fields", value: "items/name,nextPageToken")]
      if let page { query.append(("pageToken", page)) }
      let reply = try fetch(request("GET", objects + "?" + URLText.query(query)))
      guard reply.status == 200, let json = try? JSON.parse(String(decoding: reply.body, as: UTF8.self)) else { throw Self.failure(reply) }
      found += (json["items"]?.array ?? []).compactMap { $0["name"]?.string }
      let next = json["nextPageToken"]?.string
      page = next == page || next == "" ? nil : next
    } while page != nil
    return found
  }

  private func request(_ method: String, _ path: String) -> HTTPRequest {
    var request = HTTPRequest(method: method, url: base + path)
    if let token { request.headers.append(("Authorization", "Bearer " + token)) }
    return request
  }

  private func fetch(_ request: HTTPRequest) throws(ServiceFailure) -> HTTPReply {
    do { return try http.fetch(request, bodyLimit: 64 << 20) } catch { throw Self.failure(error) }
  }

  private static func failure(_ reply: HTTPReply) -> ServiceFailure {
    failure(.status(reply.status, String(decoding: reply.body.prefix(4096), as: UTF8.self)))
  }

  private static func failure(_ failure: HTTPFailure) -> ServiceFailure {
    var result = ServiceFailure(failure, transientCodes: [])
    // Errors are JSON, or text with the interface for media.
    if case .status(_, let text) = failure, let message = (try? JSON.parse(text))?.at("error", "message")?.string {
      result.message = message
    }
    return result
  }
}
