import ArgoClient
import ArgumentParser
import Basics
import JSONValue
import Templating

/// `argosy cron backfill`.
struct CronBackfillCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "backfill",
    abstract: "Run a cron workflow for times that have passed.",
    discussion: """
      A workflow is created that creates one workflow for each time of the schedules in the period, one after the other unless --parallel is
      given. Each gets its time as the parameter cronScheduleTime. Dates are as "Mon, 02 Jan 2006 15:04:05 MST", or in the --format that you
      give, written as Go does.

      EXAMPLES
        argosy cron backfill nightly --start "Sun, 01 Nov 2026 00:00:00 UTC" --end "Sat, 07 Nov 2026 00:00:00 UTC"
        argosy cron backfill nightly --start 2026-11-01 --end 2026-11-07 --format 2006-01-02 --parallel --argname day
      """)

  @Argument(help: ArgumentHelp("The cron workflow.", valueName: "cron workflow"), completion: CronCommand.names)
  var cronWorkflow: String

  @Option(help: ArgumentHelp("The backfill's name; five letters and digits when none is given.", valueName: "name"))
  var name = ""

  @Option(help: ArgumentHelp("Where the period begins.", valueName: "date"))
  var start = ""

  @Option(help: ArgumentHelp("Where the period ends; now when it is not given.", valueName: "date"))
  var end = ""

  @Flag(help: "All workflows at once.")
  var parallel = false

  @Option(help: ArgumentHelp("The parameter that gets the time.", valueName: "name"))
  var argname = "cronScheduleTime"

  @Option(help: ArgumentHelp("The dates' form.", valueName: "layout"))
  var format = CronBackfill.rfc1123

  @Option(help: ArgumentHelp("How many workflows one workflow creates at most.", valueName: "n"))
  var maxworkflowcount = 1000

  @OptionGroup(title: "Server") var server: ServerArguments

  func check() throws {
    if start.isEmpty { throw SubmitFailure("start date should not be empty") }
    _ = try time(start)
    if !end.isEmpty { _ = try time(end) }
    guard (1...100_000).contains(maxworkflowcount) else {
      throw SubmitFailure("--maxworkflowcount must be from 1 to 100000. Received: \(maxworkflowcount)")
    }
  }

  private func time(_ text: String) throws(SubmitFailure) -> (instant: Instant, zone: TimeZoneRules) {
    guard let time = GoTime.parse(text, format, in: .utc) else {
      throw SubmitFailure("parsing time \"\(text)\" as \"\(format)\": it does not have that form")
    }
    return time
  }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let now = Terminal.now()
    let namespace = client.connection.namespace
    let begin = try time(start)
    let last = end.isEmpty ? now : try time(end).instant
    let lastText = end.isEmpty ? GoTime.format(now, CronBackfill.rfc1123, in: SystemTimeZones.local()) : end
    let cron = try await client.get(CronCommand.path(namespace) + [cronWorkflow])
    let digits = Array("0123456789abcdef")
    let name = name.isEmpty ? String((0..<5).map { _ in digits[Int.random(in: 0..<digits.count)] }) : name
    let backfill = CronBackfill(name: name, isParallel: parallel, argument: argname, limit: maxworkflowcount)
    let times = try CronBackfill.times(of: cron, after: begin, until: last, most: 1_000_000).map(CronBackfill.text)
    guard !times.isEmpty else {
      dependencies.output.write("There is no suitable scheduling time.")
      return ConcludingStatus.succeeded.rawValue
    }
    var created: [String] = []
    for monitor in backfill.monitors(of: cron, times: times, now: now, yaml: dependencies.yaml) {
      let body: JSON = ["namespace": .string(namespace), "workflow": monitor]
      created.append(try await client.post(["api", "v1", "workflows", namespace], body).displayName)
    }
    let line = String(repeating: "=", count: 50)
    dependencies.output.write(
      """
      Created \(Printable.line(name)) Backfill task for Cronworkflow \(Printable.line(cronWorkflow))\u{20}
      \(line)
      Backfill Period :
      Start Time : \(Printable.line(start))\u{20}
        End Time : \(Printable.line(lastText))\u{20}
      Total Backfill Schedule: \(times.count)\u{20}
      \(line)
      Backfill Workflows:\u{20}
         NAMESPACE\t WORKFLOW:\u{20}

      """)
    for (index, workflow) in created.enumerated() {
      dependencies.output.write("\(index + 1). \(namespace) \t \(workflow) \n")
    }
    return ConcludingStatus.succeeded.rawValue
  }
}
