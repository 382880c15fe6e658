import Basics
import Identity
import JSONValue
import KubeModel

/// How a server is reached, as it notes it in its data directory when it starts, for `argosy kubeconfig`.
struct ServerRecord: Sendable, Hashable {
  /// `https://127.0.0.1:2746`.
  var url: String
  /// The certificate that the server's one is checked with, in PEM, where it is not of the server's own making (`--tls-cert`); nil: the
  /// server's own authority.
  var authority: String?

  static let name = "server.json"
  static let usualURL = "https://127.0.0.1:2746"

  /// Replaces the note in a data directory.
  func write(in directory: StateDirectory) throws(KubeStatus) {
    var members: JSONObject = ["url": .string(url)]
    if let authority { members["authority"] = .string(authority) }
    try OwnerFile.write(Array((JSON.object(members).text(.pretty) + "\n").utf8), to: directory.path + "/" + Self.name)
  }

  /// The note of a data directory; nil when there is none.
  static func read(in directory: StateDirectory) -> ServerRecord? {
    guard let bytes = try? LocalFiles.read(directory.path + "/" + name, limit: 1 << 20), let json = try? JSON.parse(bytes),
      let url = json["url"]?.string
    else { return nil }
    return ServerRecord(url: url, authority: json["authority"]?.string)
  }
}
