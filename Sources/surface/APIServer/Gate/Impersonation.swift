internal import AccessService
internal import KubeModel
import NIOHTTP1

extension Impersonation {
  /// What the `Impersonate-*` headers ask for (`kubectl --as`). Throws `badRequest` for a key with a wrong escape, and for too many.
  init(_ headers: HTTPHeaders) throws(KubeStatus) {
    self.init()
    userName = headers.first(name: "impersonate-user") ?? ""
    uid = headers.first(name: "impersonate-uid") ?? ""
    groups = headers["impersonate-group"]
    let prefix = "impersonate-extra-"
    for (field, value) in headers where field.lowercased().hasPrefix(prefix) {
      let key = field.lowercased().dropFirst(prefix.count)
      guard let target = try? RequestTarget("/?key=" + key), let decoded = target["key"] else {
        throw KubeStatus(.badRequest, "the header \(field) has an invalid escape")
      }
      extra[decoded, default: []].append(value)
    }
    guard groups.count <= 64, extra.count <= 64 else { throw KubeStatus(.badRequest, "there are too many impersonation headers") }
  }
}
