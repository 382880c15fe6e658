import ArgoModel
import Basics
import Glibc
import JSONValue
import KubeModel
import Testing
import YAMLText

@testable import WorkflowCore

/// Runs the manifests of the original, with pods that end as a script says: nothing is executed, but every construct is exercised, and every
/// step restored.
@Suite struct ManifestTests {
  static let root = "../shared/conformance/workflows"

  static func files() -> [String] {
    var found: [String] = []
    var folders = [root]
    while let folder = folders.popLast() {
      guard let directory = opendir(folder) else { continue }
      defer { closedir(directory) }
      while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
          pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name.hasPrefix(".") { continue }
        if name.hasSuffix(".yaml") { found.append("\(folder)/\(name)") } else if !name.contains(".") { folders.append("\(folder)/\(name)") }
      }
    }
    return found.sorted()
  }

  static func resources(_ file: String) throws -> [JSON] {
    guard let handle = fopen(file, "r") else { return [] }
    defer { fclose(handle) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&buffer, 1, buffer.count, handle), count > 0 { bytes += buffer[..<count] }
    return try YAMLText.documents(bytes).map(\.value)
  }

  static func stored() throws -> [Resource] {
    var result: [Resource] = []
    for file in files() {
      for json in try resources(file) {
        switch json["kind"]?.string {
        case "WorkflowTemplate": result.append(Resource(.workflowTemplate, json: json))
        case "ClusterWorkflowTemplate": result.append(Resource(.clusterWorkflowTemplate, json: json))
        default: break
        }
      }
    }
    return result
  }

  @Test(
    "every manifest of the original comes to an end", .enabled(if: access(ManifestTests.root, R_OK) == 0, "needs ../shared/conformance"))
  func all() throws {
    let stored = try Self.stored()
    for file in Self.files() {
      for json in try Self.resources(file) where json["kind"]?.string == "Workflow" {
        for fails in [false, true] {
          let run = Driver(json, templates: stored, start: false)
          run.configMaps = ["simple-parameters/msg": "hello"]
          run.script = { driver, pod in
            if pod.annotation(ArgoKey.template)?.contains("\"daemon\":true") == true { return .daemon }
            if fails, driver.pods.count % 3 == 1 { return .failure }
            return Ending(
              outputs: [
                "result": .string("[\"1\"]"),
                "parameters": .array(outputs(of: pod, "parameters").map { ["name": $0["name"] ?? "", "value": "v"] }),
                "artifacts": .array(outputs(of: pod, "artifacts").map { ["name": $0["name"] ?? "", "local": ["key": "k"]] }),
              ])
          }
          run.finish()
          if !run.state.isFinished {
            run.send(.commanded(.resume(selector: nil)))
            run.finish()
          }
          if !run.state.isFinished { run.send(.commanded(.stop(message: nil))) }
          run.finish()
          #expect(run.state.isFinished, "\(file)")
        }
      }
    }
  }

  private func outputs(of pod: Resource, _ field: String) -> [JSON] {
    (try? JSON.parse(pod.annotation(ArgoKey.template) ?? ""))?.at("outputs", field)?.array ?? []
  }
}
