internal import ArgoModel
internal import Basics
package import Contracts
internal import JSONValue
package import KubeModel

/// A workflow that is made of a template or a CronWorkflow (spec 5.3).
package struct SubmitRequest: Sendable {
  package var namespace: String
  package var kind: ResourceKind
  package var name: String
  package var options: SubmitOptions

  /// Throws `badRequest` for a kind that cannot be submitted.
  package init(namespace: String, resourceKind: String, name: String, options: SubmitOptions) throws(KubeStatus) {
    self.namespace = namespace
    self.name = name
    self.options = options
    switch resourceKind {
    case "WorkflowTemplate", "workflowtemplate", "workflowtemplates", "wftmpl": kind = .workflowTemplate
    case "ClusterWorkflowTemplate", "clusterworkflowtemplate", "clusterworkflowtemplates", "cwftmpl", "cwft":
      kind = .clusterWorkflowTemplate
    case "CronWorkflow", "cronworkflow", "cronworkflows", "cronwf": kind = .cronWorkflow
    default: throw KubeStatus(.badRequest, "Resource kind '\(resourceKind)' is not supported for submitting")
    }
  }

  /// Of what the workflow is made.
  package var source: ResourceKey { ResourceKey(kind, namespace: namespace, name: name) }
}

extension WorkflowServer {
  /// Makes a workflow of a template or a CronWorkflow. Throws `badRequest` with what is wrong with it, `notFound`.
  ///
  /// - Parameter may: throws unless the user may read the object that the workflow is made of.
  package func submit(
    _ request: SubmitRequest, by user: UserInfo, may: (ResourceKey) throws(KubeStatus) -> Void
  ) throws(KubeStatus) -> Resource {
    try may(request.source)
    var workflow: Resource
    var artifacts: [JSON] = []
    if request.kind == .cronWorkflow {
      workflow = CronSubmission.workflow(of: try parts.resources.get(request.source), at: parts.now())
      artifacts = workflow.spec.at("arguments", "artifacts")?.array ?? []
    } else {
      workflow = Self.workflow(ofTemplate: request)
      if !request.options.artifacts.isEmpty {
        artifacts = try parts.resources.get(request.source).spec.at("arguments", "artifacts")?.array ?? []
      }
    }
    workflow.namespace = request.namespace
    ActorLabels.setCreator(&workflow, user)
    request.options.apply(to: &workflow)
    if !request.options.artifacts.isEmpty {
      let isReference = request.kind != .cronWorkflow
      let overrides = ArtifactOverrides(keys: request.options.artifacts, namespace: request.namespace)
      let changed = try overrides.apply(to: artifacts, keepingOthers: !isReference, checksKeys: isReference)
      var arguments = workflow.spec["arguments"] ?? [:]
      arguments["artifacts"] = .array(changed)
      workflow.spec["arguments"] = arguments
    }
    return try store(workflow, isServerDryRun: request.options.isServerDryRun, isDryRun: request.options.isDryRun, by: user)
  }

  private static func workflow(ofTemplate request: SubmitRequest) -> Resource {
    let isClusterWide = request.kind == .clusterWorkflowTemplate
    var reference: JSONObject = ["name": .string(request.name)]
    if isClusterWide { reference["clusterScope"] = true }
    var workflow = Resource(
      .workflow,
      json: [
        "metadata": ["generateName": .string(request.name + "-"), "namespace": .string(request.namespace)],
        "spec": ["workflowTemplateRef": .object(reference)],
      ])
    workflow.setLabel(isClusterWide ? ArgoKey.clusterWorkflowTemplate : ArgoKey.workflowTemplate, request.name)
    return workflow
  }
}

