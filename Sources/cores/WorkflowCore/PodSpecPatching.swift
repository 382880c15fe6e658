import ArgoModel
import Basics
import JSONValue
import KubeModel
import YAMLText

/// `podSpecPatch` of the workflow, then of the template (spec section 1.1).
extension RunState {
  /// The pod's specification after both patches, each a strategic merge patch in YAML or JSON with tags replaced.
  func patched(_ podSpec: JSONObject, _ body: JSON, _ leaf: Frame) throws(RunFailure) -> JSONObject {
    var texts: [String] = []
    if let text = spec.json["podSpecPatch"]?.string, !text.isEmpty { texts.append(try evaluate(CompiledText(text), leaf, isStrict: false)) }
    if let text = body["podSpecPatch"]?.string, !text.isEmpty { texts.append(text) }
    guard !texts.isEmpty else { return podSpec }
    var result: JSON = .object(podSpec)
    for text in texts {
      do {
        guard let patch = try YAMLText.documents(text).first?.value else { continue }
        try Self.check(patch)
        result = try result.strategicallyMerged(with: patch)
      } catch {
        throw RunFailure("Error applying PodSpecPatch: invalid podSpecPatch \(GoQuote.quoted(text)): \(error)")
      }
    }
    guard var merged = result.object else { return podSpec }
    // Argo's own containers, which a patch may speak of, are not there.
    for (field, names) in [("containers", ["wait", "supervisor"]), ("initContainers", ["init"])] {
      guard let list = merged[field]?.array else { continue }
      let kept = list.filter { element in !names.contains { element["name"]?.string == $0 } }
      if kept.count != list.count { merged[field] = kept.isEmpty && field == "initContainers" ? nil : .array(kept) }
    }
    guard merged["containers"]?.array?.isEmpty == false else {
      throw RunFailure("Error applying PodSpecPatch: the patch leaves no container of the pod")
    }
    return merged
  }

  private struct PatchProblem: Error, CustomStringConvertible { var description: String }

  /// What would not fit into a pod's specification at all.
  private static func check(_ patch: JSON) throws(PatchProblem) {
    guard let object = patch.object else {
      throw PatchProblem(description: "json: cannot unmarshal \(patch.typeName) into Go value of type v1.PodSpec")
    }
    for field in ["containers", "initContainers", "volumes", "tolerations", "imagePullSecrets", "hostAliases"] {
      guard let value = object[field], !value.isNull else { continue }
      guard let elements = value.array, elements.allSatisfy({ $0.object != nil }) else {
        throw PatchProblem(description: "json: cannot unmarshal \(value.typeName) into Go struct field PodSpec.\(field)")
      }
    }
    for field in ["activeDeadlineSeconds", "terminationGracePeriodSeconds"] {
      guard let value = object[field], !value.isNull, value.int == nil else { continue }
      throw PatchProblem(description: "json: cannot unmarshal \(value.typeName) into Go struct field PodSpec.\(field) of type int64")
    }
  }

  /// Whether a container of the template waits for whoever debugs it: then no deadline holds.
  static func isDebugged(_ body: JSON) -> Bool {
    let containers = [body["container"], body["script"]].compactMap { $0 } + (body.at("containerSet", "containers")?.array ?? [])
    return containers.contains { container in
      container.list("env").contains { ["ARGO_DEBUG_PAUSE_BEFORE", "ARGO_DEBUG_PAUSE_AFTER"].contains($0["name"]?.string) }
    }
  }
}
