import Basics
import Contracts
import HTTPAccess

struct OSSCredentials: Sendable, Hashable {
  var accessKey: String
  var secretKey: String
  var securityToken: String?
}

/// Alibaba's signature in the header, version 1: HMAC with SHA-1.
enum OSSSignature {
  /// The parameters that are part of what is signed, of those that are sent here.
  private static let signed: Set<String> = [
    "uploads", "uploadId", "partNumber", "location", "lifecycle", "continuation-token", "bucketInfo", "acl", "delete",
  ]

  /// The value of `Authorization`. `headers` have the date; `resource` is `/bucket/key`, not encoded.
  static func authorization(
    _ method: String, resource: String, query: [(name: String, value: String)], headers: [(name: String, value: String)],
    _ credentials: OSSCredentials
  ) -> String {
    func header(_ name: String) -> String { headers.first { $0.name.lowercased() == name }?.value ?? "" }
    let own = headers.map { (name: $0.name.lowercased(), value: $0.value) }.filter { $0.name.hasPrefix("x-oss-") }
      .sorted { $0.name < $1.name }.map { "\($0.name):\($0.value)\n" }.joined()
    let parameters = query.filter { signed.contains($0.name) }.sorted { $0.name < $1.name }
      .map { $0.value.isEmpty ? $0.name : "\($0.name)=\($0.value)" }.joined(separator: "&")
    let text =
      [method, header("content-md5"), header("content-type"), header("date"), own].joined(separator: "\n") + resource
      + (parameters.isEmpty ? "" : "?" + parameters)
    return "OSS \(credentials.accessKey):" + Base64.encode(Digest.hmacSHA1(Array(text.utf8), key: Array(credentials.secretKey.utf8)))
  }
}

/// Where an OSS bucket is.
struct OSSPlace: Sendable {
  let scheme: String
  /// Host, with the port where there is one.
  let authority: String
  let bucket: String
  let isAddress: Bool

  /// An endpoint without a scheme is called by http, as Alibaba's own client does.
  init(endpoint: String, bucket: String) throws(ArtifactFailure) {
    guard !endpoint.isEmpty, !bucket.isEmpty else {
      throw .failed("an oss artifact needs an endpoint and a bucket, or only a key for the default repository")
    }
    guard let parts = URLParts(endpoint.contains("://") ? endpoint : "http://" + endpoint), parts.query.isEmpty,
      parts.path.isEmpty || parts.path == "/"
    else { throw .failed("the oss endpoint \"\(HTTPRequest.withoutSecrets(endpoint))\" must be a host, with http:// or https:// in front") }
    guard bucket.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }) else {
      throw .failed("the oss bucket \"\(bucket)\" is not allowed")
    }
    scheme = parts.scheme
    authority = parts.authority
    self.bucket = bucket
    isAddress = parts.host.hasPrefix("[") || parts.host.allSatisfy { $0.isNumber || $0 == "." }
  }

  /// The bucket is in the host's name, but not where the host is an address.
  func url(key: String?) -> (host: String, path: String) {
    let path = "/" + URLText.encoded(key ?? "", keepsSlash: true)
    return isAddress ? (authority, "/" + bucket + path) : (bucket + "." + authority, path)
  }
}

/// The requests of OSS' REST interface that artifacts need.
struct OSSClient: Sendable {
  static let transientCodes: Set<String> = [
    "RequestTimeout", "QuotaExceeded.Refresh", "Default", "ServiceUnavailable", "Throttling", "RequestTimeTooSkewed", "SocketException",
    "SocketTimeout", "ServiceBusy", "DomainNetWorkVisitedException", "ConnectionTimeout", "CachedTimeTooLarge", "InternalError",
  ]
  let place: OSSPlace
  let credentials: OSSCredentials
  let http: HTTPFetcher
  let limit: UInt64
  /// What goes up in one request at most, in bytes, and the size of a part of what is larger.
  var largestPut: Int64 = 5 << 30
  var partSize: Int64 = 1 << 30

  func get(_ key: String, to path: String) throws(ServiceFailure) {
    do { _ = try http.download(request("GET", key), to: path, limit: limit) } catch { throw wrapped(error) }
  }

  func put(_ path: String, key: String) throws(ServiceFailure) {
    let size = try ServiceFailure.here { () throws(ArtifactFailure) in try Files.size(path) }
    let type = [(name: "Content-Type", value: ObjectTree.contentType(key))]
    if size <= largestPut {
      _ = try send(path, 0..<size, key, [], type)
      return
    }
    let begun = try fetch("POST", key, query: [("uploads", "")], headers: type)
    guard let upload = XMLElement.parse(begun.body)?.text("UploadId"), !upload.isEmpty else { throw failure(begun) }
    do throws(ServiceFailure) {
      var list = ""
      var offset: Int64 = 0
      var number = 1
      let part = max(partSize, size / 9_000)
      while offset < size {
        let range = offset..<min(size, offset + part)
        let tag = try send(path, range, key, [("partNumber", String(number)), ("uploadId", upload)], [])
        list += "<Part><PartNumber>\(number)</PartNumber><ETag>\(XMLElement.escaped(tag))</ETag></Part>"
        offset = range.upperBound
        number += 1
      }
      let body = Array("<CompleteMultipartUpload>\(list)</CompleteMultipartUpload>".utf8)
      _ = try fetch("POST", key, query: [("uploadId", upload)], body: body)
    } catch {
      _ = try? fetch("DELETE", key, query: [("uploadId", upload)])
      throw error
    }
  }

