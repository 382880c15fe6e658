import Basics
import JSONValue

/// CronWorkflows as `argo cron` prints them.
enum CronText {
  /// The next time that one of the schedules comes, seen from now; nil when none comes. Throws for a schedule that is none.
  static func nextTime(_ cron: JSON, now: Instant) throws(CronScheduleError) -> Instant? {
    let zone = cron.at("spec", "timezone")?.string ?? ""
    var result: Instant?
    for schedule in cron.at("spec", "schedules")?.array ?? [] {
      let text = (zone.isEmpty ? "" : "CRON_TZ=\(zone) ") + (schedule.string ?? "")
      guard let next = try CronSchedule(parsing: text).next(after: now) else { continue }
      result = result.map { min($0, next) } ?? next
    }
    return result
  }

  /// The schedules, divided by commas.
  static func schedules(_ cron: JSON) -> String { (cron.at("spec", "schedules")?.array ?? []).compactMap(\.string).joined(separator: ",") }

  /// The block of `get`.
  static func block(_ cron: JSON, _ context: DisplayContext) -> String {
    let spec = cron["spec"] ?? .null
    let status = cron["status"] ?? .null
    var block = KeyBlock(width: 30)
    block.add("Name:", cron.at("metadata", "name")?.string ?? "")
    block.add("Namespace:", cron.at("metadata", "namespace")?.string ?? "")
    block.add("Created:", WorkflowText.instant(cron.at("metadata", "creationTimestamp")), context)
    block.add("Schedules:", schedules(cron))
    block.add("Suspended:", spec["suspend"]?.bool == true ? "true" : "false")
    if let zone = spec["timezone"]?.string, !zone.isEmpty { block.add("Timezone:", zone) }
    if let deadline = spec["startingDeadlineSeconds"]?.int { block.add("StartingDeadlineSeconds:", String(deadline)) }
    if let policy = spec["concurrencyPolicy"]?.string, !policy.isEmpty { block.add("ConcurrencyPolicy:", policy) }
    if let last = WorkflowText.instant(status["lastScheduledTime"]) { block.add("LastScheduledTime:", last, context) }
    if let next = try? nextTime(cron, now: context.now) {
      block.add("NextScheduledTime:", Humanize.timestamp(next, context) + " (assumes workflow-controller is in UTC)")
    }
    let active = (status["active"]?.array ?? []).compactMap { $0["name"]?.string }
    if !active.isEmpty { block.add("Active Workflows:", active.joined(separator: ", ")) }
    let conditions = status["conditions"]?.array ?? []
    if !conditions.isEmpty {
      block.add("Conditions:", "")
      for condition in conditions {
        let type = condition["type"]?.string ?? ""
        let message = condition["message"]?.string ?? ""
        block.add(
          (type == "SubmissionError" ? "✖ " : " ") + type, message.isEmpty ? condition["status"]?.string ?? "" : message)
      }
    }
    let parameters = spec.at("workflowSpec", "arguments", "parameters")?.array ?? []
    if !parameters.isEmpty {
      block.add("Workflow Parameters:", "")
      for parameter in parameters {
        guard let value = parameter["value"], !value.isNull else { continue }
        block.add("  \(parameter["name"]?.string ?? ""):", parameterText(value))
      }
    }
    return block.text
  }

  /// The table of `list`.
  static func table(_ crons: [JSON], hasNamespace: Bool, _ context: DisplayContext) -> String {
    var table = TabTable(padding: 3)
    table.append(
      (hasNamespace ? ["NAMESPACE"] : []) + ["NAME", "AGE", "LAST RUN", "NEXT RUN", "SCHEDULES", "TIMEZONE", "SUSPENDED"])
    for cron in crons {
      let created = WorkflowText.instant(cron.at("metadata", "creationTimestamp"))
      let last = WorkflowText.instant(cron.at("status", "lastScheduledTime"))
      let next = try? nextTime(cron, now: context.now)
      table.append(
        (hasNamespace ? [Printable.line(cron.at("metadata", "namespace")?.string ?? "")] : []) + [
          cron.displayName, Humanize.shortDuration(from: created, to: nil, now: context.now),
          last.map { Humanize.shortDuration(from: $0, to: nil, now: context.now) } ?? "N/A",
          next.map { Humanize.shortDuration(from: $0, to: nil, now: context.now) } ?? "N/A", Printable.line(schedules(cron)),
          Printable.line(cron.at("spec", "timezone")?.string ?? ""), cron.at("spec", "suspend")?.bool == true ? "true" : "false",
        ])
    }
    return table.lines().map { $0 + "\n" }.joined()
  }
}
