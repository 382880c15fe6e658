import JSONValue
import KubeModel

/// Labels and annotations: what the API refuses in an object, and in a pod when its step begins.
extension ValidationRun {
  /// - Parameter metadata: with `labels` and `annotations`; tags in them are left to run time.
  func checkLabels(_ metadata: JSON?, at path: FieldPath) {
    for (key, value) in metadata?["labels"]?.object ?? [:] {
      let place = path["labels"][key]
      if !isTemplated(key), let problem = LabelSyntax.problem(key: key) { reportLabel(key, problem, path["labels"], at: place) }
      if let text = value.string, !isTemplated(text), let problem = LabelSyntax.problem(value: text) {
        reportLabel(text, problem, path["labels"], at: place)
      }
    }
    for (key, _) in metadata?["annotations"]?.object ?? [:] where !isTemplated(key) {
      if let problem = LabelSyntax.problem(key: key.lowercased()) {
        reportLabel(key, problem, path["annotations"], at: path["annotations"][key])
      }
    }
  }

  private func reportLabel(_ text: String, _ problem: String, _ members: FieldPath, at place: FieldPath) {
    report("label", "\(members): Invalid value: \"\(text)\": \(problem)", at: place)
  }

  /// The metadata that a specification gives to pods.
  func checkPodLabels(_ spec: JSON, at path: FieldPath) {
    checkLabels(spec["podMetadata"], at: path["podMetadata"])
    for (index, template) in spec.elements("templates").enumerated() {
      checkLabels(template["metadata"], at: path["templates"][index]["metadata"])
    }
  }
}
