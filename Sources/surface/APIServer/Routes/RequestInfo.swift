internal import Contracts
internal import KubeModel

/// What a request is about, as access rules, logs and metrics name it (`k8s.io/apiserver/pkg/endpoints/request.RequestInfo`).
struct RequestInfo: Sendable, Hashable {
  /// Below `/api/<version>` or `/apis/<group>/<version>`, and names a resource.
  var isResource = false
  /// The verb of access rules: `get`, `list`, `watch`, `create` …; for other paths the HTTP method in lower case.
  var verb: String
  var group = ""
  var version = ""
  var namespace = ""
  /// The plural, as it stands in the path.
  var resource = ""
  var subresource = ""
  var name = ""

  /// What a route of another interface is about, by its table.
  init(_ served: ServedMatch, method: String) {
    verb = method.lowercased()
    guard case .resource(let verb, let group, let plural, let subresource) = served.route.access else { return }
    isResource = true
    self.verb = verb
    self.group = group
    resource = plural
    self.subresource = subresource
    namespace = served.parameters["namespace"] ?? ""
    name = served.parameters["name"] ?? ""
  }

  /// - Parameter method: in upper case.
  init(method: String, target: RequestTarget) throws(KubeStatus) {
    verb = method.lowercased()
    var parts = target.segments[...]
    switch parts.first {
    case "api" where parts.count >= 3:
      version = parts[1]
      parts = parts.dropFirst(2)
    case "apis" where parts.count >= 4:
      group = parts[1]
      version = parts[2]
      parts = parts.dropFirst(3)
    default: return
    }
    isResource = true
    verb =
      switch method {
      case "POST": "create"
      case "GET", "HEAD": "get"
      case "PUT": "update"
      case "PATCH": "patch"
      case "DELETE": "delete"
      default: method.lowercased()
      }
    if parts.first == "namespaces", parts.count > 1 {
      namespace = parts[parts.startIndex + 1]
      // `/namespaces/x` and its own subresources are about the namespace itself, which is then the namespace of access rules too.
      if parts.count > 2, !["status", "finalize"].contains(parts[parts.startIndex + 2]) { parts = parts.dropFirst(2) }
    }
    let rest = Array(parts)
    guard rest.count <= 3 else { throw KubeStatus(.notFound, "the server could not find the requested resource", details: .init()) }
    resource = rest[0]
    if rest.count > 1 { name = rest[1] }
    if rest.count > 2 { subresource = rest[2] }
    guard name.isEmpty else { return }
    if verb == "get" { verb = try target.flag("watch") == true ? "watch" : "list" }
    if verb == "delete" { verb = "deletecollection" }
    if ["list", "watch", "deletecollection"].contains(verb), let text = target["fieldSelector"],
      let selector = try? FieldSelector.parse(text),
      let term = selector.requirements.first(where: { $0.field == "metadata.name" && $0.comparison == .equals })
    {
      // Who may watch one object by its name may do so by a selector.
      name = term.value
    }
  }
}
