import Basics
import Contracts
import JSONValue
import KubeModel

/// One pod of a `resource` or `data` template, from its beginning to its last report.
struct ActionRun: Sendable {
  /// Which of the two it is.
  enum Body: String, Sendable { case resource, data }

  /// Why it is to end before its time.
  enum Ending: Sendable, Hashable {
    case stopped(StopManner)
    case deadline
  }

  let pod: Resource
  let template: JSON
  let body: Body
  let directory: String
  /// The manifest of a resource template, and the path under which messages name it.
  let manifest: [UInt8]
  let manifestPath: String
  let observe: @Sendable (PodReport) -> Void
  let startedAt: Instant
  /// By the steady clock, as `retryAt`.
  let deadline: Instant?

  /// The object whose conditions it waits for.
  var target: ActionTarget?
  /// A worker is busy with it.
  var isWorking = true
  /// The target has changed since a worker last looked.
  var isStale = false
  var ending: Ending?
  /// When to try again what the store could not do.
  var retryAt: Instant?
  var note: String?

  var files: ActionFiles { ActionFiles(directory: directory) }
  var log: ActionLog { ActionLog(podDirectory: directory) }
  /// When it next needs attention though nothing happens.
  var wakeAt: Instant? { [deadline, retryAt].compactMap { $0 }.min() }

  /// The body of a pod's template when this process carries it out itself.
  static func body(of template: JSON) -> Body? {
    if template["resource"]?.object != nil { return .resource }
    return template["data"]?.object != nil ? .data : nil
  }

  /// Whether this process carries out a pod itself: one whose container is Argo's executor, by its template.
  static func isAction(_ pod: Resource) -> Bool {
    guard pod.spec.at("containers")?[0]?["command"]?[0]?.string == "argoexec" else { return false }
    return body(of: PodPreparation.template(of: pod)) != nil
  }

  /// What is to be told of it: running, or over with an exit code.
  func report(exitCode: Int32? = nil, message: String? = nil, ending: Ending? = nil) -> PodReport {
    var main = PodReport.Container(name: "main")
    main.startedAt = startedAt.milliseconds
    var report = PodReport(supervisor: 0, supervisorStart: 0, containers: [])
    report.note = note
    if let exitCode {
      main.exitCode = exitCode
      main.message = message
      main.finishedAt = SystemClock.now().milliseconds
      report.isFinished = true
    }
    switch ending {
    case .stopped(.gracefully)?, .stopped(.within)?: main.signal = 15
    case .stopped(.immediately)?: main.signal = 9
    case .deadline?:
      main.signal = 15
      report.isPastDeadline = true
    case nil: break
    }
    report.containers = [main]
    return report
  }
}
