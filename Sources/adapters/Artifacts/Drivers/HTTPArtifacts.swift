import Basics
import Contracts
import Glibc
import HTTPAccess
import JSONValue

/// Artifacts behind a URL (`http`): GET to load, PUT to save.
struct HTTPArtifacts: ArtifactDriver {
  static let kind = "http"

  private enum Credentials {
    case none
    case basic(user: String, password: String)
    case oauth(OAuthClient)
  }

  private let url: String
  private let headers: [(name: String, value: String)]
  private let credentials: Credentials
  private let tls: HTTPTLS
  private let support: DriverSupport

  init(_ location: JSON, _ support: DriverSupport) throws(ArtifactFailure) {
    guard let url = location["url"]?.string, !url.isEmpty else { throw .failed("an http artifact needs a url") }
    self.url = url
    self.support = support
    headers = (location["headers"]?.array ?? []).compactMap { header in
      guard let name = header["name"]?.string, let value = header["value"]?.string else { return nil }
      return (name, value)
    }
    let auth = location["auth"]
    var tls = HTTPTLS()
    var credentials = Credentials.none
    let user = try support.secret(auth?.at("basicAuth", "usernameSecret")) ?? ""
    let password = try support.secret(auth?.at("basicAuth", "passwordSecret")) ?? ""
    if !user.isEmpty, !password.isEmpty { credentials = .basic(user: user, password: password) }
    let certificate = try support.secret(auth?.at("clientCert", "clientCertSecret"))
    let key = try support.secret(auth?.at("clientCert", "clientKeySecret"))
    if let certificate, let key {
      // Argo takes the certificate alone where there are both.
      tls.certificate = Array(certificate.utf8)
      tls.key = Array(key.utf8)
    } else if let client = try OAuthClient(auth?["oauth2"], support) {
      credentials = .oauth(client)
    }
    self.tls = tls
    self.credentials = credentials
  }

  /// A URL with a name and a password that is sent always, as Artifactory's.
  init(url: String, user: String, password: String, _ support: DriverSupport) {
    self.url = url
    headers = []
    credentials = .basic(user: user, password: password)
    tls = HTTPTLS()
    self.support = support
  }

  func load(to path: String) throws(ArtifactFailure) {
    let request = try request("GET")
    do { _ = try support.http.download(request, to: path, limit: support.limit) } catch { throw failure(error, request) }
  }

  func save(from path: String) throws(ArtifactFailure) {
    guard FileStatus(path)?.kind == .file else {
      throw .failed("a directory can be saved over http only as an archive: \(HTTPRequest.withoutSecrets(url)); leave out archive.none")
    }
    let request = try request("PUT")
    do { _ = try support.http.upload(request, from: path) } catch { throw failure(error, request) }
  }

  private func request(_ method: String) throws(ArtifactFailure) -> HTTPRequest {
    var request = HTTPRequest(method: method, url: url)
    request.headers = headers
    request.tls = tls
    switch credentials {
    case .none: break
    case .basic(let user, let password):
      request.headers.append(("Authorization", "Basic " + Base64.encode(Array("\(user):\(password)".utf8))))
    case .oauth(let client):
      request.headers.removeAll { $0.name.lowercased() == "authorization" }
      request.headers.append(("Authorization", try client.authorization()))
    }
    return request
  }

  private func failure(_ error: HTTPFailure, _ request: HTTPRequest) -> ArtifactFailure {
    let place = "\(request.method) \(HTTPRequest.withoutSecrets(request.url))"
    switch error {
    case .status(404, _) where request.method == "GET": return .notFound("\(place): 404, there is nothing")
    case .status(let code, let text): return .failed("\(place) answered \(code)\(text.isEmpty ? "" : ": " + text)")
    case .transport(let text), .invalid(let text): return .failed("\(place) failed: \(text)")
    case .tooLarge(let limit): return .failed("\(place) sent more than \(limit) bytes")
    case .file(let text): return .failed(text)
    }
  }
}

/// Artifacts in JFrog's Artifactory (`artifactory`): HTTP with a name and a password.
struct ArtifactoryArtifacts: ArtifactDriver {
  static let kind = "artifactory"
  private let http: HTTPArtifacts

  init(_ location: JSON, _ support: DriverSupport) throws(ArtifactFailure) {
    guard let url = location["url"]?.string, !url.isEmpty else { throw .failed("an artifactory artifact needs a url") }
    guard let user = try support.secret(location["usernameSecret"]), let password = try support.secret(location["passwordSecret"]) else {
      throw .failed("the artifactory artifact at \(HTTPRequest.withoutSecrets(url)) needs usernameSecret and passwordSecret")
    }
    http = HTTPArtifacts(url: url, user: user, password: password, support)
  }

  func load(to path: String) throws(ArtifactFailure) { try http.load(to: path) }
  func save(from path: String) throws(ArtifactFailure) { try http.save(from: path) }
}
