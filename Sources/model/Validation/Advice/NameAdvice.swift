import JSONValue

/// Names that YAML did not read as they were meant.
extension AdviceRun {
  /// `n`, `no`, `y`, `on` and the like without quotes are truth values to YAML, as Kubernetes and Argo read it too: what is called so is called
  /// `false` or `true`, and no tag finds it.
  func adviseNames() {
    advise(names: spec.at("arguments", "parameters"), at: path["arguments"]["parameters"])
    for template in templates {
      advise(name: template.json, at: template.path)
      for side in ["inputs", "outputs"] {
        for kind in ["parameters", "artifacts"] { advise(names: template.json.at(side, kind), at: template.path[side][kind]) }
      }
      for call in template.calls {
        advise(name: call.json, at: call.path)
        advise(names: call.json.at("arguments", "parameters"), at: call.path["arguments"]["parameters"])
      }
    }
  }

  private func advise(names list: JSON?, at path: FieldPath) {
    for (index, item) in (list?.array ?? []).enumerated() { advise(name: item, at: path[index]) }
  }

  private func advise(name item: JSON, at path: FieldPath) {
    let name = item.text(at: "name")
    guard name == "true" || name == "false" else { return }
    let words = name == "true" ? "y, yes, on and true" : "n, no, off and false"
    let message = "the name is \"\(name)\": without quotes YAML reads \(words) so"
    say("truth-name", message, hint: "quote it, or take another name", at: path["name"])
  }
}
