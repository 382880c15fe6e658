import Basics
import Contracts
import HTTPAccess

/// The requests of S3's REST interface that artifacts need, each signed for itself.
struct S3Client: Sendable {
  static let transientCodes: Set<String> = [
    "RequestError", "RequestTimeout", "Throttling", "ThrottlingException", "RequestLimitExceeded", "RequestThrottled", "InternalError",
    "SlowDown", "ServiceUnavailable",
  ]

  let place: S3Place
  let credentials: AWSCredentials
  let http: HTTPFetcher
  /// The largest object taken, in bytes.
  let limit: UInt64
  let now: @Sendable () -> Instant
  /// Where the bucket is.
  private(set) var region: String

  init(
    _ place: S3Place, _ credentials: AWSCredentials, http: HTTPFetcher, limit: UInt64, now: @escaping @Sendable () -> Instant
  ) throws(ServiceFailure) {
    self.place = place
    self.credentials = credentials
    self.http = http
    self.limit = limit
    self.now = now
    region = place.region ?? "us-east-1"
    if place.region == nil { region = try bucketRegion() }
  }

  /// Asks for the bucket's region; one that does not tell is taken to be in `us-east-1`, unless its refusal names another.
  private func bucketRegion() throws(ServiceFailure) -> String {
    let reply = try fetch("GET", key: nil, query: [("location", "")], inPath: true)
    let text = String(decoding: reply.body, as: UTF8.self)
    guard reply.status == 200, let root = XMLElement.parse(reply.body) else {
      if reply.status >= 500, reply.status != 501 { throw failure(reply) }
      let named = XMLElement.text(of: "Region", in: text) ?? reply.header("x-amz-bucket-region") ?? ""
      return named.isEmpty ? "us-east-1" : named
    }
    let region = root.text.filter { !$0.isWhitespace }
    return region.isEmpty ? "us-east-1" : region == "EU" ? "eu-west-1" : region
  }

  func get(_ key: String, to path: String, _ encryption: S3Encryption) throws(ServiceFailure) {
    let headers = try ServiceFailure.here { () throws(ArtifactFailure) in try encryption.customerHeaders(bucket: place.bucket, key: key) }
    let request = request("GET", key: key, headers: headers)
    do { _ = try http.download(request, to: path, limit: limit) } catch { throw wrapped(error) }
  }

  func exists(_ key: String, _ encryption: S3Encryption) throws(ServiceFailure) -> Bool {
    let headers = try ServiceFailure.here { () throws(ArtifactFailure) in try encryption.customerHeaders(bucket: place.bucket, key: key) }
    let reply = try fetch("HEAD", key: key, headers: headers)
    if reply.status == 404 { return false }
    guard (200..<300).contains(reply.status) else { throw failure(reply) }
    return true
  }

  func delete(_ key: String) throws(ServiceFailure) {
    let reply = try fetch("DELETE", key: key)
    guard (200..<300).contains(reply.status) || reply.status == 404 && failure(reply).code != "NoSuchBucket" else { throw failure(reply) }
  }

  /// The keys with a prefix, without those that only stand for a directory. Stops after `most` keys.
  func keys(_ prefix: String, most: Int = .max) throws(ServiceFailure) -> [String] {
    var found: [String] = []
    var token: String?
    repeat {
      var query = [("list-type", "2"), ("prefix", prefix), ("encoding-type", "url")]
      if most < 1000 { query.append(("max-keys", String(most))) }
      if let token { query.append(("continuation-token", token)) }
      let reply = try fetch("GET", key: nil, query: query)
      guard reply.status == 200, let root = XMLElement.parse(reply.body) else { throw failure(reply) }
      let isEncoded = root.text("EncodingType") == "url"
      for item in root.all("Contents") {
        let key = isEncoded ? URLText.decoded(item.text("Key"), plusIsSpace: true) : item.text("Key")
        found.append(key)
      }
      let next = root.text("NextContinuationToken")
      token = root.text("IsTruncated") == "true" && !next.isEmpty && next != token ? next : nil
    } while token != nil && found.count < most
    return found
  }

  /// Makes the bucket; one that is there already is as good. Returns whether it was made.
  func makeBucket(objectLocking: Bool) throws(ServiceFailure) -> Bool {
    let target = place.region ?? "us-east-1"
    let body =
      target == "us-east-1"
      ? ""
      : "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>\(XMLElement.escaped(target))"
        + "</LocationConstraint></CreateBucketConfiguration>"
    let headers = objectLocking ? [(name: "x-amz-bucket-object-lock-enabled", value: "true")] : []
    let reply = try fetch("PUT", key: nil, headers: headers, body: Array(body.utf8), inPath: true)
    if (200..<300).contains(reply.status) { return true }
    let failure = failure(reply)
    if failure.code == "BucketAlreadyExists" || failure.code == "BucketAlreadyOwnedByYou" { return false }
    throw failure
  }

  func setBucketEncryption(_ body: String) throws(ServiceFailure) {
    let reply = try fetch("PUT", key: nil, query: [("encryption", "")], body: Array(body.utf8))
    guard (200..<300).contains(reply.status) else { throw failure(reply) }
  }

  // MARK: - One request

  /// A signed request. The digest of a body goes into the signature where the connection is not encrypted, as S3's clients do.
  func request(
    _ method: String, key: String?, query: [(String, String)] = [], headers: [(name: String, value: String)] = [],
    payload: String = SignatureV4.emptyPayload, inPath: Bool = false
  ) -> HTTPRequest {
    let address = place.address(region: region, inPath: inPath)
    var path = address.path
    if let key { path += "/" + URLText.encoded(key, keepsSlash: true) }
    if path.isEmpty { path = "/" }
    let signed = SignatureV4.Request(
      method: method, path: path, query: query.map { (name: $0.0, value: $0.1) }, headers: headers + [("host", address.host)],
      payload: place.isSecure && payload != SignatureV4.emptyPayload ? SignatureV4.unsignedPayload : payload)
    let text = signed.canonicalQuery
    var request = HTTPRequest(method: method, url: "\(place.scheme)://\(address.host)\(path)\(text.isEmpty ? "" : "?" + text)")
    request.headers = SignatureV4(credentials: credentials, region: region, service: "s3").signed(signed, at: now())
    request.tls = place.tls
    request.followsRedirects = false
    return request
  }

  /// The whole reply, whatever its status.
  func fetch(
    _ method: String, key: String?, query: [(String, String)] = [], headers: [(name: String, value: String)] = [], body: [UInt8] = [],
    inPath: Bool = false
  ) throws(ServiceFailure) -> HTTPReply {
    var headers = headers
    if !body.isEmpty { headers.append(("content-md5", Base64.encode(Digest.md5(body)))) }
    var request = request(
      method, key: key, query: query, headers: headers,
      payload: body.isEmpty ? SignatureV4.emptyPayload : Digest.hex(Digest.sha256(body)), inPath: inPath)
    request.body = body
    do { return try http.fetch(request, bodyLimit: 64 << 20) } catch { throw wrapped(error) }
  }

  func failure(_ reply: HTTPReply) -> ServiceFailure {
    var failure = wrapped(.status(reply.status, String(decoding: reply.body.prefix(4096), as: UTF8.self)))
    if (300..<400).contains(reply.status), failure.code.isEmpty { failure.code = "PermanentRedirect" }
    return failure
  }

  func wrapped(_ failure: HTTPFailure) -> ServiceFailure { ServiceFailure(failure, transientCodes: Self.transientCodes) }
}
