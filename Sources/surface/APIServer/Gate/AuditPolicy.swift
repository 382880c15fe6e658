import Basics
internal import Contracts
internal import KubeModel
import NIOHTTP1

/// Which requests the audit log records.
package enum AuditPolicy: String, Sendable, Hashable, CaseIterable {
  /// What changes something, commands in pods, and what was denied.
  case changes
  /// Also every reading of Secrets, and of Terraform's states.
  case secrets
  /// Everything.
  case all

  /// Verbs and methods that only read.
  private static let reading: Set<String> = ["get", "list", "watch", "head", "options"]
  /// Reviews are sent as objects to be created, and change nothing.
  private static let reviewing: Set<String> = ["authorization.k8s.io", "authentication.k8s.io"]

  private static func isSecret(_ info: RequestInfo) -> Bool {
    switch info.group {
    case "": info.resource == "secrets"
    case TerraformStateKey.group: info.resource == TerraformStateKey.plural && info.verb == "get"
    default: false
    }
  }

  func takes(_ call: APICall, status: Int) -> Bool {
    // A request that never came to the gate did nothing, and nobody knows whose it was.
    if status == 401 || status == 403 || self == .all { return true }
    guard let info = call.seen.info, call.request != nil else { return false }
    if self == .secrets, Self.isSecret(info) { return true }
    if ["exec", "attach", "portforward", "proxy"].contains(info.subresource) { return true }
    if info.isResource, Self.reviewing.contains(info.group), info.resource.hasSuffix("reviews") { return false }
    // A route's own verb counts, where it has one: Argo's `lint` is sent by POST and changes nothing.
    return !Self.reading.contains(info.verb)
  }
}

extension AuditRecord {
  init(_ call: APICall, _ answer: APIAnswer) {
    self.init(time: SystemClock.now())
    id = call.id
    user = call.seen.user?.name ?? ""
    groups = call.seen.user?.groups ?? []
    if let sender = call.seen.sender, sender != call.seen.user { impersonator = sender.name }
    let info = call.seen.info
    verb = info?.verb ?? call.method.lowercased()
    if let info, info.isResource {
      (group, resource, subresource) = (info.group, info.resource, info.subresource)
      (namespace, name) = (info.namespace, info.name.isEmpty ? answer.objectName ?? "" : info.name)
    }
    path = call.path
    isDryRun = call.head?.target.query.contains { $0.name == "dryRun" && !$0.value.isEmpty } ?? false
    (peer, agent) = (call.peer, call.agent)
    status = Int(answer.status.code)
    message = answer.failure.map { String(decoding: $0.message.utf8.prefix(1024), as: UTF8.self) }
  }
}