/// A workflow that somebody makes of a CronWorkflow out of turn (Argo: `ConvertCronWorkflowToWorkflow`).
enum CronSubmission {
  static func workflow(of cron: Resource, at now: Instant) -> Resource {
    let extra = cron.spec["workflowMetadata"] ?? [:]
    var labels = JSONObject()
    if let instance = cron.label("workflows.argoproj.io/controller-instanceid") {
      labels["workflows.argoproj.io/controller-instanceid"] = .string(instance)
    }
    labels[ArgoKey.cronWorkflow] = .string(cron.name)
    for (key, value) in extra["labels"]?.object ?? [:] { labels[key] = value }
    var annotations: JSONObject = [ArgoKey.scheduledTime: .string(now.rfc3339)]
    for (key, value) in extra["annotations"]?.object ?? [:] { annotations[key] = value }
    var metadata: JSONObject = [
      "generateName": .string(cron.name + "-"), "namespace": .string(cron.namespace), "labels": .object(labels),
      "annotations": .object(annotations),
      "ownerReferences": [
        [
          "apiVersion": .string(cron.kind.apiVersion), "kind": .string(cron.kind.kind), "name": .string(cron.name),
          "uid": .string(cron.uid), "controller": true, "blockOwnerDeletion": true,
        ]
      ],
    ]
    if let finalizers = extra["finalizers"]?.array, !finalizers.isEmpty { metadata["finalizers"] = .array(finalizers) }
    return Resource(.workflow, json: ["metadata": .object(metadata), "spec": cron.spec["workflowSpec"] ?? [:]])
  }
}

/// Argument artifacts that are to be read elsewhere: what was uploaded for this run (spec 8, v4.1).
struct ArtifactOverrides {
  let keys: [String: String]
  let namespace: String

  /// - Parameters:
  ///   - keepingOthers: artifacts that are not changed stay among the result.
  ///   - checksKeys: only keys that an upload to this namespace may have got.
  func apply(to artifacts: [JSON], keepingOthers: Bool, checksKeys: Bool) throws(KubeStatus) -> [JSON] {
    var result: [JSON] = []
    var missing = Set(keys.keys)
    for artifact in artifacts {
      guard let name = artifact["name"]?.string, let key = keys[name] else {
        if keepingOthers { result.append(artifact) }
        continue
      }
      missing.remove(name)
      if checksKeys, let problem = Self.problem(with: key, namespace: namespace) {
        throw KubeStatus(.badRequest, "invalid artifact key override for \(name): \(problem)")
      }
      result.append(try moved(artifact, to: key))
    }
    guard missing.isEmpty else {
      throw KubeStatus(.badRequest, "artifact override(s) matched no artifact: \(missing.sorted().joined(separator: ", "))")
    }
    return result
  }

  private func moved(_ artifact: JSON, to key: String) throws(KubeStatus) -> JSON {
    var result = artifact
    guard var place = ArtifactPlace(artifact) else {
      // A key alone is one of the run's repository, of whatever kind that is.
      result["s3"] = ["key": .string(key)]
      return result
    }
    place.key = key
    guard place.key == key || place.key == "/" + key else {
      throw KubeStatus(
        .badRequest, "failed to set key for artifact \(artifact["name"]?.string ?? ""): a place of kind \(place.kind) has no key")
    }
    result[place.kind] = place.json
    return result
  }

  /// What is wrong with a key: it must be one that the upload makes, `uploads/{namespace}/{uuid}/{file}`.
  static func problem(with key: String, namespace: String) -> String? {
    let quoted = JSON.string(key).text()
    let prefix = "uploads/\(namespace)/"
    guard key.hasPrefix(prefix) else { return "artifact key \(quoted) must start with \(JSON.string(prefix).text())" }
    guard !key.contains("..") else { return "artifact key \(quoted) must not contain '..'" }
    let parts = key.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 4 else {
      return "artifact key \(quoted) must have exactly 4 segments: uploads/{namespace}/{uuid}/{filename}"
    }
    guard parts.allSatisfy({ !$0.isEmpty && $0 != "." }) else { return "artifact key \(quoted) must not contain empty segments" }
    let uuid = Array(parts[2].utf8)
    let isUUID =
      uuid.count == 36
      && uuid.indices.allSatisfy { place in
        [8, 13, 18, 23].contains(place) ? uuid[place] == 0x2D : isHexadecimal(uuid[place])
      }
    return isUUID ? nil : "artifact key \(quoted) must have a valid UUID segment"
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
  }
}
