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
      func refusal(_ reason: String) -> RunFailure {
        RunFailure("Error applying PodSpecPatch: invalid podSpecPatch \(GoQuote.quoted(text)): \(reason)")
      }
      let read: JSON?
      do { read = try YAMLText.documents(text).first?.value } catch { throw refusal("\(error)") }
      guard let patch = read else { continue }
      if let problem = PodSpecPatch.problem(of: patch) { throw refusal(problem) }
      do { result = try result.strategicallyMerged(with: patch) } catch { throw refusal("\(error)") }
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

  /// Whether a container of the template waits for whoever debugs it: then no deadline holds.
  static func isDebugged(_ body: JSON) -> Bool {
    let containers = [body["container"], body["script"]].compactMap { $0 } + (body.at("containerSet", "containers")?.array ?? [])
    return containers.contains { container in
      container.list("env").contains { ["ARGO_DEBUG_PAUSE_BEFORE", "ARGO_DEBUG_PAUSE_AFTER"].contains($0["name"]?.string) }
    }
  }
}
