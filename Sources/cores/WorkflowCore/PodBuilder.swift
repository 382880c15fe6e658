import ArgoModel
import Basics
import JSONValue
import KubeModel
import Templating

/// The pods of nodes (spec section 4.1): the Pod object in the store is all that the node service is told.
extension RunState {
  mutating func beginPod(_ node: Int, _ template: CompiledTemplate, _ leaf: Frame, _ label: ReferenceLabel) {
    if let shutdown = header.shutdown, shutdown == .terminate || !nodes[node].isOnExit {
      setPhase(node, .failed, "workflow shutdown with strategy: \(shutdown.rawValue)")
      return
    }
    if header.isDeadlinePassed || isDeadlineDue, !nodes[node].isOnExit {
      setPhase(node, .failed, "Step exceeded its deadline")
      return
    }
    let name = leaf.locals["pod.name"] ?? podName(nodes[node].name, label)
    do throws(RunFailure) {
      let (pod, declared) = try pod(of: node, name: name, template, leaf)
      if let outputs = declared { nodes[node].details.declaredOutputs = outputs }
      setPod(node, name)
      effects.append(.createPod(pod))
      if template.template.body == .containerSet { addContainers(node, template) }
      if let timeout = try pendingDeadline(node, template, leaf) {
        nodes[node].wakeAt = timeout
        setTimer(.node(node), at: timeout)
      }
    } catch {
      raise(node, error)
    }
  }

  func pendingDeadline(_ node: Int, _ template: CompiledTemplate, _ leaf: Frame) throws(RunFailure) -> Instant? {
    var earliest: Instant?
    for text in [template.timeout, template.pendingTimeout] {
      guard let text else { continue }
      let value = try evaluate(text, leaf, isStrict: false)
      guard let span = parseDuration(value) else { throw RunFailure("invalid timeout format unable to parse \(value) as a duration") }
      let moment = nodes[node].startedAt + span
      earliest = min(earliest ?? moment, moment)
    }
    return earliest
  }

  /// One Container node for each container of the set.
  private mutating func addContainers(_ node: Int, _ template: CompiledTemplate) {
    let containers = template.template.json.at("containerSet", "containers")?.array ?? []
    var added: [String: Int] = [:]
    for container in containers {
      guard let name = container["name"]?.string, added[name] == nil else { continue }
      let child = addNode(
        NodeNames.container(nodes[node].name, name), type: .container, phase: .pending, origin: .container(name), owner: node,
        boundary: node,
        parents: [])
      setSource(child, nil, scope: nodes[node].source.scope, label: nodes[node].source.label)
      added[name] = child
    }
    for container in containers {
      guard let name = container["name"]?.string, let child = added[name] else { continue }
      let dependencies = (container["dependencies"]?.array ?? []).compactMap { $0.string.flatMap { added[$0] } }
      if dependencies.isEmpty { addChild(node, child) } else { for other in dependencies { addChild(other, child) } }
    }
  }

  /// The pod, and the outputs that it declares with tags replaced: from a mould where there is one.
  private mutating func pod(
    of node: Int, name: String, _ template: CompiledTemplate, _ leaf: Frame
  ) throws(RunFailure) -> (Resource, outputs: JSON?) {
    let key = mouldKey(node, template)
    let known = key.flatMap { podMoulds[$0] }
    if let mould = known ?? nil { return (mould.pod(name, node: nodes[node].name, id: id(of: node)), mould.outputs) }
    let made = try makePod(node, name: name, template, leaf)
    if let key, known == nil { podMoulds[key] = .some(saysTheSameOfPods ? PodMould(made.0, outputs: made.outputs) : nil) }
    return made
  }

  /// The container's standard output is the step's result, which something reads.
  func capturesResult(_ node: Int) -> Bool { nodes[node].boundary != nil && compiledStep(of: node)?.isResultRead == true }

