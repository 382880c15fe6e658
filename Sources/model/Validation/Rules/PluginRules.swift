import JSONValue

/// The rules of `spec.executorPlugins` (spec 4.1): what Argo's controller refuses to put beside its agent.
extension ValidationRun {
  func checkExecutorPlugins(_ spec: JSON, at path: FieldPath) {
    for (index, plugin) in spec.elements("executorPlugins").enumerated() {
      let place = path["executorPlugins"][index]
      let container = plugin.at("spec", "sidecar", "container") ?? .null
      let complaint: String? =
        if (plugin["metadata"] ?? .null).text(at: "name").isEmpty {
          "executor plugin metadata name is mandatory"
        } else if container.elements("ports").isEmpty {
          "at least one port is mandatory"
        } else if container["resources"]?.holds("requests") != true {
          "resources requests are mandatory"
        } else if container["resources"]?.holds("limits") != true {
          "resources limits are mandatory"
        } else if !container.holds("securityContext") {
          "security context is mandatory"
        } else {
          nil
        }
      if let complaint {
        report("executor-plugin", "spec.executorPlugins: \(complaint)", at: place)
        return
      }
    }
  }
}
