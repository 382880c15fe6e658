import Basics
import Contracts
import Crypto
import CryptoExtras
import HTTPAccess
import JSONValue

/// How Google's services know a caller: each kind is exchanged for a token that lasts an hour.
enum GoogleCredentials: Sendable {
  static let scope = "https://www.googleapis.com/auth/devstorage.read_write"

  /// An emulator wants none.
  case none
  case serviceAccount(email: String, keyID: String, key: String, tokenURL: String, what: String)
  /// What `gcloud auth application-default login` leaves.
  case user(clientID: String, clientSecret: String, refreshToken: String, tokenURL: String)
  /// The machine's own account, from its metadata server.
  case machine(host: String)

  /// What to look at when they are refused.
  var name: String {
    switch self {
    case .none: "the emulator"
    case .serviceAccount(_, _, _, _, let what): what
    case .user: "the application default credentials"
    case .machine: "the machine's account"
    }
  }

  /// The JSON file of a service account's key.
  init(serviceAccount text: String, what: String) throws(ArtifactFailure) {
    guard let json = try? JSON.parse(text), json.object != nil else { throw .failed("\(what) is no JSON of a Google service account") }
    guard json["type"]?.string == "service_account" else { throw .failed("\(what) is not of the type service_account") }
    guard let email = json["client_email"]?.string, let key = json["private_key"]?.string else {
      throw .failed("\(what) lacks client_email or private_key")
    }
    self = .serviceAccount(
      email: email, keyID: json["private_key_id"]?.string ?? "", key: key,
      tokenURL: json["token_uri"]?.string ?? "https://oauth2.googleapis.com/token", what: what)
  }

  /// Google's application default credentials: the file that `GOOGLE_APPLICATION_CREDENTIALS` names, gcloud's own, the metadata server that
  /// `GCE_METADATA_HOST` names.
  static func ofMachine(_ environment: (String) -> String?) throws(ArtifactFailure) -> GoogleCredentials {
    if let path = environment("GOOGLE_APPLICATION_CREDENTIALS") {
      guard let text = Files.text(path) else { throw .failed("cannot read \(path), which GOOGLE_APPLICATION_CREDENTIALS names") }
      return try credentials(text, what: "the file that GOOGLE_APPLICATION_CREDENTIALS names")
    }
    let directory = environment("CLOUDSDK_CONFIG") ?? environment("HOME").map { $0 + "/.config/gcloud" }
    if let directory, let text = Files.text(directory + "/application_default_credentials.json") {
      return try credentials(text, what: "gcloud's application default credentials")
    }
    if let host = environment("GCE_METADATA_HOST") { return .machine(host: host) }
    throw .failed(
      "the gcs artifact names no credentials: give it serviceAccountKeySecret, or set GOOGLE_APPLICATION_CREDENTIALS for argosy itself")
  }

  private static func credentials(_ text: String, what: String) throws(ArtifactFailure) -> GoogleCredentials {
    guard let json = try? JSON.parse(text) else { throw .failed("\(what) is no JSON") }
    switch json["type"]?.string {
    case "service_account": return try GoogleCredentials(serviceAccount: text, what: what)
    case "authorized_user":
      guard let id = json["client_id"]?.string, let secret = json["client_secret"]?.string, let token = json["refresh_token"]?.string else {
        throw .failed("\(what) lacks client_id, client_secret or refresh_token")
      }
      return .user(
        clientID: id, clientSecret: secret, refreshToken: token,
        tokenURL: json["token_uri"]?.string ?? "https://oauth2.googleapis.com/token")
    case let type: throw .failed("\(what) is of the type \(type ?? "?"); service_account and authorized_user are supported")
    }
  }

