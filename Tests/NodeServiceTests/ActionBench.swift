import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import ResourceDB
import Testing

@testable import NodeService

/// Pods of resource and data templates on a bench.
extension Bench {
  static let executor: JSON = ["containers": [["name": "main", "image": "argoexec", "command": ["argoexec", "resource"]]]]

  @discardableResult func act(_ pod: String, _ resource: JSON, outputs: JSON = [:], spec: JSONObject = [:], more: JSONObject = [:]) throws
    -> Resource
  {
    var full = Self.executor
    for (key, value) in spec { full[key] = value }
    var template: JSONObject = ["resource": resource, "outputs": outputs]
    for (key, value) in more { template[key] = value }
    return try create(pod, spec: full, template: .object(template))
  }

  /// Carries out an action to its end; the message of one that failed, with its exit code.
  func outcome(_ pod: String, _ resource: JSON, outputs: JSON = [:], more: JSONObject = [:]) async throws -> String {
    try act(pod, resource, outputs: outputs, more: more)
    return try await ending(pod)
  }

  func ending(_ pod: String) async throws -> String {
    try await eventually("\(pod) ends") { ["Succeeded", "Failed"].contains(try self.phase(pod)) }
    let status = try status(pod)
    if status["phase"] == "Succeeded" { return "" }
    let ended = (status["initContainerStatuses"] ?? status["containerStatuses"])?[0]?.at("state", "terminated")
    return "\(ended?["exitCode"]?.int ?? -1): \(ended?["message"]?.string ?? "")"
  }

  func object(_ apiVersion: String, _ kind: String, _ name: String) throws -> JSON? {
    let kind = try #require(ResourceKind.of(apiVersion: apiVersion, kind: kind))
    return try store.get(ResourceKey(kind, namespace: "n", name: name))?.json
  }

  func data(_ name: String = "cm") throws -> JSON? { try object("v1", "ConfigMap", name)?["data"] }

  func values(_ pod: String) throws -> [String: String] {
    var result: [String: String] = [:]
    for parameter in try self.result(pod)?["parameters"]?.array ?? [] {
      result[parameter["name"]?.string ?? ""] = parameter["value"]?.string
    }
    return result
  }

  func log(_ pod: String) throws -> String {
    let path = try directory(pod) + "/containers/main/log"
    let bytes = try LocalFiles.read(path)
    return String(decoding: bytes, as: UTF8.self)
  }
}

func configMap(_ data: String, name: String = "cm", extra: String = "") -> String {
  "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \(name)\(extra)}\ndata: {\(data)}\n"
}
