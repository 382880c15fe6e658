import Basics
import JSONValue

extension ValidationRun {
  /// The rules of a CronWorkflow besides those of the workflow in it.
  func checkCron(_ spec: JSON, at path: FieldPath) {
    let schedules = spec.elements("schedules")
    if schedules.isEmpty {
      report("cron-schedule", "cron workflow must have at least one schedule", at: path)
    }
    for (index, schedule) in schedules.enumerated() {
      guard let text = schedule.string, let problem = cronProblem(text) else { continue }
      report("cron-schedule", "cron schedule \(text) is malformed: \(problem)", at: path["schedules"][index])
    }
    let zone = spec.text(at: "timezone")
    if !zone.isEmpty, !isTimeZone(zone) {
      report("cron-timezone", "invalid timezone \"\(zone)\": unknown time zone \(zone)", at: path["timezone"])
    }
    let policy = spec.text(at: "concurrencyPolicy")
    let policies = ["Allow", "Forbid", "Replace"]
    if !policy.isEmpty, !policies.contains(policy) {
      let near = nearest(to: policy, in: policies).map { "did you mean \"\($0)\"?" }
      report("cron-concurrency", "'\(policy)' is not a valid concurrencyPolicy", hint: near, at: path["concurrencyPolicy"])
    }
    if let seconds = spec["startingDeadlineSeconds"]?.int, seconds < 0 {
      report("cron-deadline", "startingDeadlineSeconds must be positive", at: path["startingDeadlineSeconds"])
    }
    let stop = spec["stopStrategy"]?.text(at: "expression") ?? ""
    if !stop.isEmpty { checkExpression(stop, what: "expression", prefix: "stopStrategy", at: path["stopStrategy"]["expression"]) }
  }

  /// A zone's name is a relative path in the time zone database; whether it is there, the caller knows.
  private func isTimeZone(_ name: String) -> Bool {
    let plain = name.utf8.allSatisfy { isAlphanumeric($0) || [0x2F, 0x5F, 0x2B, 0x2D].contains($0) }
    return plain && name.first != "/" && options.isTimeZone(name)
  }

  private func cronProblem(_ schedule: String) -> String? {
    do throws(CronScheduleError) {
      _ = try CronSchedule(parsing: schedule, zone: { isTimeZone($0) ? .utc : nil })
      return nil
    } catch {
      return error.description
    }
  }
}
