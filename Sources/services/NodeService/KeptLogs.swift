import ArgoModel
import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel

/// Logs that outlive their pods: when a pod of a workflow is over, its containers' logs get a second name, `<directory>/<uid of the workflow>/<pod>/<container>`,
/// which costs no room while the pod's own is there. Labels of its template's stand beside them in `.labels`, for who chooses pods by them. Whoever keeps the archive removes them (``KeptFilesRemoving``).
struct KeptLogs: Sendable {
  let directory: String

  private func place(_ uid: String, _ pod: String) -> String? {
    PodPlan.isFileName(uid) && PodPlan.isFileName(pod) ? "\(directory)/\(uid)/\(pod)" : nil
  }

  /// Keeps the logs of a pod that is over; one of an earlier pod of the name gives way. What cannot be kept is told and no reason to fail.
  func keep(_ pod: Resource, directory podDirectory: String, roles: [ContainerRole]) {
    guard let uid = pod.owningRun, let place = place(uid, pod.name) else { return }
    var isMade = false
    defer { if isMade { keepLabels(of: pod, place) } }
    for role in roles {
      let log = "\(podDirectory)/containers/\(role.name)/log"
      guard PodPlan.isFileName(role.name), LocalFiles.exists(log) else { continue }
      do throws(FileError) {
        if !isMade { try LocalFiles.makeDirectories(place, mode: 0o700) }
        isMade = true
        let name = "\(place)/\(role.name)"
        if link(log, name) == 0 { continue }
        guard errno == EEXIST else { throw FileError("link", name) }
        // Told twice of the pod's end, or an attempt before a retry.
        unlink(name)
        guard link(log, name) == 0 else { throw FileError("link", name) }
      } catch {
        Diagnostics.report("the log of pod \(pod.name) is not kept: \(error)")
      }
    }
  }

  /// No container has a name that begins with a dot.
  private static let labelsFile = ".labels"
  /// What each pod of a workflow has besides the workflow's name.
  private static let usual = [ArgoKey.completed: "false"]

  private func keepLabels(of pod: Resource, _ place: String) {
    let file = "\(place)/\(Self.labelsFile)"
    var labels = pod.labels
    labels[ArgoKey.workflow] = nil
    guard labels != Self.usual else {
      unlink(file)
      return
    }
    do throws(FileError) {
      try LocalFiles.write(JSON.object(JSONObject(labels.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })).bytes(), to: file)
    } catch {
      Diagnostics.report("the labels of pod \(pod.name) are not kept: \(error)")
    }
  }

  private func labels(_ place: String) -> [String: String] {
    guard let bytes = try? LocalFiles.read("\(place)/\(Self.labelsFile)"), let labels = (try? JSON.parse(bytes))?.object else {
      return Self.usual
    }
    return labels.reduce(into: [:]) { $0[$1.key] = $1.value.string }
  }

  /// Opens a container's log; nil when it is not kept.
  func open(_ uid: String, pod: String, container: String) -> Int32? {
    guard let place = place(uid, pod), PodPlan.isFileName(container), !container.hasPrefix(".") else { return nil }
    let descriptor = LocalFiles.open("\(place)/\(container)", O_RDONLY | O_NOFOLLOW)
    return descriptor >= 0 ? descriptor : nil
  }

  func pods(_ uid: String) -> [KeptPodLogs] {
    guard PodPlan.isFileName(uid) else { return [] }
    return LocalFiles.names(in: "\(directory)/\(uid)").map { pod in
      let place = "\(directory)/\(uid)/\(pod)"
      return KeptPodLogs(
        pod: pod, containers: LocalFiles.names(in: place).filter { !$0.hasPrefix(".") }, labels: labels(place))
    }
  }

  func remove(_ uid: String) {
    if PodPlan.isFileName(uid) { LocalFiles.removeTree("\(directory)/\(uid)") }
  }

  var workflows: [String] { LocalFiles.names(in: directory) }
}

extension NodeService: KeptLogOpening {
  package func readKeptLog(
    ofWorkflow uid: String, pod: String, _ options: LogOptions, sink: @escaping @Sendable ([UInt8]) -> Bool
  ) throws(KubeStatus) {
    let descriptor = try keptLog(uid, pod, options)
    defer { close(descriptor) }
    var reader = LogReader(descriptor, options.ofWhatIsOver) { sink($1) }
    reader.readAll()
  }

  package func openKeptLog(ofWorkflow uid: String, pod: String, _ options: LogOptions) throws(KubeStatus) -> any LogCursor {
    LogPortions(try keptLog(uid, pod, options), options.ofWhatIsOver)
  }

  /// The open file.
  private func keptLog(_ uid: String, _ pod: String, _ options: LogOptions) throws(KubeStatus) -> Int32 {
    let container = options.container.isEmpty ? "main" : options.container
    guard !options.isPrevious, let descriptor = keptLogs?.open(uid, pod: pod, container: container) else {
      throw KubeStatus(.notFound, "no log of container \"\(container)\" in pod \"\(pod)\" is kept")
    }
    return descriptor
  }

  package func keptLogs(ofWorkflow uid: String) -> [KeptPodLogs] { keptLogs?.pods(uid) ?? [] }

  var keptLogs: KeptLogs? { settings.keptLogs.map(KeptLogs.init(directory:)) }
}

extension NodeService: KeptFilesRemoving {
  package func removeKept(
    ofWorkflow uid: String, artifacts workflow: Resource?, below prefixes: [String]
  ) throws(KubeStatus) {
    keptLogs?.remove(uid)
    guard let workflow else { return }
    let context = ArtifactContext(namespace: workflow.namespace, keyPrefix: "", secrets: StoredSecrets(store: store))
    for artifact in Self.ownArtifacts(of: workflow, below: prefixes) {
      do throws(ArtifactFailure) {
        try artifacts.delete(artifact, context: context)
      } catch {
        throw KubeStatus(.internalError, "the artifacts of workflow \(workflow.name) cannot be removed: \(error)")
      }
    }
  }

  package func keptWorkflows() -> [String] { keptLogs?.workflows ?? [] }

  /// The artifacts in this program's own repository that a workflow's pods saved under such keys, but for those that its `artifactGC` keeps.
  private static func ownArtifacts(of workflow: Resource, below prefixes: [String]) -> [JSON] {
    let standard = workflow.spec.at("artifactGC", "strategy")?.string
    var found: [JSON] = []
    for (_, node) in workflow.status["nodes"]?.object ?? [:] {
      for artifact in node.at("outputs", "artifacts")?.array ?? [] {
        guard let key = artifact.at("local", "key")?.string, prefixes.contains(where: { key.hasPrefix($0) }),
          artifact.at("artifactGC", "strategy")?.string ?? standard != "Never"
        else { continue }
        found.append(artifact)
      }
    }
    return found
  }
}

extension LogOptions {
  /// There is nothing to follow.
  fileprivate var ofWhatIsOver: LogOptions {
    var options = self
    options.follows = false
    return options
  }
}
