import Basics
import HTTPAccess

/// Files at URLs, as commands take them in place of paths.
package enum WebFile {
  /// Whether a text is the URL of a file elsewhere.
  package static func isURL(_ text: String) -> Bool { text.hasPrefix("http://") || text.hasPrefix("https://") }

  /// The whole file. No credentials of any server are sent.
  /// - Parameter environment: names a proxy, if there is one.
  package static func read(
    _ url: String, limit: Int, environment: (String) -> String?
  ) async throws(ClientFailure) -> [UInt8] {
    var settings = HTTPSessionSettings()
    settings.proxy = EnvironmentProxy.url(for: url, environment)
    settings.followsRedirects = true
    let shown = HTTPRequest.withoutSecrets(url)
    do throws(HTTPFailure) {
      let session = try HTTPSession(settings, url: url)
      var request = HTTPRequest(url: url)
      request.headers = [("User-Agent", "argosy")]
      let reply = try await session.reply(to: request, within: TimeSpan(seconds: 300), bodyLimit: limit)
      guard (200..<300).contains(reply.status) else {
        throw .status(reply.status, "\(shown): the server answered with HTTP status \(reply.status)")
      }
      return reply.body
    } catch {
      switch error {
      case .status(let status, let text): throw ClientFailure(text, code: 2, status: status)
      case .tooLarge: throw ClientFailure("\(shown): larger than \(limit >> 20) MiB", code: 8)
      case .transport(let text), .invalid(let text), .file(let text): throw ClientFailure("\(shown): \(text)", code: 14)
      }
    }
  }
}