  /// The pod, and the outputs that it declares with tags replaced.
  private func makePod(
    _ node: Int, name podName: String, _ template: CompiledTemplate, _ leaf: Frame
  ) throws(RunFailure) -> (Resource, outputs: JSON?) {
    var leaf = leaf
    leaf.inputs = nodes[node].inputs ?? .object([:])
    for (name, path) in template.paths { leaf.locals[name] = path }
    var body = try evaluate(template.body, leaf, isStrict: false)
    body["inputs"] = nodes[node].inputs
    if var outputs = body["outputs"], let artifacts = outputs["artifacts"]?.array, !artifacts.isEmpty {
      outputs["artifacts"] = .array(artifacts.map(located))
      body["outputs"] = outputs
    }
    body["archiveLocation"] = try archiveLocation(body, leaf)
    let kind = template.template.body
    if kind == .resource { try setOwner(in: &body) }
    if kind == .data, let source = body.at("data", "source", "artifactPaths") {
      body["data"]?["source"]?["artifactPaths"] = located(source)
    }

    var podSpec = JSONObject()
    podSpec["restartPolicy"] = "Never"
    var containers = try mainContainers(node, kind, body, podName: podName)
    let mirrored = containers.first?["volumeMounts"]?.array ?? []
    for sidecar in body.list("sidecars") {
      var sidecar = sidecar
      if sidecar["mirrorVolumeMounts"]?.bool == true {
        sidecar["volumeMounts"] = .array(mirrored + (sidecar["volumeMounts"]?.array ?? []))
      }
      sidecar["mirrorVolumeMounts"] = nil
      containers.append(withEnvironment(sidecar, node, podName: podName))
    }
    podSpec["containers"] = .array(containers)
    let initial = body.list("initContainers").map { container -> JSON in
      var container = container
      if container["mirrorVolumeMounts"]?.bool == true {
        container["volumeMounts"] = .array(mirrored + (container["volumeMounts"]?.array ?? []))
      }
      container["mirrorVolumeMounts"] = nil
      return withEnvironment(container, node, podName: podName)
    }
    if !initial.isEmpty { podSpec["initContainers"] = .array(initial) }
    let volumes = try mountedVolumes(of: containers + initial, among: body.list("volumes") + header.volumes)
    if !volumes.isEmpty { podSpec["volumes"] = .array(volumes) }
    var said = template.podFields.union(workflowPodFields)
    if let boundary = nodes[node].boundary, let around = nodes[boundary].template { said = said.union(around.podFields) }
    for (place, field) in PodField.names.enumerated() where said.contains(place: place) {
      if let value = body.present(field) ?? boundaryField(field, of: node) ?? workflowField(field) { podSpec[field] = value }
    }
    if let priority = spec.json.present("podPriorityClassName"), podSpec["priorityClassName"] == nil {
      podSpec["priorityClassName"] = priority
    }
    let aliases = (workflowField("hostAliases")?.array ?? []) + body.list("hostAliases")
    if !aliases.isEmpty { podSpec["hostAliases"] = .array(aliases) }
    if let resources = body.present("podResources") ?? workflowField("podResources") { podSpec["resources"] = resources }
    if let seconds = try deadlineSeconds(node, body, leaf, template) { podSpec["activeDeadlineSeconds"] = .int(seconds) }
    podSpec = try patched(podSpec, body, leaf)

    var metadata = JSONObject()
    metadata["name"] = .string(podName)
    metadata["namespace"] = .string(namespace)
    var labels = body.at("metadata", "labels")?.object ?? [:]
    try checkLabels(labels, ofPod: podName)
    labels[ArgoKey.workflow] = .string(name)
    labels[ArgoKey.completed] = "false"
    if nodes[node].isOnExit { labels[ArgoKey.onExit] = "true" }
    var annotations = body.at("metadata", "annotations")?.object ?? [:]
    annotations[ArgoKey.nodeName] = .string(nodes[node].name)
    annotations[ArgoKey.nodeID] = .string(nodes[node].id)
    if let podGC = spec.podGC, podGC.selector.matches(labels.reduce(into: [:]) { $0[$1.key] = $1.value.string }) {
      annotations[ArgoKey.podGCStrategy] = .string(podGC.annotation)
    }
    if let text = template.plainText, body["inputs"] == nil, body["archiveLocation"] == nil {
      annotations[ArgoKey.template] = .string(text)
    } else {
      body["metadata"] = nil
      annotations[ArgoKey.template] = .string(body.text(.compact))
    }
    metadata["labels"] = .object(labels)
    metadata["annotations"] = .object(annotations)
    metadata["ownerReferences"] = podConstants.owners
    let pod = Resource(.pod, json: .object(["apiVersion": "v1", "kind": "Pod", "metadata": .object(metadata), "spec": .object(podSpec)]))
    let outputs = body.present("outputs")
    return (pod, outputs?.list("parameters").isEmpty == false || outputs?.list("artifacts").isEmpty == false ? outputs : nil)
  }

  /// Refuses labels that Kubernetes refuses, which tags may have made of good ones, in its words.
  private func checkLabels(_ labels: JSONObject, ofPod name: String) throws(RunFailure) {
    var problems: [String] = []
    for (key, value) in labels {
      let text = value.string ?? value.text()
      problems += NameFormats.qualifiedName(key).map { "metadata.labels: Invalid value: \(GoQuote.quoted(key)): \($0)" }
      problems += NameFormats.labelValue(text).map { "metadata.labels: Invalid value: \(GoQuote.quoted(text)): \($0)" }
    }
    guard let first = problems.first else { return }
    let list = problems.count == 1 ? first : "[\(problems.joined(separator: ", "))]"
    throw RunFailure("Pod \(GoQuote.quoted(name)) is invalid: \(list)")
  }

  /// The volumes that the containers mount, each once; the first of a name counts, so that the template's go before the workflow's.
  private func mountedVolumes(of containers: [JSON], among volumes: [JSON]) throws(RunFailure) -> [JSON] {
    var known: [String: JSON] = [:]
    for volume in volumes { if let name = volume["name"]?.string, known[name] == nil { known[name] = volume } }
    var mounted: [JSON] = []
    var names: Set<String> = []
    for mount in containers.lazy.flatMap({ $0.list("volumeMounts") }) {
      let name = mount["name"]?.string ?? ""
      guard let volume = known[name] else { throw RunFailure("volume '\(name)' not found in workflow spec") }
      if names.insert(name).inserted { mounted.append(volume) }
    }
    return mounted
  }

