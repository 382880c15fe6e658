import Basics
import Contracts
import HTTPAccess
import JSONValue

/// How Azure's storage knows a caller.
enum AzureCredentials: Sendable {
  /// `key` is the account's, decoded.
  case sharedKey(account: String, key: [UInt8])
  /// A shared access signature: parameters of the URL.
  case signature(String)
  /// A token of Microsoft's identity platform.
  case identity(AzureIdentity)
}

/// An application's identity from the environment: its secret, or a token of a federated issuer.
struct AzureIdentity: Sendable {
  let authority: String
  let tenant: String
  let client: String
  let proof: [(name: String, value: String)]

  /// nil when the environment says nothing of one.
  init?(_ environment: (String) -> String?) throws(ArtifactFailure) {
    guard let tenant = environment("AZURE_TENANT_ID"), let client = environment("AZURE_CLIENT_ID") else { return nil }
    self.tenant = tenant
    self.client = client
    var authority = environment("AZURE_AUTHORITY_HOST") ?? "https://login.microsoftonline.com"
    while authority.hasSuffix("/") { authority.removeLast() }
    self.authority = authority
    if let secret = environment("AZURE_CLIENT_SECRET") {
      proof = [("client_secret", secret)]
    } else if let file = environment("AZURE_FEDERATED_TOKEN_FILE") {
      guard let text = Files.text(file) else { throw .failed("cannot read \(file), which AZURE_FEDERATED_TOKEN_FILE names") }
      proof = [
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", text.filter { !$0.isWhitespace }),
      ]
    } else {
      return nil
    }
  }

  func token(_ http: HTTPFetcher) throws(ServiceFailure) -> String {
    var request = HTTPRequest(method: "POST", url: "\(authority)/\(URLText.encoded(tenant))/oauth2/v2.0/token")
    request.headers = [("Content-Type", "application/x-www-form-urlencoded")]
    let form = [
      (name: "grant_type", value: "client_credentials"), (name: "client_id", value: client),
      (name: "scope", value: "https://storage.azure.com/.default"),
    ]
    request.body = Array(URLText.form(form + proof).utf8)
    let reply: HTTPReply
    do { reply = try http.fetch(request, bodyLimit: 1 << 20) } catch { throw ServiceFailure(error, transientCodes: []) }
    let json = try? JSON.parse(String(decoding: reply.body, as: UTF8.self))
    guard reply.status == 200, let token = json?["access_token"]?.string, !token.isEmpty else {
      throw ServiceFailure(
        status: reply.status, code: json?["error"]?.string ?? "", message: "Microsoft's identity platform gives no token",
        isTransient: reply.status >= 500 || reply.status == 429)
    }
    return token
  }
}

/// The requests of Blob storage's REST interface that artifacts need.
struct AzureClient: Sendable {
  static let version = "2021-08-06"
  private static let mostBlocks: Int64 = 50_000
  static let transientCodes: Set<String> = ["InternalError", "OperationTimedOut", "ServerBusy", "ServerTimeout"]

  /// Of the container, without a slash at its end.
  let container: URLParts
  let credentials: AzureCredentials
  /// For `identity`.
  let token: String?
  let http: HTTPFetcher
  let limit: UInt64
  /// What goes up in one request at most, in bytes, and the least size of a block of what is larger.
  var largestPut: Int64 = 256 << 20
  var blockSize: Int64 = 8 << 20

  func get(_ blob: String, to path: String) throws(ServiceFailure) {
    do { _ = try http.download(request("GET", blob), to: path, limit: limit) } catch { throw wrapped(error) }
  }

  func put(_ path: String, blob: String) throws(ServiceFailure) {
    let size = try ServiceFailure.here { () throws(ArtifactFailure) in try Files.size(path) }
    let type = ObjectTree.contentType(blob)
    if size <= largestPut {
      return try send(path, 0..<size, blob, [], [("x-ms-blob-type", "BlockBlob"), ("Content-Type", type)])
    }
    let block = max(blockSize, (size + Self.mostBlocks - 1) / Self.mostBlocks)
    var list = ""
    var offset: Int64 = 0
    var number = 0
    while offset < size {
      let range = offset..<min(size, offset + block)
      let name = Base64.encode(Array("block-\(number.padded(6))".utf8))
      try send(path, range, blob, [("comp", "block"), ("blockid", name)], [])
      list += "<Latest>\(name)</Latest>"
      offset = range.upperBound
      number += 1
    }
    let body = "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>\(list)</BlockList>"
    _ = try fetch("PUT", blob, query: [("comp", "blocklist")], headers: [("x-ms-blob-content-type", type)], body: Array(body.utf8))
  }

  /// One that is not there is no error.
  func delete(_ blob: String) throws(ServiceFailure) {
    do throws(ServiceFailure) { _ = try fetch("DELETE", blob) } catch {
      if error.code != "BlobNotFound" { throw error }
    }
  }

