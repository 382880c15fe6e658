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
    if schedule.isEmpty { return "empty spec string" }
    var words = schedule.split(whereSeparator: \.isWhitespace)
    if let first = words.first, first.hasPrefix("TZ=") || first.hasPrefix("CRON_TZ=") {
      let zone = String(first.drop { $0 != "=" }.dropFirst())
      if !isTimeZone(zone) { return "provided bad location \(zone): unknown time zone \(zone)" }
      words.removeFirst()
    }
    if let first = words.first, first.first == "@" {
      let known = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"]
      if words.count == 1, known.contains(String(first)) { return nil }
      if words.count == 2, first == "@every", words[1].utf8.last.map({ !($0 >= 0x30 && $0 <= 0x39) }) == true { return nil }
      return "unrecognized descriptor: \(words.joined(separator: " "))"
    }
    guard words.count == CronField.all.count else {
      return "expected exactly 5 fields, found \(words.count): [\(words.joined(separator: " "))]"
    }
    for (field, word) in zip(CronField.all, words) {
      if let problem = field.problem(with: word) { return problem }
    }
    return nil
  }
}

/// The bounds of one of the five fields of a standard cron schedule.
private struct CronField {
  var bounds: ClosedRange<Int>
  var names: [String] = []

  static let all = [
    CronField(bounds: 0...59), CronField(bounds: 0...23), CronField(bounds: 1...31),
    CronField(bounds: 1...12, names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    CronField(bounds: 0...6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
  ]

  func problem(with field: Substring) -> String? {
    for part in field.split(separator: ",", omittingEmptySubsequences: true) {
      let halves = part.split(separator: "/", omittingEmptySubsequences: false)
      let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false)
      guard halves.count <= 2 else { return "too many slashes: \(part)" }
      guard ends.count <= 2 else { return "too many hyphens: \(part)" }
      if halves.count == 2, Int(halves[1]) ?? 0 <= 0 { return "step of range should be a positive number: \(part)" }
      if ends[0] == "*" || ends[0] == "?" { continue }
      var values: [Int] = []
      for end in ends {
        guard let value = number(end) else { return "failed to parse int from \(end)" }
        values.append(value)
      }
      if let low = values.first, low < bounds.lowerBound {
        return "beginning of range (\(low)) below minimum (\(bounds.lowerBound)): \(part)"
      }
      if let high = values.last, high > bounds.upperBound { return "end of range (\(high)) above maximum (\(bounds.upperBound)): \(part)" }
      if values.count == 2, values[0] > values[1] {
        return "beginning of range (\(values[0])) beyond end of range (\(values[1])): \(part)"
      }
    }
    return nil
  }

  private func number(_ text: Substring) -> Int? {
    if let index = names.firstIndex(of: text.lowercased()) { return bounds.lowerBound + index }
    return Int(text)
  }
}
