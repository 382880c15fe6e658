import Basics
import JSONValue
import Templating

/// What `argosy cron backfill` is asked for, and what it makes of a CronWorkflow: workflows that create one workflow for each time that was due.
struct CronBackfill {
  static let rfc1123 = "Mon, 02 Jan 2006 15:04:05 MST"
  /// Labels the workflow that creates the others with the cron workflow's name.
  static let label = "workflows.argoproj.io/backfill"
  /// A generated name begins with so many bytes at most: as long as a name may be, less what Argo keeps for a hash and the dash.
  private static let prefixLimit = 242

  /// Of the backfill, part of the workflows' names.
  var name: String
  var isParallel = false
  /// The parameter that gets the time.
  var argument = "cronScheduleTime"
  /// How many workflows one workflow creates at most.
  var limit = 1000

  /// The times from after `start` until `end` that the schedules have. Times are in the cron workflow's time zone, else in that of `start`.
  static func times(
    of cron: JSON, after start: (instant: Instant, zone: TimeZoneRules), until end: Instant, most: Int
  ) throws -> [(instant: Instant, zone: TimeZoneRules)] {
    var zone = start.zone
    if let named = cron.at("spec", "timezone")?.string, !named.isEmpty {
      guard let found = SystemTimeZones.named(named) else {
        throw SubmitFailure("provided bad location \(named): unknown time zone \(named)")
      }
      zone = found
    }
    var result: Set<Instant> = []
    for schedule in (cron.at("spec", "schedules")?.array ?? []).compactMap(\.string) {
      let schedule = try CronSchedule(parsing: schedule, local: zone)
      var moment = start.instant
      while let next = schedule.next(after: moment), next <= end {
        result.insert(next)
        if result.count > most { throw SubmitFailure("the period has more than \(most) times: choose a shorter one") }
        moment = next
      }
    }
    return result.sorted().map { ($0, zone) }
  }

  /// As Go prints a time: `2026-11-28 22:15:00 +0000 UTC`.
  static func text(_ time: (instant: Instant, zone: TimeZoneRules)) -> String {
    GoTime.format(time.instant, "2006-01-02 15:04:05 -0700 MST", in: time.zone)
  }

  /// The workflow of one time; its parameter is filled in by the workflow that creates it.
  func workflow(of cron: JSON, now: Instant) -> JSON {
    let cronName = cron.at("metadata", "name")?.string ?? ""
    var spec = Self.protected(cron.at("spec", "workflowSpec") ?? .object([:]))
    var arguments = spec["arguments"] ?? .object([:])
    let parameter: JSON = ["name": .string(argument), "value": "{{inputs.parameters.backfillscheduletime}}"]
    let others = (arguments["parameters"]?.array ?? []).filter { $0["name"]?.string != argument }
    arguments["parameters"] = .array(others + [parameter])
    spec["arguments"] = arguments
    if !isParallel {
      spec["priority"] = .int(Int64(Int32.max))
      spec["synchronization"] = ["mutexes": [["name": .string(name)]]]
    }
    let given = cron.at("spec", "workflowMetadata").map(Self.protected)
    var labels: JSONObject = [:]
    if let instance = cron.at("metadata", "labels", "workflows.argoproj.io/controller-instanceid") {
      labels["workflows.argoproj.io/controller-instanceid"] = instance
    }
    labels["workflows.argoproj.io/cron-workflow"] = .string(cronName)
    for (key, value) in given?["labels"]?.object ?? [:] { labels[key] = value }
    var annotations: JSONObject = ["workflows.argoproj.io/scheduled-time": .string(now.rfc3339)]
    for (key, value) in given?["annotations"]?.object ?? [:] { annotations[key] = value }
    let prefix = "\(cronName)-backfill-\(name.lowercased())"
    var metadata: JSONObject = [
      "generateName": .string(String(decoding: prefix.utf8.prefix(Self.prefixLimit), as: UTF8.self) + "-"),
      "labels": .object(labels), "annotations": .object(annotations),
    ]
    if let finalizers = given?["finalizers"]?.array, !finalizers.isEmpty { metadata["finalizers"] = .array(finalizers) }
    metadata["ownerReferences"] = [
      [
        "apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow", "name": .string(cronName),
        "uid": cron.at("metadata", "uid") ?? "", "controller": true, "blockOwnerDeletion": true,
      ]
    ]
    return ["apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": .object(metadata), "spec": spec]
  }

  /// The value with tags that are filled in where they belong: the workflow that creates this one puts `{{` where these begin.
  private static func protected(_ json: JSON) -> JSON {
    switch json {
    case .string(let text): .string(text.replacing("{{", with: "{{=`{`+`{`}}"))
    case .array(let elements): .array(elements.map(protected))
    case .object(let members): .object(JSONObject(members.map { ($0.key, protected($0.value)) }))
    default: json
    }
  }

  /// The workflows that create those, each for `limit` times at most.
  func monitors(of cron: JSON, times: [String], now: Instant, yaml: (JSON) -> String) -> [JSON] {
    let manifest = yaml(workflow(of: cron, now: now))
    return stride(from: 0, to: times.count, by: limit).map { start in
      let part = JSON.array(times[start..<min(start + limit, times.count)].map { .string($0) })
      return [
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
        "metadata": ["generateName": "backfill-wf-", "labels": [Self.label: cron.at("metadata", "name") ?? ""]],
        "spec": [
          "entrypoint": "main",
          "templates": [
            [
              "name": "main",
              "steps": [
                [
                  [
                    "name": "create-workflow", "template": "create-workflow", "withParam": .string(part.text()),
                    "arguments": ["parameters": [["name": "backfillscheduletime", "value": "{{item}}"]]],
                  ]
                ]
              ],
            ],
            [
              "name": "create-workflow", "inputs": ["parameters": [["name": "backfillscheduletime"]]],
              "resource": ["action": "create", "successCondition": "status.phase == Succeeded", "manifest": .string(manifest)],
            ],
          ],
        ],
      ]
    }
  }
}
