import Basics
import Contracts
import JSONValue
import KubeModel

extension NodeService {
  /// The run of a pod that this process carries out itself, its input artifacts loaded; nil for a pod that needs processes. Blocks.
  func action(
    _ pod: Resource, directory: String, observe: @escaping @Sendable (PodReport) -> Void
  ) throws -> ActionRun? {
    guard ActionRun.isAction(pod) else { return nil }
    let template = PodPreparation.template(of: pod)
    guard let body = ActionRun.body(of: template) else { return nil }
    for field in ["initContainers", "sidecars"] where template[field]?.array?.isEmpty == false {
      throw PodFailure("\(field) of a \(body.rawValue) template are not supported here: it runs without containers")
    }
    let files = ActionFiles(directory: directory)
    let before = files.report
    let startedAt = before?.containers.first?.startedAt.map { Instant(milliseconds: $0) } ?? SystemClock.now()
    var manifest = Array((template.at("resource", "manifest")?.string ?? "").utf8)
    var path = "/tmp/manifest.yaml"
    if before?.isFinished != true {
      try LocalFiles.makeDirectories(directory, mode: 0o700)
      let preparation = PodPreparation(
        pod: pod, directory: directory, store: store, artifacts: artifacts, settings: settings, now: SystemClock.now())
      let inputs = try preparation.loadInputs(template, volumeMounts: [])
      if let name = template.at("resource", "manifestFrom", "artifact", "name")?.string {
        let artifact = template.at("inputs", "artifacts")?.array?.first { $0["name"]?.string == name }
        path = artifact?["path"]?.string ?? path
        let target = LocalFiles.normalized(path)
        guard let file = inputs.first(where: { $0.target == target })?.source else {
          throw PodFailure("open \(path): no such file or directory")
        }
        manifest = try LocalFiles.read(file)
      }
    }
    let deadline = pod.spec["activeDeadlineSeconds"]?.int.map {
      SystemClock.steady() + (startedAt + TimeSpan(seconds: $0) - SystemClock.now())
    }
    return ActionRun(
      pod: pod, template: template, body: body, directory: directory, manifest: manifest, manifestPath: path, observe: observe,
      startedAt: startedAt, deadline: deadline)
  }
}
