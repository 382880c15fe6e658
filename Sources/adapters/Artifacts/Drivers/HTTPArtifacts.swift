import Basics
import Contracts
import HTTPAccess
import JSONValue

/// Artifacts behind a URL: GET to load, PUT to save.
struct HTTPArtifacts: Sendable {
  let fetcher: HTTPFetcher
  /// The largest body taken.
  let limit: UInt64

  func load(_ location: JSON, to path: String, context: ArtifactContext) throws(ArtifactFailure) {
    let request = try request("GET", location, context)
    do { _ = try fetcher.download(request, to: path, limit: limit) } catch { throw failure(error, request) }
  }

  func save(_ location: JSON, from path: String, context: ArtifactContext) throws(ArtifactFailure) {
    let request = try request("PUT", location, context)
    do { _ = try fetcher.upload(request, from: path) } catch { throw failure(error, request) }
  }

  private func request(_ method: String, _ location: JSON, _ context: ArtifactContext) throws(ArtifactFailure) -> HTTPRequest {
    guard let url = location["url"]?.string, !url.isEmpty else { throw .failed("an http artifact needs a url") }
    var request = HTTPRequest(method: method, url: url)
    for header in location["headers"]?.array ?? [] {
      guard let name = header["name"]?.string, let value = header["value"]?.string else { continue }
      request.headers.append((name, value))
    }
    let auth = location["auth"]
    for kind in ["clientCert", "oauth2"] {
      guard let value = auth?[kind]?.object, !value.isEmpty else { continue }
      throw .failed("http artifacts with auth.\(kind) are not supported yet")
    }
    if let basic = auth?["basicAuth"], basic.object != nil {
      let user = try context.secret(basic["usernameSecret"]) ?? ""
      let password = try context.secret(basic["passwordSecret"]) ?? ""
      request.headers.append(("Authorization", "Basic " + Base64.encode(Array("\(user):\(password)".utf8))))
    }
    return request
  }

  private func failure(_ error: HTTPFailure, _ request: HTTPRequest) -> ArtifactFailure {
    let place = "\(request.method) \(HTTPRequest.withoutSecrets(request.url))"
    switch error {
    case .status(404, _) where request.method == "GET": return .notFound("\(place): 404, there is nothing")
    case .status(let code, let text): return .failed("\(place) answered \(code)\(text.isEmpty ? "" : ": " + text)")
    case .transport(let text): return .failed("\(place) failed: \(text)")
    case .tooLarge(let limit): return .failed("\(place) sent more than \(limit) bytes")
    case .file(let text): return .failed(text)
    }
  }
}
