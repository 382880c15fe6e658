import Basics
import Contracts
import HTTPAccess
import JSONValue

/// Gets a token by OAuth 2's client credentials grant (RFC 6749, section 4.4).
struct OAuthClient: Sendable {
  private let tokenURL: String
  private let identifier: String
  private let secret: String
  private let parameters: [(name: String, value: String)]
  private let support: DriverSupport

  /// From `auth.oauth2` of an http artifact; nil unless all three of its secrets are named.
  init?(_ location: JSON?, _ support: DriverSupport) throws(ArtifactFailure) {
    guard let location, let identifier = try support.secret(location["clientIDSecret"]),
      let secret = try support.secret(location["clientSecretSecret"]), let url = try support.secret(location["tokenURLSecret"])
    else { return nil }
    tokenURL = url
    self.identifier = identifier
    self.secret = secret
    self.support = support
    var parameters: [(name: String, value: String)] = [("grant_type", "client_credentials")]
    let scopes = (location["scopes"]?.array ?? []).compactMap { $0.string }
    if !scopes.isEmpty { parameters.append(("scope", scopes.joined(separator: " "))) }
    // Parameters of one's own take the place of the usual ones.
    let own = (location["endpointParams"]?.array ?? []).compactMap { parameter in
      parameter["key"]?.string.map { (name: $0, value: parameter["value"]?.string ?? "") }
    }
    parameters.removeAll { usual in own.contains { $0.name == usual.name } }
    self.parameters = parameters + own
  }

  /// The value of the header `Authorization`. Some servers want the client's name and secret in the header, some in the body; they are asked in
  /// that order.
  func authorization() throws(ArtifactFailure) -> String {
    var header = HTTPRequest(method: "POST", url: tokenURL)
    let pair = URLText.formEncoded(identifier) + ":" + URLText.formEncoded(secret)
    header.headers = [("Authorization", "Basic " + Base64.encode(Array(pair.utf8)))]
    do { return try ask(header, parameters) } catch .failed {
      return try ask(HTTPRequest(method: "POST", url: tokenURL), parameters + [("client_id", identifier), ("client_secret", secret)])
    }
  }

  private func ask(_ request: HTTPRequest, _ parameters: [(name: String, value: String)]) throws(ArtifactFailure) -> String {
    let place = "the token server \(HTTPRequest.withoutSecrets(tokenURL))"
    var request = request
    request.headers.append(("Content-Type", "application/x-www-form-urlencoded"))
    request.body = Array(URLText.form(parameters).utf8)
    let reply: HTTPReply
    do { reply = try support.http.fetch(request, bodyLimit: 1 << 20) } catch {
      switch error {
      case .transport(let text), .invalid(let text), .file(let text): throw .failed("\(place) cannot be asked: \(text)")
      case .tooLarge, .status: throw .failed("\(place) sent too much")
      }
    }
    guard (200..<300).contains(reply.status) else { throw .failed("\(place) answered \(reply.status); check the client's id and secret") }
    guard let json = try? JSON.parse(String(decoding: reply.body, as: UTF8.self)), let token = json["access_token"]?.string, !token.isEmpty
    else { throw .failed("\(place) gave no access_token") }
    let type = json["token_type"]?.string ?? ""
    return (type.isEmpty || type.lowercased() == "bearer" ? "Bearer" : type) + " " + token
  }
}
