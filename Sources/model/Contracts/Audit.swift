package import Basics
package import JSONValue

/// Who did what from where: one record of the audit log. Bodies, queries and credentials are never in it.
package struct AuditRecord: Sendable, Hashable {
  /// When it was answered.
  package var time: Instant
  /// Names the request, as `Audit-Id` does; empty where there is none.
  package var id = ""
  /// For whom it was done; empty: nobody was known.
  package var user = ""
  package var groups: [String] = []
  /// Who sent it, where that is another.
  package var impersonator: String?
  /// `create`, `update`, `patch`, `delete` …; for paths that are no resources the HTTP method in lower case; for commands their name.
  package var verb = ""
  package var group = ""
  /// The plural; empty for what is no resource.
  package var resource = ""
  package var subresource = ""
  package var namespace = ""
  package var name = ""
  /// As it was sent, without the query; of commands `control:<verb>`.
  package var path = ""
  package var isDryRun = false
  /// The address of the other end; `local` for commands of this machine.
  package var peer = ""
  package var agent = ""
  /// The HTTP status of the answer.
  package var status = 0
  /// Why it failed; nil when it did not.
  package var message: String?

  package init(time: Instant) { self.time = time }

  /// The members as the log has them, without those of the chain.
  package var members: JSONObject {
    var members: JSONObject = ["time": .string(time.rfc3339Milliseconds)]
    func put(_ name: String, _ value: String) { if !value.isEmpty { members[name] = .string(value) } }
    put("id", id)
    members["user"] = .string(user)
    if !groups.isEmpty { members["groups"] = .array(groups.map { .string($0) }) }
    put("impersonator", impersonator ?? "")
    members["verb"] = .string(verb)
    put("apiGroup", group)
    put("resource", resource)
    put("subresource", subresource)
    put("namespace", namespace)
    put("name", name)
    put("path", path)
    if isDryRun { members["dryRun"] = true }
    put("peer", peer)
    put("agent", agent)
    members["status"] = .int(Int64(status))
    put("message", message ?? "")
    return members
  }

  /// Nil when the document is no record.
  package init?(_ json: JSON) {
    guard let time = json["time"]?.string.flatMap(Instant.init(rfc3339:)), let verb = json["verb"]?.string else { return nil }
    self.time = time
    self.verb = verb
    func text(_ name: String) -> String { json[name]?.string ?? "" }
    (id, user, impersonator) = (text("id"), text("user"), json["impersonator"]?.string)
    groups = (json["groups"]?.array ?? []).compactMap(\.string)
    (group, resource, subresource, namespace, name) = (
      text("apiGroup"), text("resource"), text("subresource"), text("namespace"), text("name")
    )
    (path, peer, agent) = (text("path"), text("peer"), text("agent"))
    isDryRun = json["dryRun"]?.bool ?? false
    status = Int(json["status"]?.int ?? 0)
    message = json["message"]?.string
  }
}

/// Takes records.
package protocol AuditRecording: Sendable {
  /// Never blocks.
  func record(_ record: AuditRecord)
}