  /// A fresh token; nil where none is wanted.
  func token(_ http: HTTPFetcher, now: Instant) throws(ServiceFailure) -> String? {
    switch self {
    case .none: return nil
    case .serviceAccount(let email, let keyID, let key, let tokenURL, let what):
      let assertion = try ServiceFailure.here { () throws(ArtifactFailure) in
        try Self.assertion(email: email, keyID: keyID, key: key, audience: tokenURL, now: now, what: what)
      }
      return try exchange([("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion)], tokenURL, http)
    case .user(let clientID, let clientSecret, let refreshToken, let tokenURL):
      let form = [
        (name: "grant_type", value: "refresh_token"), (name: "client_id", value: clientID), (name: "client_secret", value: clientSecret),
        (name: "refresh_token", value: refreshToken),
      ]
      return try exchange(form, tokenURL, http)
    case .machine(let host):
      var request = HTTPRequest(url: "http://\(host)/computeMetadata/v1/instance/service-accounts/default/token?scopes=\(Self.scope)")
      request.headers = [("Metadata-Flavor", "Google")]
      return try Self.token(request, http)
    }
  }

  /// A JSON web token (RFC 7519) signed with RS256, by which a service account says who it is (RFC 7523).
  static func assertion(
    email: String, keyID: String, key: String, audience: String, now: Instant, what: String
  ) throws(ArtifactFailure) -> String {
    var header: JSON = ["alg": "RS256", "typ": "JWT"]
    if !keyID.isEmpty { header.modifyObject { $0["kid"] = .string(keyID) } }
    let claims: JSON = [
      "iss": .string(email), "scope": .string(scope), "aud": .string(audience), "iat": .int(now.seconds), "exp": .int(now.seconds + 3600),
    ]
    let text = Base64.urlEncode(Array(header.text().utf8)) + "." + Base64.urlEncode(Array(claims.text().utf8))
    do {
      let privateKey = try _RSA.Signing.PrivateKey(pemRepresentation: key)
      let signature = try privateKey.signature(for: SHA256.hash(data: Array(text.utf8)), padding: .insecurePKCS1v1_5)
      return text + "." + Base64.urlEncode(Array(signature.rawRepresentation))
    } catch {
      throw .failed("the private_key of \(what) is no RSA key in PEM form")
    }
  }

  private func exchange(
    _ form: [(name: String, value: String)], _ url: String, _ http: HTTPFetcher
  ) throws(ServiceFailure) -> String {
    var request = HTTPRequest(method: "POST", url: url)
    request.headers = [("Content-Type", "application/x-www-form-urlencoded")]
    request.body = Array(URLText.form(form).utf8)
    return try Self.token(request, http)
  }

  private static func token(_ request: HTTPRequest, _ http: HTTPFetcher) throws(ServiceFailure) -> String {
    let reply: HTTPReply
    do { reply = try http.fetch(request, bodyLimit: 1 << 20) } catch {
      var failure = ServiceFailure(error, transientCodes: [])
      failure.message = "\(HTTPRequest.withoutSecrets(request.url)) gives no token: \(failure.message)"
      throw failure
    }
    let json = try? JSON.parse(String(decoding: reply.body, as: UTF8.self))
    guard reply.status == 200, let token = json?["access_token"]?.string, !token.isEmpty else {
      let reason = json?["error_description"]?.string ?? json?["error"]?.string ?? ""
      throw ServiceFailure(
        status: reply.status == 200 ? 401 : reply.status,
        message: "\(HTTPRequest.withoutSecrets(request.url)) gives no token\(reason.isEmpty ? "" : ": " + reason)",
        isTransient: reply.status >= 500 || reply.status == 429)
    }
    return token
  }
}

extension Base64 {
  /// For URLs and tokens (RFC 4648 section 5), without padding.
  static func urlEncode(_ bytes: [UInt8]) -> String {
    String(
      decoding: encode(bytes).utf8.compactMap { byte -> UInt8? in
        switch byte {
        case UInt8(ascii: "+"): UInt8(ascii: "-")
        case UInt8(ascii: "/"): UInt8(ascii: "_")
        case UInt8(ascii: "="): nil
        default: byte
        }
      }, as: UTF8.self)
  }
}
