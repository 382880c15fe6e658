import Basics
import Contracts
import JSONValue
import KubeModel

/// Where the next page of a list begins, in the form of Kubernetes' tokens (`apiserver/pkg/storage/continue.go`): base64url of a JSON document.
struct ContinueToken: Hashable {
  /// The revision of the list's first page; nil: the newest at each page, for a reader who goes on although that revision is gone.
  var revision: Int64?
  var position: ListPosition
  /// How many objects come behind `position`, where it is known.
  var remaining: Int?

  private static let version = "meta.k8s.io/v1"

  var text: String {
    var json: JSONObject = [
      "v": .string(Self.version), "rv": .int(revision ?? -1), "start": .string("\(position.namespace)/\(position.name)\u{0}"),
    ]
    if let remaining { json["left"] = .int(Int64(remaining)) }
    let base64 = Base64.encode(JSON.object(json).bytes())
    return base64.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  init(revision: Int64?, position: ListPosition, remaining: Int?) {
    self.revision = revision
    self.position = position
    self.remaining = remaining
  }

  /// Throws `badRequest` for what is no token.
  init(_ text: String) throws(KubeStatus) {
    func refused(_ why: String) -> KubeStatus { KubeStatus(.badRequest, "continue key is not valid: \(why)") }
    guard text.utf8.count <= 4096 else { throw refused("it is too long") }
    var base64 = text.replacing("-", with: "+").replacing("_", with: "/")
    while base64.utf8.count % 4 != 0 { base64 += "=" }
    guard let bytes = Base64.decode(base64), let json = try? JSON.parse(bytes) else { throw refused("it cannot be decoded") }
    guard json["v"]?.string == Self.version else {
      throw refused("server does not recognize this encoded version \(json["v"]?.text() ?? "\"\"")")
    }
    guard let revision = json["rv"]?.int, revision != 0 else {
      throw refused("incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
    }
    guard let start = json["start"]?.string, start.utf8.last == 0, let slash = start.firstIndex(of: "/") else {
      throw refused("encoded start key empty (version meta.k8s.io/v1)")
    }
    self.revision = revision > 0 ? revision : nil
    position = ListPosition(namespace: String(start[..<slash]), name: String(start[start.index(after: slash)...].dropLast()))
    remaining = json["left"]?.int.map { Int(clamping: $0) }
  }
}
