import Basics

/// What AWS knows a caller by.
struct AWSCredentials: Sendable, Hashable {
  var accessKey: String
  var secretKey: String
  var sessionToken: String?
}

/// AWS Signature Version 4 in the header `Authorization`.
struct SignatureV4: Sendable {
  /// For bodies whose digest is not part of the signature.
  static let unsignedPayload = "UNSIGNED-PAYLOAD"
  static let emptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

  var credentials: AWSCredentials
  var region: String
  /// `s3` or `sts`.
  var service: String

  /// What is signed of a request.
  struct Request {
    var method: String
    /// Encoded, as it is sent.
    var path: String
    /// Not encoded, in any order.
    var query: [(name: String, value: String)] = []
    /// With `host`; all are signed.
    var headers: [(name: String, value: String)]
    /// The hexadecimal SHA-256 of the body, or `unsignedPayload`.
    var payload: String

    /// The encoded query, sorted as the signature wants it; send it so.
    var canonicalQuery: String {
      query.map { (name: URLText.encoded($0.name), value: URLText.encoded($0.value)) }
        .sorted { ($0.name, $0.value) < ($1.name, $1.value) }
        .map { $0.name + "=" + $0.value }.joined(separator: "&")
    }
  }

  /// All headers of the signed request: those given, the date, the session's token and the signature.
  func signed(_ request: Request, at time: Instant) -> [(name: String, value: String)] {
    let stamp = Self.stamp(time)
    let day = String(stamp.prefix(8))
    var headers = request.headers
    headers.append(("x-amz-date", stamp))
    if service == "s3" { headers.append(("x-amz-content-sha256", request.payload)) }
    if let token = credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
    let sorted = headers.map { (name: $0.name.lowercased(), value: Self.trimmed($0.value)) }.sorted { $0.name < $1.name }
    let names = sorted.map { $0.name }.joined(separator: ";")
    let canonical = [
      request.method, request.path, request.canonicalQuery, sorted.map { "\($0.name):\($0.value)\n" }.joined(), names, request.payload,
    ].joined(separator: "\n")
    let scope = "\(day)/\(region)/\(service)/aws4_request"
    let text = "AWS4-HMAC-SHA256\n\(stamp)\n\(scope)\n\(Digest.hex(Digest.sha256(Array(canonical.utf8))))"
    var key = Array("AWS4\(credentials.secretKey)".utf8)
    for part in [day, region, service, "aws4_request"] { key = Digest.hmacSHA256(Array(part.utf8), key: key) }
    let signature = Digest.hex(Digest.hmacSHA256(Array(text.utf8), key: key))
    headers.append(
      (
        "Authorization",
        "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope), SignedHeaders=\(names), Signature=\(signature)"
      ))
    return headers
  }

  /// `20130524T000000Z`
  static func stamp(_ time: Instant) -> String { time.rfc3339.filter { $0 != "-" && $0 != ":" } }

  /// Without blanks around, and with one where there are several.
  private static func trimmed(_ value: String) -> String {
    value.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
  }
}
