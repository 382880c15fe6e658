import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import YAMLText

/// A program that executes `plugin` templates: the sidecar of Argo's agent pod, here a pod of its own that all workflows of a namespace share.
struct ExecutorPlugin: Sendable, Hashable {
  var name: String
  /// The workflow's namespace: the sidecar's Secrets and ConfigMaps are looked up there.
  var namespace: String
  var container: JSON

  var port: UInt16 { container["ports"]?[0]?["containerPort"]?.int.flatMap { UInt16(exactly: $0) } ?? 0 }

  /// - Parameter sidecar: `container` and what else a plugin's `spec.sidecar` holds. Refused with Argo's words where something is missing.
  init(name: String, namespace: String, sidecar: JSON) throws(TaskFailure) {
    let container = sidecar["container"] ?? .object([:])
    if container.list("ports").isEmpty { throw TaskFailure("at least one port is mandatory") }
    if container.at("resources", "requests") == nil { throw TaskFailure("resources requests are mandatory") }
    if container.at("resources", "limits") == nil { throw TaskFailure("resources limits are mandatory") }
    if container.present("securityContext") == nil { throw TaskFailure("security context is mandatory") }
    self.name = name
    self.namespace = namespace
    self.container = container
    if port == 0 { throw TaskFailure("the first port is not between 1 and 65535") }
  }

  private init(name: String, namespace: String, container: JSON) {
    self.name = name
    self.namespace = namespace
    self.container = container
  }

  /// The plugins that a workflow writes itself (`spec.executorPlugins`); they take the place of all others.
  static func inline(_ json: JSON, namespace: String) throws(TaskFailure) -> [ExecutorPlugin] {
    var result: [ExecutorPlugin] = []
    for plugin in json.array ?? [] {
      guard let name = plugin.at("metadata", "name")?.string, !name.isEmpty else {
        throw TaskFailure("executor plugin metadata name is mandatory")
      }
      result.append(try ExecutorPlugin(name: name, namespace: namespace, sidecar: plugin.at("spec", "sidecar") ?? .null))
    }
    return result
  }

  /// The plugins that are installed as ConfigMaps: those of the workflow's namespace, by name, then those of the controller's that have no
  /// namesake there. `problems`: what is wrong with those that were left out.
  static func installed(
    _ store: any ResourceStoring, namespace: String, controllerNamespace: String
  ) throws(KubeStatus) -> (plugins: [ExecutorPlugin], problems: [String]) {
    var plugins: [ExecutorPlugin] = []
    var problems: [String] = []
    var seen: Set<String> = []
    let selector = LabelSelector([.equals(ArgoKey.configMapType, "ExecutorPlugin")])
    for place in namespace == controllerNamespace ? [namespace] : [namespace, controllerNamespace] {
      for map in try store.list(.configMap, namespace: place, labels: selector) {
        let suffix = "-executor-plugin"
        let name = map.name.hasSuffix(suffix) ? String(map.name.dropLast(suffix.count)) : map.name
        guard seen.insert(name).inserted else { continue }
        do throws(TaskFailure) {
          plugins.append(try ExecutorPlugin(name: name, namespace: namespace, sidecar: ["container": try container(of: map)]))
        } catch {
          problems.append("\(place)/\(map.name): sidecar is invalid: \(error.message)")
        }
      }
    }
    return (plugins, problems)
  }

  private static func container(of map: Resource) throws(TaskFailure) -> JSON {
    guard let text = map.json.at("data", "sidecar.container")?.string else { throw TaskFailure("sidecar.container is missing") }
    do throws(YAMLError) {
      guard let value = try YAMLText.documents(text).first?.value, value.object != nil else {
        throw YAMLError("sidecar.container is no container", at: SourcePosition(line: 1, column: 1))
      }
      return value
    } catch {
      throw TaskFailure("sidecar.container: \(error)")
    }
  }

  // MARK: The pod

  static let annotation = "workflows.argoproj.io/executor-plugin"
  private static let tokenKey = "token"

  /// The pod that runs the plugin, and the Secret with the token by which it knows the agent (`/var/run/argo/token`).
  func objects(token: String, suffix: String) -> (pod: Resource, secret: Resource) {
    // Within the 63 characters that a label, which kubelets make of it, may have.
    let name = "\(name.prefix(40))-agent-\(suffix)"
    let labels: JSON = [ArgoKey.component: .string(Resource.agentComponent), ArgoKey.completed: "false"]
    var main = container
    let mount: JSON = ["name": "var-run-argo", "mountPath": "/var/run/argo", "readOnly": true]
    main["volumeMounts"] = .array(container.list("volumeMounts") + [mount])
    let definition: JSON = ["name": .string(self.name), "container": container]
    let pod = Resource(
      .pod,
      json: [
        "metadata": [
          "name": .string(name), "namespace": .string(namespace), "labels": labels,
          "annotations": [Self.annotation: .string(definition.text(.compact))],
        ],
        "spec": [
          "restartPolicy": "Never", "terminationGracePeriodSeconds": 5, "automountServiceAccountToken": false, "containers": [main],
          "volumes": [["name": "var-run-argo", "secret": ["secretName": .string(name)]]],
        ],
      ])
    let secret = Resource(
      .secret,
      json: [
        "metadata": ["name": .string(name), "namespace": .string(namespace), "labels": labels],
        "data": [Self.tokenKey: .string(Base64.encode(Array(token.utf8)))],
      ])
    return (pod, secret)
  }

  /// The plugin that a pod of an earlier start runs, and its token; nil when either cannot be read.
  static func restored(_ pod: Resource, _ secrets: any SecretReading) -> (plugin: ExecutorPlugin, token: String)? {
    guard let text = pod.annotation(annotation), let json = try? JSON.parse(text), let name = json["name"]?.string,
      let container = json["container"],
      let token = secrets.secret(namespace: pod.namespace, name: pod.name, key: tokenKey)
    else { return nil }
    return (ExecutorPlugin(name: name, namespace: pod.namespace, container: container), String(decoding: token, as: UTF8.self))
  }
}

extension Resource {
  static let agentComponent = "agent"

  /// It runs an executor plugin.
  var isPluginPod: Bool { annotation(ExecutorPlugin.annotation) != nil }

  var isCompletedWorkflow: Bool { label(ArgoKey.completed) == "true" }
}
