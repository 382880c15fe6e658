import ArgoModel
import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel

/// Logs of and commands in this machine's pods, for the API.
extension NodeService: PodAccessing {
  package func readLog(
    of pod: Resource, _ options: LogOptions, sink: @escaping @Sendable ([UInt8]) -> Bool
  ) throws(KubeStatus) {
    try readLog(of: pod, options) { sink($1) }
  }

  /// The same with the stream that each piece came from.
  func readLog(
    of pod: Resource, _ options: LogOptions, sink: @escaping (ContainerLogEntry.Stream, [UInt8]) -> Bool
  ) throws(KubeStatus) {
    let choice = ContainerChoice(pod: pod)
    let name = try choice.resolve(options.container)
    let path = try logPath(of: pod, container: name, options)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw refusal(of: pod, name, options, choice) }
    defer { close(descriptor) }
    let watch = options.follows && !options.isPrevious ? LogWatch(log: path, pod: directory(of: pod)) : nil
    var reader = LogReader(descriptor, options, sink: sink)
    guard let watch else { return reader.readAll() }
    let file = reader.file
    var isCheckDue = true
    while !reader.isOver {
      // First asked, then read: what was printed before the end is there.
      let isOver = isOver(pod, name, file: file, log: path, asksStore: isCheckDue)
      reader.readAll()
      if isOver || reader.isOver { return }
      isCheckDue = !watch.wait()
      if isCheckDue, !sink(.output, []) { return }
    }
  }

  /// Where the log of a container lies.
  func logPath(of pod: Resource, container name: String, _ options: LogOptions) throws(KubeStatus) -> String {
    guard PodPlan.isFileName(name) else { throw KubeStatus(.badRequest, "container \(name) is not valid for pod \(pod.name)") }
    let place = "\(directory(of: pod))/containers/\(name)"
    return options.isPrevious ? place + "/log.previous" : place + "/log"
  }

  /// Why there is no log.
  private func refusal(of pod: Resource, _ name: String, _ options: LogOptions, _ choice: ContainerChoice) -> KubeStatus {
    if options.isPrevious {
      return KubeStatus(.badRequest, "previous terminated container \"\(name)\" in pod \"\(pod.name)\" not found")
    }
    if pod.isOverPod, LocalFiles.exists(directory(of: pod)) == false || report(of: pod)?.container(name)?.startedAt != nil {
      return KubeStatus(.badRequest, "container \"\(name)\" in pod \"\(pod.name)\" is not available")
    }
    return choice.waiting(name)
  }

  /// Whether the run of a container that wrote this log file has ended.
  private func isOver(_ pod: Resource, _ name: String, file: ino_t, log: String, asksStore: Bool) -> Bool {
    var info = stat()
    guard stat(log, &info) == 0, info.st_ino == file else { return true }
    if let report = report(of: pod), report.isFinished || report.container(name)?.exitCode != nil { return true }
    guard asksStore || isStopping else { return false }
    if isStopping { return true }
    do throws(KubeStatus) {
      guard let current = try store.get(pod.key), current.uid == pod.uid else { return true }
      return current.isOverPod
    } catch {
      return false
    }
  }

  package func exec(
    in pod: Resource, _ request: ExecRequest, output: @escaping @Sendable (ExecOutput) -> Void
  ) throws(KubeStatus) -> any ExecSession {
    guard !pod.isOverPod else {
      let phase = pod.status["phase"]?.string ?? ""
      throw KubeStatus(.badRequest, "cannot exec into a container in a completed pod; current phase is \(phase)")
    }
    var request = request
    request.container = try ContainerChoice(pod: pod).resolve(request.container)
    return try runner.exec(directory: directory(of: pod), request, output: output)
  }

  /// What the pod's supervisor last said.
  func report(of pod: Resource) -> PodReport? {
    guard let bytes = try? LocalFiles.read(directory(of: pod) + "/status.json"), let json = try? JSON.parse(bytes) else { return nil }
    return try? PodReport(json: json)
  }
}

extension NodeService {
  package func attach(
    to pod: Resource, _ request: ExecRequest, output: @escaping @Sendable (ExecOutput) -> Void
  ) throws(KubeStatus) -> any ExecSession {
    guard !pod.isOverPod else {
      let phase = pod.status["phase"]?.string ?? ""
      throw KubeStatus(.badRequest, "cannot attach a container in a completed pod; current phase is \(phase)")
    }
    let choice = ContainerChoice(pod: pod)
    let name = try choice.resolve(request.container)
    guard PodPlan.isFileName(name), let state = report(of: pod)?.container(name), state.startedAt != nil, state.exitCode == nil else {
      throw choice.waiting(name)
    }
    let all = (pod.spec["containers"]?.array ?? []) + (pod.spec["initContainers"]?.array ?? [])
    let container = all.first { $0["name"]?.string == name } ?? .null
    let session = AttachSession(
      service: self, pod: pod, container: name, hasInput: request.hasInput && container["stdin"]?.bool == true,
      isOnce: container["stdinOnce"]?.bool == true, output: output)
    try session.begin()
    return session
  }
}

extension PodReport {
  /// What is told of a container.
  func container(_ name: String) -> Container? { containers.first { $0.name == name } }
}
