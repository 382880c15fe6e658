import JSONValue

extension ValidationRun {
  /// The rules of templates that call no others.
  func checkLeaf(_ template: CallableTemplate, in origin: TemplateOrigin, scope: TagScope) {
    let (name, path) = (template.name, template.path)
    checkTags(template.json, scope, prefix: "templates.\(name):", at: path)
    checkVolumes(template)
    if template.has("container") {
      checkMounts(template)
      checkImage(template, "container", in: origin)
    }
    if template.has("script") { checkImage(template, "script", in: origin) }
    if template.has("containerSet") { checkContainerSet(template) }
    for (index, sidecar) in template.list("sidecars").enumerated() {
      let container = sidecar.text(at: "name")
      if isReserved(container) {
        report(
          "container-name", "templates.\(name).sidecars: \"\(container)\" is a reserved Argo container name",
          at: path["sidecars"][index]["name"])
      } else if sidecar.text(at: "image").isEmpty {
        report("image", "templates.\(name).sidecars[\(index)].image may not be empty", at: path["sidecars"][index])
      }
    }
    if template.has("resource") { checkResource(template) }
    checkPlugin(template)
    checkData(template)
    checkActiveDeadline(template)
    if template.has("parallelism") {
      report(
        "parallelism", "templates.\(name).parallelism is only valid for steps and dag templates", at: path["parallelism"])
    }
    if let http = template.json["http"], !http.text(at: "successCondition").isEmpty {
      checkExpression(
        http.text(at: "successCondition"), what: "successCondition", prefix: "templates.\(name).http", at: path["http"]["successCondition"])
    }
  }

  /// What containers mount must be a volume of the template or of the workflow (`operator.go`'s pod builder finds that out when the node begins).
  private func checkVolumes(_ template: CallableTemplate) {
    guard template.isPod, let volumes else { return }
    let own = template.list("volumes").map { $0.text(at: "name") }
    if own.contains(where: isTemplated) { return }
    let known = volumes.union(own)
    for (container, place) in template.containers {
      for (index, mount) in container.elements("volumeMounts").enumerated() {
        let name = mount.text(at: "name")
        if name.isEmpty || isTemplated(name) || known.contains(name) { continue }
        let near = nearest(to: name, in: known).map { "did you mean \"\($0)\"?" }
        report(
          "volume-mount", "templates.\(template.name): volume '\(name)' not found in workflow spec", hint: near,
          at: place["volumeMounts"][index]["name"])
      }
    }
  }

  private func checkMounts(_ template: CallableTemplate) {
    let (name, path) = (template.name, template.path)
    var mounted: [String: String] = [:]
    for (index, mount) in template.list("container", "volumeMounts").enumerated() {
      let directory = mount.text(at: "mountPath")
      if let other = mounted[directory] {
        report(
          "mount-path", "templates.\(name).container.volumeMounts[\(index)].mountPath '\(directory)' already mounted in \(other)",
          at: path["container"]["volumeMounts"][index]["mountPath"])
      }
      mounted[directory] = "container.volumeMounts.\(mount.text(at: "name"))"
    }
    for (index, artifact) in template.list("inputs", "artifacts").enumerated() where !artifact.text(at: "path").isEmpty {
      let directory = artifact.text(at: "path")
      if let other = mounted[directory] {
        report(
          "mount-path", "templates.\(name).inputs.artifacts[\(index)].path '\(directory)' already mounted in \(other)",
          at: path["inputs"]["artifacts"][index]["path"])
      }
      mounted[directory] = "inputs.artifacts.\(artifact.text(at: "name"))"
    }
  }

  private func checkImage(_ template: CallableTemplate, _ body: String, in origin: TemplateOrigin) {
    guard (template.json[body]?.text(at: "image") ?? "").isEmpty else { return }
    let defaults = origin.spec.at("templateDefaults", body)?.text(at: "image") ?? ""
    if defaults.isEmpty { report("image", "templates.\(template.name).\(body).image may not be empty", at: template.path[body]) }
  }

  /// The names that the originals' own containers have in a pod.
  private func isReserved(_ name: String) -> Bool {
    ["wait", "init", "supervisor"].contains(name) || name.hasPrefix("artifact-plugin-")
  }

