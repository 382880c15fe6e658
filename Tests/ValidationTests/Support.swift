import Glibc
import JSONValue
import KubeModel
import Validation
import YAMLText

/// Findings of a text with the templates in it (and in `stored`) as the catalog.
func lint(_ text: String, mode: WorkflowValidator.Mode = .lint, stored: String = "") -> [Diagnostic] {
  let loader = ManifestLoader()
  let loaded = loader.load(Array(text.utf8), file: "a.yaml")
  let others = loader.load(Array(stored.utf8), file: "stored.yaml")
  let validator = WorkflowValidator(.init(mode: mode, catalog: catalog(loaded.manifests + others.manifests)))
  return (loaded.diagnostics + loaded.manifests.flatMap { validator.diagnostics(for: $0) }).sorted()
}

func catalog(_ manifests: [Manifest]) -> @Sendable (String, Bool) -> Resource? {
  let resources = manifests.map(\.resource)
  return { name, isClusterScope in
    resources.first { $0.kind == (isClusterScope ? .clusterWorkflowTemplate : .workflowTemplate) && $0.name == name }
  }
}

/// `line:column message` of every finding; `warning` before it for warnings, the hint in parentheses after it.
func lines(_ diagnostics: [Diagnostic]) -> [String] {
  diagnostics.map { diagnostic in
    let place = diagnostic.position.map { "\($0)" } ?? "-"
    let word = diagnostic.severity == .warning ? "warning " : ""
    return "\(place) \(word)\(diagnostic.message)" + (diagnostic.hint.map { " (\($0))" } ?? "")
  }
}

/// The bytes of a file; nil when it cannot be read.
func bytes(ofFile path: String) -> [UInt8]? {
  guard let file = fopen(path, "r") else { return nil }
  defer { fclose(file) }
  var result: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { return result }
    result += buffer[..<count]
  }
}

/// Paths of all `.yaml` files below a directory, sorted; empty when it is not there.
func manifestFiles(below directory: String) -> [String] {
  guard let handle = opendir(directory) else { return [] }
  defer { closedir(handle) }
  var result: [String] = []
  while let entry = readdir(handle) {
    let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
      String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name.hasPrefix(".") { continue }
    let path = "\(directory)/\(name)"
    if name.hasSuffix(".yaml") { result.append(path) } else { result += manifestFiles(below: path) }
  }
  return result.sorted()
}

/// The checkout's root, from this file's place in it.
let packageRoot: String = {
  let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
  return parts.dropLast(3).joined(separator: "/")
}()

/// The manifests of the original that lie beside the checkout on some machines.
let conformanceDirectory: String? = {
  let directory = "\(packageRoot)/../shared/conformance/workflows"
  return access(directory, R_OK) == 0 ? directory : nil
}()