  /// A field of the workflow's specification with workflow variables replaced.
  func workflowField(_ field: String) -> JSON? {
    guard let value = spec.json.present(field) else { return nil }
    return (try? evaluate(CompiledTree(value), Frame(), isStrict: false)) ?? value
  }

  private func mainContainers(_ node: Int, _ kind: Template.Body?, _ body: JSON, podName: String) throws(RunFailure) -> [JSON] {
    let capturesResult = capturesResult(node)
    func finished(_ container: JSON) -> JSON {
      var container = withEnvironment(container, node, podName: podName)
      if capturesResult, container["name"]?.string == "main" {
        container["env"] = .array((container["env"]?.array ?? []) + [["name": "ARGO_INCLUDE_SCRIPT_OUTPUT", "value": "true"]])
      }
      return container
    }
    switch kind {
    case .container:
      var container = body["container"] ?? .object([:])
      container["name"] = "main"
      return [finished(container)]
    case .script:
      var container = body["script"] ?? .object([:])
      container["name"] = "main"
      container["source"] = nil
      return [finished(container)]
    case .containerSet:
      let set = body["containerSet"] ?? .object([:])
      let mounts = set.list("volumeMounts")
      var containers: [JSON] = []
      for container in set.list("containers") {
        var container = container
        container["dependencies"] = nil
        if !mounts.isEmpty { container["volumeMounts"] = .array(mounts + container.list("volumeMounts")) }
        containers.append(finished(container))
      }
      guard !containers.isEmpty else { throw RunFailure("containerSet must have at least one container") }
      return containers
    default:
      if let container = Self.executorContainer(kind, body) { return [finished(container)] }
      throw RunFailure("Template '\(body["name"]?.string ?? "")' missing specification")
    }
  }

  private func withEnvironment(_ container: JSON, _ node: Int, podName: String) -> JSON {
    var container = container
    var environment = container["env"]?.array ?? []
    environment.reserveCapacity(environment.count + 6)
    func add(_ name: String, _ value: String) { environment.append(["name": .string(name), "value": .string(value)]) }
    add("ARGO_CONTAINER_NAME", container["name"]?.string ?? "")
    add("ARGO_NODE_ID", nodes[node].id)
    add("ARGO_POD_NAME", podName)
    environment += podConstants.environment
    let own = nodes[node].detailsBox?.value.executionDeadline
    let deadline = nodes[node].isOnExit ? own : workflowDeadline.map { deadline in own.map { min($0, deadline) } ?? deadline } ?? own
    if let deadline { add("ARGO_DEADLINE", deadline.rfc3339) } else { environment.append(PodConstants.noDeadline) }
    container["env"] = .array(environment)
    return container
  }

  /// What the template around a node says where its own says nothing of where it is to run.
  private func boundaryField(_ field: String, of node: Int) -> JSON? {
    guard ["nodeSelector", "affinity", "tolerations"].contains(field), let boundary = nodes[node].boundary else { return nil }
    return nodes[boundary].template?.template.json.present(field)
  }

  /// How long the pod may be active: the template's deadline, what is left of its timeout, and of its retry's maximum duration.
  private func deadlineSeconds(_ node: Int, _ body: JSON, _ leaf: Frame, _ template: CompiledTemplate) throws(RunFailure) -> Int64? {
    var seconds: Int64?
    // Who debugs a container is given the time.
    if let text = body.present("activeDeadlineSeconds")?.anyString, !Self.isDebugged(body) {
      guard let value = Int64(text.trimmed) else {
        throw RunFailure("strconv.ParseInt: parsing \(JSON.string(text).text()): invalid syntax")
      }
      seconds = value
    }
    func limit(to moment: Instant) {
      let left = max(1, (moment - now).milliseconds / 1000)
      seconds = min(seconds ?? left, left)
    }
    if let text = template.timeout, let span = parseDuration(try evaluate(text, leaf, isStrict: false)) {
      limit(to: nodes[node].startedAt + span)
    }
    if let executionDeadline = nodes[node].detailsBox?.value.executionDeadline { limit(to: executionDeadline) }
    return seconds
  }
}

/// What is the same in all pods of a run.
struct PodConstants: Sendable {
  /// The workflow's part of the containers' environment.
  let environment: [JSON]
  let owners: JSON
  static let noDeadline: JSON = ["name": "ARGO_DEADLINE", "value": "0001-01-01T00:00:00Z"]

  init(run: String, uid: String) {
    environment = [["name": "ARGO_WORKFLOW_NAME", "value": .string(run)], ["name": "ARGO_WORKFLOW_UID", "value": .string(uid)]]
    owners = [RunState.ownerReference(run: run, uid: uid)]
  }
}
