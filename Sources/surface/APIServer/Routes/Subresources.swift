internal import Contracts
internal import JSONValue
internal import KubeAPI
internal import KubeModel
import NIOHTTP1

/// What lies below an object: `status`, `log`, `exec`, `token` …
enum Subresources {
  static func answer(_ request: AdmittedRequest, _ kind: APIKind, _ core: ServerCore) throws(KubeStatus) -> APIAnswer {
    let info = request.info
    guard let subresource = kind.subresources.first(where: { $0.name == info.subresource }) else { throw ResourceRoutes.notFound }
    guard subresource.verbs.contains(info.verb) else { throw ResourceRoutes.notAllowed }
    guard !kind.kind.isNamespaced || !info.namespace.isEmpty else { throw ResourceRoutes.notFound }
    let call = ResourceCall(request: request, kind: kind, core: core)
    switch (kind.kind, subresource.name) {
    case (.serviceAccount, "token"):
      let form = try Negotiated.document(request.head.headers, pretty: false)
      let answer = try core.parts.reviews.requestToken(namespace: info.namespace, name: info.name, try call.document().json)
      return APIAnswer(.created, answer, form)
    case (.pod, "log"): return try PodLogs.answer(call)
    case (.pod, "exec"), (.pod, "attach"):
      // What is not there, and what the request lacks, is told first.
      _ = try core.parts.resources.get(try CommandWish(request, kind: kind.kind).key)
      throw KubeStatus(
        .badRequest,
        "Upgrade request required: commands need a WebSocket (v5.channel.k8s.io, v4.channel.k8s.io) or SPDY/3.1")
    default: break
    }
    switch info.verb {
    case "get": return try call.get()
    case "update": return try call.update(subresource: subresource.name)
    case "patch": return try call.patch(subresource: subresource.name)
    default: throw ResourceRoutes.notAllowed
    }
  }
}