  /// The names of all blobs with a prefix; only the first page of them with `first`.
  func names(_ prefix: String, first: Bool = false) throws(ServiceFailure) -> [String] {
    var found: [String] = []
    var marker: String?
    repeat {
      var query = [("restype", "container"), ("comp", "list"), ("prefix", prefix)]
      if first { query.append(("maxresults", "2")) }
      if let marker { query.append(("marker", marker)) }
      let reply = try fetch("GET", nil, query: query)
      guard let root = XMLElement.parse(reply.body) else { throw failure(reply) }
      found += (root.first("Blobs")?.all("Blob") ?? []).map { $0.text("Name") }
      let next = root.text("NextMarker")
      marker = first || next.isEmpty || next == marker ? nil : next
    } while marker != nil
    return found
  }

  private func send(
    _ path: String, _ range: Range<Int64>, _ blob: String, _ query: [(String, String)], _ headers: [(name: String, value: String)]
  ) throws(ServiceFailure) {
    let digests = try ServiceFailure.here { () throws(ArtifactFailure) in try FileDigests(of: path, range: range) }
    let request = request(
      "PUT", blob, query: query, headers: headers + [("Content-MD5", Base64.encode(digests.md5))], length: Int64(range.count))
    do { _ = try http.upload(request, from: path, range: range) } catch { throw wrapped(error) }
  }

  private func fetch(
    _ method: String, _ blob: String?, query: [(String, String)] = [], headers: [(name: String, value: String)] = [], body: [UInt8] = []
  ) throws(ServiceFailure) -> HTTPReply {
    let headers = body.isEmpty ? headers : headers + [("Content-Type", "application/xml")]
    var request = request(method, blob, query: query, headers: headers, length: Int64(body.count))
    request.body = body
    let reply: HTTPReply
    do { reply = try http.fetch(request, bodyLimit: 64 << 20) } catch { throw wrapped(error) }
    guard (200..<300).contains(reply.status) else { throw failure(reply) }
    return reply
  }

  func request(
    _ method: String, _ blob: String?, query: [(String, String)] = [], headers: [(name: String, value: String)] = [], length: Int64 = 0,
    at time: Instant = SystemClock.now()
  ) -> HTTPRequest {
    let query = query.map { (name: $0.0, value: $0.1) }
    let path = container.path + (blob.map { "/" + URLText.encoded($0, keepsSlash: true) } ?? "")
    var headers = headers + [("x-ms-version", Self.version), ("x-ms-date", HTTPDate.text(time)), ("Host", container.authority)]
    var text = URLText.query(query)
    switch credentials {
    case .sharedKey(let account, let key):
      let signed = Self.signedText(method, account: account, path: path, query: query, headers: headers, length: length)
      headers.append(("Authorization", "SharedKey \(account):" + Base64.encode(Digest.hmacSHA256(Array(signed.utf8), key: key))))
    case .signature(let signature):
      text += (text.isEmpty ? "" : "&") + signature
    case .identity:
      if let token { headers.append(("Authorization", "Bearer " + token)) }
    }
    var request = HTTPRequest(method: method, url: "\(container.scheme)://\(container.authority)\(path)\(text.isEmpty ? "" : "?" + text)")
    request.headers = headers
    request.followsRedirects = false
    return request
  }

  /// What the account's key signs (Azure's reference, "Authorize with Shared Key", Blob service). `path` is encoded as it is sent.
  static func signedText(
    _ method: String, account: String, path: String, query: [(name: String, value: String)], headers: [(name: String, value: String)],
    length: Int64
  ) -> String {
    func header(_ name: String) -> String { headers.first { $0.name.lowercased() == name }?.value ?? "" }
    let plain = [
      "content-encoding", "content-language", "content-length", "content-md5", "content-type", "date", "if-modified-since", "if-match",
      "if-none-match", "if-unmodified-since", "range",
    ].map { $0 == "content-length" ? (length == 0 ? "" : String(length)) : header($0) }
    let own = headers.map { (name: $0.name.lowercased(), value: $0.value) }.filter { $0.name.hasPrefix("x-ms-") }
      .sorted { $0.name < $1.name }.map { "\($0.name):\($0.value)\n" }.joined()
    let parameters = query.map { (name: $0.name.lowercased(), value: $0.value) }.sorted { $0.name < $1.name }
      .map { "\n\($0.name):\($0.value)" }.joined()
    return ([method] + plain).joined(separator: "\n") + "\n" + own + "/\(account)\(path)" + parameters
  }

  private func failure(_ reply: HTTPReply) -> ServiceFailure {
    var failure = wrapped(.status(reply.status, String(decoding: reply.body.prefix(4096), as: UTF8.self)))
    if failure.code.isEmpty { failure.code = reply.header("x-ms-error-code") ?? "" }
    return failure
  }

  private func wrapped(_ failure: HTTPFailure) -> ServiceFailure { ServiceFailure(failure, transientCodes: Self.transientCodes) }
}
