import ArgoModel
import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel

/// What Argo's executor shows of itself inside a pod (spec section 4.1): `/var/run/argo`, and variables.
///
/// The directory is only made for pods that mention it: the others cannot tell, and every mount costs. Their `ARGO_PROGRESS_FILE` lies in
/// their private `/tmp`.
struct PodContract {
  static let path = "/var/run/argo"
  private static let privateProgress = "/tmp/argo-progress"
  /// The longest text of a variable; a longer template is in a file.
  private static let longestVariable = 128 << 10
  private static let offloadPath = "/argo/config"

  private let pod: Resource
  private let directory: String
  private let settings: NodeSettings
  /// The containers get `/var/run/argo`.
  private(set) var isShared: Bool

  init(pod: Resource, directory: String, settings: NodeSettings) {
    self.pod = pod
    self.directory = directory
    self.settings = settings
    let text = pod.annotation(ArgoKey.template) ?? ""
    isShared =
      settings.isolation == .namespaces
      && (text.holds(Self.path) || text.holds("ARGO_DEBUG_PAUSE") || text.holds("readOnlyRootFilesystem") || Self.coversTemporary(pod))
  }

  /// Makes the directory part of the pod whatever its text says.
  mutating func share() { isShared = settings.isolation == .namespaces }

  private static func coversTemporary(_ pod: Resource) -> Bool {
    guard pod.spec["volumes"] != nil else { return false }
    return (pod.spec["containers"]?.array ?? []).contains { container in
      (container["volumeMounts"]?.array ?? []).contains { $0["mountPath"]?.string?.hasPrefix("/tmp") == true }
    }
  }

  /// The template without its input parameters, as Argo hands it to the executor.
  private var template: String {
    guard var json = pod.annotation(ArgoKey.template).flatMap({ try? JSON.parse($0) }) else { return "{}" }
    if var inputs = json["inputs"] {
      inputs["parameters"] = nil
      json["inputs"] = inputs
    }
    return json.text(.compact)
  }

  /// The variables of a container, after those of the manifest. `ARGO_TEMPLATE` is an init container's only.
  func environment(of name: String, isInitial: Bool, capturesResult: Bool) -> [(name: String, value: String)] {
    var result: [(name: String, value: String)] = [("ARGO_POD_UID", pod.uid)]
    if !capturesResult { result.append(("ARGO_INCLUDE_SCRIPT_OUTPUT", "false")) }
    if settings.monitorsProgress {
      let file: String =
        switch settings.isolation {
        case .none: "\(directory)/containers/\(name)/progress"
        case .namespaces: isShared ? Self.path + "/progress" : Self.privateProgress
        }
      result.append(("ARGO_PROGRESS_FILE", file))
      result.append(("ARGO_PROGRESS_PATCH_TICK_DURATION", settings.progressPatchTick.description))
      result.append(("ARGO_PROGRESS_FILE_TICK_DURATION", settings.progressFileTick.description))
    }
    if isInitial {
      let text = template
      result.append(("ARGO_TEMPLATE", text.utf8.count > Self.longestVariable ? "offloaded" : text))
    }
    return result
  }

  /// Makes the directory where it is wanted and returns what every container mounts.
  func prepare() throws -> [PodPlan.Mount] {
    guard isShared else { return [] }
    let place = directory + "/argo"
    try LocalFiles.makeDirectories(place)
    chmod(place, 0o777)
    try LocalFiles.write(Array(template.utf8), to: place + "/template", mode: 0o444)
    return [PodPlan.Mount(source: place, target: Self.path, isReadOnly: false)]
  }

  /// What an init container mounts whose template is too long for a variable.
  func offload() throws -> [PodPlan.Mount] {
    let text = template
    guard text.utf8.count > Self.longestVariable, settings.isolation == .namespaces else { return [] }
    try LocalFiles.makeDirectories(directory + "/config")
    try LocalFiles.write(Array(text.utf8), to: directory + "/config/ARGO_TEMPLATE", mode: 0o644)
    return [PodPlan.Mount(source: directory + "/config", target: Self.offloadPath, isReadOnly: true)]
  }

  /// What the pod in `directory` has last said about its progress: the last line of the file that was written last.
  ///
  /// - Parameter scratch: where the `/tmp` of its only container lies; nil: in the directory.
  static func progress(in directory: String, containers: [String], scratch: String? = nil) -> NodeProgress? {
    var files = [directory + "/argo/progress"]
    if let scratch { files.append(scratch + privateProgress) }
    for name in containers {
      files += ["\(directory)/containers/\(name)\(privateProgress)", "\(directory)/containers/\(name)/progress"]
    }
    var latest: (path: String, time: timespec)?
    for path in files {
      var info = stat()
      guard lstat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { continue }
      let time = info.st_mtim
      if let known = latest?.time, (known.tv_sec, known.tv_nsec) >= (time.tv_sec, time.tv_nsec) { continue }
      latest = (path, time)
    }
    guard let latest, let bytes = try? LocalFiles.read(latest.path, limit: 1 << 20) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    let lines = text.split { $0.isNewline }.map { line in
      String(line.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
    return lines.last { !$0.isEmpty }.flatMap { NodeProgress($0) }
  }
}

extension String {
  /// Whether the text is somewhere in it, byte by byte up to a NUL.
  func holds(_ text: String) -> Bool { strstr(self, text) != nil }
}
