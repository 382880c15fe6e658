import Basics
import JSONValue
import KubeModel
import Templating

extension ValidationRun {
  /// The rules of a CronWorkflow besides those of the workflow in it.
  func checkCron(_ resource: Resource, at path: FieldPath) {
    let spec = resource.spec
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
    if !stop.isEmpty { checkStop(stop, at: path["stopStrategy"]["expression"]) }
    checkCronWhen(spec.text(at: "when"), of: resource, at: path["when"])
  }

  /// What the expressions of a CronWorkflow may read.
  private static let members = ["name", "namespace", "labels", "annotations", "failed", "succeeded", "lastScheduledTime"]

  private static func cronVariable(_ root: String) -> ForeseenValue? {
    guard root == "cronworkflow" else { return nil }
    return .members { member in
      switch member {
      case "name", "namespace": .text
      case "failed", "succeeded": .number
      case "labels", "annotations", "lastScheduledTime": .unknown
      default: .value(.nil)
      }
    }
  }

  private func checkStop(_ text: String, at path: FieldPath) {
    checkExpression(text, what: "expression", prefix: "stopStrategy", at: path)
    guard !hasReported(path), let expression = try? Expression(compiling: text) else { return }
    let forecast = expression.forecast(Self.cronVariable)
    if let failure = forecast.failure {
      report("expression", "stopStrategy failed to evaluate stop expression: \(failure.error)", hint: Self.memberHint(expression), at: path)
    } else if forecast.isNoCondition(allowsText: false) {
      report(
        "expression", "stopStrategy the stop expression is neither true nor false", hint: "compare it: cronworkflow.failed >= 3", at: path)
    } else if let name = Self.unknownMember(expression) {
      advise("expression", "\(name) is no variable, and always nil", hint: Self.memberHint(expression), at: path)
    }
  }

  private static func unknownMember(_ expression: Expression) -> String? {
    expression.references.first { $0.path.count > 1 && $0.path[0] == "cronworkflow" && !members.contains($0.path[1]) }
      .map { $0.path.joined(separator: ".") }
  }

  private static func memberHint(_ expression: Expression) -> String? {
    for reference in expression.references {
      if reference.path[0] != "cronworkflow" {
        return members.contains(reference.path[0]) ? "write cronworkflow.\(reference.path[0])" : "there are \(listedMembers)"
      }
      if reference.path.count > 1, !members.contains(reference.path[1]) {
        return nearest(to: reference.path[1], in: members).map { "did you mean cronworkflow.\($0)?" } ?? "there are \(listedMembers)"
      }
    }
    return nil
  }

  private static var listedMembers: String { members.map { "cronworkflow.\($0)" }.joined(separator: ", ") }

  /// Checks the condition of a CronWorkflow: two texts stand for tags, expressions for what they give, and bare words are no strings.
  private func checkCronWhen(_ text: String, of resource: Resource, at path: FieldPath) {
    if text.isEmpty { return }
    let template = TagTemplate(compiling: text)
    var isFlawed = false
    for case .expression(let source) in template.tags {
      checkExpression(source, what: "{{=\(source)}}", prefix: "", at: path)
      guard !hasReported(path), let expression = try? Expression(compiling: source) else { return }
      let forecast = expression.forecast(Self.cronVariable)
      if let failure = forecast.failure {
        report(
          "when", "failed to evaluate expression {{=\(source)}}: \(failure.error)", hint: Self.memberHint(expression), at: path)
        isFlawed = true
      } else if let name = Self.unknownMember(expression) {
        advise("when", "\(name) is no variable, and always nil", hint: Self.memberHint(expression), at: path)
      }
    }
    if isFlawed { return }
    let forecast = WhenCondition.forecast(template, barewordsAreStrings: false) { tag in
      switch tag {
      case .simple("cronworkflow.name", _): resource.name.isEmpty || isTemplated(resource.name) ? nil : [resource.name]
      case .simple("cronworkflow.namespace", _): resource.namespace.isEmpty ? nil : [resource.namespace]
      case .simple: [tag.source]
      case .expression(let source): (try? Expression(compiling: source))?.forecast(Self.cronVariable).texts
      case .nested: nil
      }
    }
    switch forecast {
    case .mayHold: break
    case .fails(let error):
      let hint = cronHint(text, template, error)
      report("when", Self.message(error, isHinted: hint != nil), hint: hint, at: path)
    case .likelyFails(let error):
      let hint = cronHint(text, template, error)
      advise("when", Self.message(error, isHinted: hint != nil), hint: hint, at: path)
    }
  }

  private func cronHint(_ text: String, _ template: TagTemplate, _ error: WhenError) -> String? {
    if !template.hasTags {
      // The condition as an expression, as it was most likely meant.
      for source in [text, text.replacing(" = ", with: " == ")] {
        guard let expression = try? Expression(compiling: source), Self.unknownMember(expression) == nil else { continue }
        let forecast = expression.forecast(Self.cronVariable)
        if forecast.failure == nil, !forecast.isNoCondition(allowsText: false) { return "write \"{{=\(source)}}\"" }
      }
    }
    for case .simple(let name, _) in template.tags where name != "cronworkflow.name" && name != "cronworkflow.namespace" {
      var words = name.split(separator: ".").map(String.init)
      if words.count > 1 { words.removeFirst() }
      guard let member = words.first, Self.members.contains(member) else { return "there are \(Self.listedMembers)" }
      let rest = words.dropFirst().map { "['\($0)']" }.joined()
      return "only the name and the namespace are texts here: write {{=cronworkflow.\(member)\(rest)}}"
    }
    if let hint = Self.signHint(error) { return hint }
    return error.message.contains("No parameter") ? "write texts with quotes, also around tags" : nil
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
