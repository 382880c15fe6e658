import ArgoModel
import JSONValue
import KubeModel

/// A pod that was made for one node, from which those of others are made that differ from it in nothing but the names of node and pod.
struct PodMould: Sendable {
  /// What else a pod depends on. It holds the templates themselves, so that none of its is mistaken for one that comes to lie in the same place.
  struct Key: Hashable, Sendable {
    var template: CompiledTemplate
    /// That of the node's boundary.
    var around: CompiledTemplate?
    var isOnExit: Bool
    var capturesResult: Bool

    static func == (left: Key, right: Key) -> Bool {
      left.template === right.template && left.around === right.around && left.isOnExit == right.isOnExit
        && left.capturesResult == right.capturesResult
    }

    func hash(into hasher: inout Hasher) {
      hasher.combine(ObjectIdentifier(template))
      hasher.combine(around.map { ObjectIdentifier($0) })
      hasher.combine(isOnExit)
      hasher.combine(capturesResult)
    }
  }

  private let metadata: JSONObject
  private let annotations: JSONObject
  private let spec: JSONObject
  private let container: JSONObject
  private let environment: [JSON]
  /// Where in the environment the node's ID is; the name of the pod follows.
  private let place: Int
  let outputs: JSON?

  /// nil: the pod has more than one container.
  init?(_ pod: Resource, outputs: JSON?) {
    guard let metadata = pod.json["metadata"]?.object, let annotations = metadata["annotations"]?.object,
      let spec = pod.json["spec"]?.object, spec["initContainers"] == nil, let containers = spec["containers"]?.array,
      containers.count == 1, let container = containers[0].object, let environment = container["env"]?.array,
      let place = environment.lastIndex(where: { $0["name"] == "ARGO_NODE_ID" })
    else { return nil }
    (self.metadata, self.annotations, self.spec, self.container) = (metadata, annotations, spec, container)
    (self.environment, self.place, self.outputs) = (environment, place, outputs)
  }

  func pod(_ name: String, node: String, id: String) -> Resource {
    var environment = environment
    environment[place] = Self.variable("ARGO_NODE_ID", id)
    environment[place + 1] = Self.variable("ARGO_POD_NAME", name)
    var container = container
    container["env"] = .array(environment)
    var spec = spec
    spec["containers"] = .array([.object(container)])
    var annotations = annotations
    annotations[ArgoKey.nodeName] = .string(node)
    annotations[ArgoKey.nodeID] = .string(id)
    var metadata = metadata
    metadata["name"] = .string(name)
    metadata["annotations"] = .object(annotations)
    var pod = JSONObject(capacity: 4)
    pod.append("apiVersion", "v1")
    pod.append("kind", "Pod")
    pod.append("metadata", .object(metadata))
    pod.append("spec", .object(spec))
    return Resource(.pod, json: .object(pod))
  }

  private static func variable(_ name: String, _ value: String) -> JSON {
    var variable = JSONObject(capacity: 2)
    variable.append("name", .string(name))
    variable.append("value", .string(value))
    return .object(variable)
  }
}

extension RunState {
  /// What a node's pod depends on besides its names; nil where it depends on more: inputs, tags, deadlines, places of artifacts.
  func mouldKey(_ node: Int, _ template: CompiledTemplate) -> PodMould.Key? {
    guard template.makesEqualPods, header.repositoryLocation == nil, nodes[node].keptInputs.isNone,
      nodes[node].detailsBox?.value.executionDeadline == nil
    else { return nil }
    return PodMould.Key(
      template: template, around: nodes[node].boundary.flatMap { nodes[$0].template }, isOnExit: nodes[node].isOnExit,
      capturesResult: capturesResult(node))
  }

  /// What the workflow's specification says of its pods is the same for all.
  var saysTheSameOfPods: Bool {
    guard spec.json["podSpecPatch"] == nil else { return false }
    return (PodField.names + ["hostAliases", "podResources"]).allSatisfy { field in
      spec.json.present(field).map { TreeTemplate($0).isConstant } ?? true
    }
  }
}