  /// An empty object.
  func putEmpty(_ key: String) throws(ServiceFailure) { _ = try fetch("PUT", key) }

  func delete(_ key: String) throws(ServiceFailure) {
    do throws(ServiceFailure) { _ = try fetch("DELETE", key) } catch { if error.code != "NoSuchKey" { throw error } }
  }

  /// All keys with a prefix; at most `most` where that is given.
  func keys(_ prefix: String, most: Int? = nil) throws(ServiceFailure) -> [String] {
    var found: [String] = []
    var token: String?
    repeat {
      var query = [("list-type", "2"), ("prefix", prefix), ("encoding-type", "url"), ("max-keys", String(most ?? 1000))]
      if let token { query.append(("continuation-token", token)) }
      let reply = try fetch("GET", nil, query: query)
      guard let root = XMLElement.parse(reply.body) else { throw failure(reply) }
      let isEncoded = root.text("EncodingType") == "url"
      found += root.all("Contents").map { isEncoded ? URLText.decoded($0.text("Key"), plusIsSpace: true) : $0.text("Key") }
      var next = root.text("NextContinuationToken")
      if isEncoded { next = URLText.decoded(next, plusIsSpace: true) }
      token = root.text("IsTruncated") == "true" && !next.isEmpty && next != token && most == nil ? next : nil
    } while token != nil
    return found
  }

  func bucketExists() throws(ServiceFailure) -> Bool {
    do throws(ServiceFailure) { _ = try fetch("GET", nil, query: [("location", "")]) } catch {
      if error.code == "NoSuchBucket" { return false }
      throw error
    }
    return true
  }

  func makeBucket() throws(ServiceFailure) { _ = try fetch("PUT", nil) }

  func setLifecycle(_ body: String) throws(ServiceFailure) {
    _ = try fetch("PUT", nil, query: [("lifecycle", "")], body: Array(body.utf8))
  }

  private func send(
    _ path: String, _ range: Range<Int64>, _ key: String, _ query: [(String, String)], _ headers: [(name: String, value: String)]
  ) throws(ServiceFailure) -> String {
    let digests = try ServiceFailure.here { () throws(ArtifactFailure) in try FileDigests(of: path, range: range) }
    let request = request("PUT", key, query: query, headers: headers + [("Content-MD5", Base64.encode(digests.md5))])
    do { return try http.upload(request, from: path, range: range).header("etag") ?? "" } catch { throw wrapped(error) }
  }

  /// The reply when it is 2xx.
  private func fetch(
    _ method: String, _ key: String?, query: [(String, String)] = [], headers: [(name: String, value: String)] = [], body: [UInt8] = []
  ) throws(ServiceFailure) -> HTTPReply {
    var headers = headers
    if !body.isEmpty {
      headers.append(("Content-MD5", Base64.encode(Digest.md5(body))))
      headers.append(("Content-Type", "application/xml"))
    }
    var request = request(method, key, query: query, headers: headers)
    request.body = body
    let reply: HTTPReply
    do { reply = try http.fetch(request, bodyLimit: 64 << 20) } catch { throw wrapped(error) }
    guard (200..<300).contains(reply.status) else { throw failure(reply) }
    return reply
  }

  func request(
    _ method: String, _ key: String?, query: [(String, String)] = [], headers: [(name: String, value: String)] = []
  ) -> HTTPRequest {
    let query = query.map { (name: $0.0, value: $0.1) }
    let (host, path) = place.url(key: key)
    var headers = headers
    headers.append(("Host", host))
    headers.append(("Date", HTTPDate.text(SystemClock.now())))
    if let token = credentials.securityToken { headers.append(("x-oss-security-token", token)) }
    let resource = "/\(place.bucket)/\(key ?? "")"
    headers.append(
      ("Authorization", OSSSignature.authorization(method, resource: resource, query: query, headers: headers, credentials)))
    let text = query.map { $0.value.isEmpty ? URLText.encoded($0.name) : URLText.query([$0]) }.joined(separator: "&")
    var request = HTTPRequest(method: method, url: "\(place.scheme)://\(host)\(path)\(text.isEmpty ? "" : "?" + text)")
    request.headers = headers
    request.followsRedirects = false
    return request
  }

  private func failure(_ reply: HTTPReply) -> ServiceFailure {
    wrapped(.status(reply.status, String(decoding: reply.body.prefix(4096), as: UTF8.self)))
  }

  private func wrapped(_ failure: HTTPFailure) -> ServiceFailure { ServiceFailure(failure, transientCodes: Self.transientCodes) }
}