  private func checkContainerSet(_ template: CallableTemplate) {
    let prefix = "templates.\(template.name).containerSet"
    let path = template.path["containerSet"]
    let containers = template.list("containerSet", "containers")
    if containers.isEmpty {
      report("container-set", "\(prefix).containers must have at least one container", at: path)
      return
    }
    checkNames(containers, .field, prefix: "\(prefix).containers", at: path["containers"])
    let names = Set(containers.map { $0.text(at: "name") })
    var graph: [String: [String]] = [:]
    for (index, container) in containers.enumerated() {
      let name = container.text(at: "name")
      let place = path["containers"][index]
      graph[name] = container.elements("dependencies").compactMap(\.string)
      if isReserved(name) {
        report("container-name", "\(prefix).containers: \"\(name)\" is a reserved Argo container name", at: place["name"])
      }
      if container.text(at: "image").isEmpty { report("image", "\(prefix).containers[\(index)].image may not be empty", at: place) }
      for dependency in graph[name] ?? [] where !names.contains(dependency) {
        let near = nearest(to: dependency, in: names).map { "did you mean '\($0)'?" }
        report(
          "container-set", "\(prefix).containers.\(name) dependency '\(dependency)' not defined", hint: near, at: place["dependencies"])
      }
    }
    // A round without a container whose dependencies are all met leaves a cycle.
    var open = graph.mapValues { $0.filter(names.contains) }
    while case let ready = open.filter({ $0.value.allSatisfy { open[$0] == nil } }), !ready.isEmpty {
      for name in ready.keys { open[name] = nil }
    }
    if !open.isEmpty {
      report(
        "container-set", "\(prefix).containers dependency cycle detected among: \(open.keys.sorted().joined(separator: ", "))",
        at: path["containers"])
    }
    let needsMain =
      ["inputs", "outputs"].contains { !template.list($0, "artifacts").isEmpty } || !template.list("outputs", "parameters").isEmpty
    if needsMain, !names.contains("main") {
      report("container-set", "\(prefix).containers must have a container named \"main\" for input or output", at: path["containers"])
    }
    var mounted: [String: String] = [:]
    for (index, mount) in template.list("containerSet", "volumeMounts").enumerated() {
      let directory = mount.text(at: "mountPath")
      if let other = mounted[directory] {
        report(
          "mount-path", "\(prefix).volumeMounts[\(index)].mountPath '\(directory)' already mounted in \(other)",
          at: path["volumeMounts"][index]["mountPath"])
      }
      mounted[directory] = "volumeMounts.\(mount.text(at: "name"))"
    }
  }

  func checkAction(of resource: JSON, prefix: String, isRequired: Bool, at path: FieldPath) {
    let action = resource.text(at: "action")
    let actions = ["get", "create", "apply", "delete", "replace", "patch"]
    if isTemplated(action) || actions.contains(action) || action.isEmpty && !isRequired { return }
    let near = nearest(to: action, in: actions).map { "did you mean \"\($0)\"?" }
    report("resource-action", "\(prefix).action must be one of: \(actions.joined(separator: ", "))", hint: near, at: path["action"])
  }

  private func checkResource(_ template: CallableTemplate) {
    guard let resource = template.json["resource"] else { return }
    let prefix = "templates.\(template.name).resource"
    let path = template.path["resource"]
    let action = resource.text(at: "action")
    checkAction(of: resource, prefix: prefix, isRequired: true, at: path)
    if action == "delete" || action == "get" { return }
    let manifest = resource.text(at: "manifest")
    let source = resource.holds("manifestFrom") ? resource["manifestFrom"] : nil
    if manifest.isEmpty, source == nil {
      report("resource-manifest", "either \(prefix).manifest or \(prefix).manifestFrom must be specified", at: path)
    }
    if !manifest.isEmpty, source != nil {
      report(
        "resource-manifest", "shouldn't have both `manifest` and `manifestFrom` specified in `Manifest` for resource template", at: path)
    }
    if let artifact = source?["artifact"]?.text(at: "name"),
      !template.list("inputs", "artifacts").contains(where: { $0.text(at: "name") == artifact })
    {
      report(
        "resource-manifest", "artifact \(artifact) in `manifestFrom` refer to a non-exist artifact", at: path["manifestFrom"]["artifact"])
    }
    if !manifest.isEmpty, !isYAML(manifest) {
      report("resource-manifest", "\(prefix).manifest must be a valid yaml", at: path["manifest"])
    }
  }

  private func checkPlugin(_ template: CallableTemplate) {
    guard let keys = template.json["plugin"]?.object?.count, keys != 1 else { return }
    report("plugin", "templates.\(template.name).plugin: expected exactly one key, got \(keys)", at: template.path["plugin"])
  }

  private func checkData(_ template: CallableTemplate) {
    for (index, step) in template.list("data", "transformation").enumerated() {
      checkExpression(
        step.text(at: "expression"), what: "transformation[\(index)].expression", prefix: "templates.\(template.name).data",
        at: template.path["data"]["transformation"][index]["expression"])
    }
  }

  private func checkActiveDeadline(_ template: CallableTemplate) {
    guard let value = template.json["activeDeadlineSeconds"], let text = value.scalarText else { return }
    let seconds = Int64(text)
    let isTag = text.hasPrefix("{{") && text.hasSuffix("}}")
    if isTag || (seconds ?? -1) >= 0 { return }
    report(
      "active-deadline", "templates.\(template.name).activeDeadlineSeconds must be a positive integer > 0 or an argo variable",
      at: template.path["activeDeadlineSeconds"])
  }
}
