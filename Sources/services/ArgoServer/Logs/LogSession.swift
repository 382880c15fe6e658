internal import ArgoModel
internal import Basics
package import Contracts
internal import JSONValue
internal import KubeModel
internal import RegularExpressions

/// Which lines of a workflow's pods are wanted (`argo logs`).
package struct LogRequest: Sendable {
  package var namespace: String
  /// The workflow's; `@latest` is the newest.
  package var name: String
  /// Empty: all pods.
  package var podName = ""
  /// A regular expression that a line must match; empty: all lines.
  package var grep = ""
  /// A label selector over pods.
  package var selector = ""
  /// An empty container is `main`.
  package var options = LogOptions()
  package init(namespace: String, name: String) {
    self.namespace = namespace
    self.name = name
  }
}

/// One line, as clients get it.
package struct LogEntry: Sendable, Hashable {
  package var content: String
  package var podName: String
  /// When it was printed, as logs have it: texts of times compare as the times do.
  package var time: [UInt8]
}

/// The lines of a workflow's pods, merged by time, from pods that are there, and from kept logs of those that are gone. While it follows, pods that
/// start later are taken up, and it ends with the workflow.
///
/// All of it is one thread's work, however many pods there are.
package struct LogSession: Sendable {
  let store: any ResourceStoring
  let logs: any LogOpening
  let kept: (any KeptLogOpening)?
  /// As readers see it, with the status of its nodes.
  let workflow: Resource
  let request: LogRequest
  private let expression: LinearRegex?
  private let pods: LabelSelector

  /// How long it waits for more, in milliseconds: soon after something came, and else.
  private static let patience: (soon: Int64, late: Int64) = (100, 300)

  /// Throws `badRequest` when the expression or the selector is none.
  init(
    of workflow: Resource, _ request: LogRequest, store: any ResourceStoring, logs: any LogOpening, kept: (any KeptLogOpening)?
  ) throws(KubeStatus) {
    (self.workflow, self.request, self.store, self.logs, self.kept) = (workflow, request, store, logs, kept)
    do {
      expression = request.grep.isEmpty ? nil : try LinearRegex(request.grep)
    } catch {
      throw KubeStatus(.badRequest, "failed to compile \(JSON.string(request.grep).text()): \(error)")
    }
    do {
      let selector = try LabelSelector.parse(request.selector)
      pods = LabelSelector([.equals(ArgoKey.workflow, workflow.name)] + selector.requirements)
    } catch {
      throw KubeStatus(.badRequest, "unable to parse the selector '\(request.selector)': \(error)")
    }
  }

  /// Hands out lines until the end, or until `sink` returns false. While nothing is printed it is called with no line now and then. Blocks its thread.
  ///
  /// - Returns: whether it came to the end.
  @discardableResult
  package func run(_ sink: ([LogEntry]) -> Bool) -> Bool {
    let news = LogNews(workflow: workflow.key, pods: pods)
    let watch = store.watch([.pod, .workflow]) { events in news.take(events) }
    defer { watch.cancel() }
    var merge = LogMerge()
    let present = (try? store.list(.pod, namespace: workflow.namespace, labels: pods)) ?? []
    for pod in present { take(pod, into: &merge) }
    takeKept(except: Set(present.map(\.name)), into: &merge)
    var isWorkflowOver = !request.options.follows || ((try? store.get(workflow.key)) ?? nil).map(\.isOverRun) ?? true
    var quiet: Int64 = 0
    while true {
      var hadLines = false
      let goesOn = merge.drain { pod, lines in
        let entries = lines.compactMap { entry($0, pod: pod) }
        hadLines = true
        return entries.isEmpty || sink(entries)
      }
      guard goesOn else { return false }
      if isWorkflowOver && merge.isOver { return true }
      guard sink([]) else { return false }
      quiet = hadLines ? 0 : quiet + 1
      let wait = quiet < 20 ? Self.patience.soon : Self.patience.late
      let told = news.next(within: TimeSpan(milliseconds: wait))
      for (pod, isGone) in told.pods {
        take(pod, into: &merge)
        if isGone { merge.end(pod.uid) }
      }
      if told.isWorkflowOver { isWorkflowOver = true }
    }
  }

  // MARK: Logs

  private var options: LogOptions {
    var options = request.options
    if options.container.isEmpty { options.container = "main" }
    return options
  }

  private func take(_ pod: Resource, into merge: inout LogMerge) {
    guard request.podName.isEmpty || pod.name == request.podName else { return }
    let phase = pod.status["phase"]?.string ?? "Pending"
    guard phase != "Pending" else { return }
    let (logs, options) = (logs, options)
    merge.add(
      LogMerge.Source(id: pod.uid, pod: pod.name, start: Self.start(pod.status["startTime"]?.string)) {
        do throws(KubeStatus) {
          return try logs.openLog(of: pod, options).map { .opened($0) } ?? .notYet
        } catch {
          return .never
        }
      })
    if !options.follows || phase == "Succeeded" || phase == "Failed" { merge.end(pod.uid) }
  }

  /// The logs of pods that are gone.
  private func takeKept(except present: Set<String>, into merge: inout LogMerge) {
    guard let kept else { return }
    let (uid, options) = (workflow.uid, options)
    var starts: [String: String] = [:]
    for (id, node) in workflow.status["nodes"]?.object ?? [:] {
      // A node's ID and its pod's name end alike.
      starts[String(id.split(separator: "-").last ?? "")] = node["startedAt"]?.string
    }
    for found in kept.keptLogs(ofWorkflow: uid) {
      let pod = found.pod
      guard !present.contains(pod), request.podName.isEmpty || pod == request.podName, found.containers.contains(options.container),
        pods.matches(found.labels.merging([ArgoKey.workflow: workflow.name]) { $1 })
      else { continue }
      let id = "kept/" + pod
      let start = starts[String(pod.split(separator: "-").last ?? "")]
      merge.add(
        LogMerge.Source(id: id, pod: pod, start: Self.start(start)) {
          (try? kept.openKeptLog(ofWorkflow: uid, pod: pod, options)).map { .opened($0) } ?? .never
        })
      merge.end(id)
    }
  }

  /// A time of whole seconds without its zone, so that it comes before the times within that second.
  private static func start(_ time: String?) -> [UInt8] { Array((time ?? "").utf8.prefix { $0 != UInt8(ascii: "Z") }) }

  private func entry(_ line: LogLine, pod: String) -> LogEntry? {
    var text = line.text
    // As Go's scanner of lines.
    if text.last == 0x0D { text.removeLast() }
    let bytes = request.options.hasTimestamps ? line.time + [0x20] + text : text
    let content = String(decoding: bytes, as: UTF8.self)
    // A line that takes the expression too much work is shown.
    if let expression, (try? expression.matches(content)) == false { return nil }
    return LogEntry(content: content, podName: pod, time: line.time)
  }
}

extension Resource {
  /// The workflow has ended.
  var isOverRun: Bool { ["Succeeded", "Failed", "Error"].contains(status["phase"]?.string ?? "") }
}
