import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel

/// Plugin tasks: which plugins are asked, and what their answers do.
extension AgentLoop {
  /// Asks the next plugin of a task.
  mutating func beginPlugin(_ slot: String) {
    do throws(TaskFailure) {
      if let task = tasks[slot], task.plugins == nil {
        let found = try plugins(of: task)
        tasks[slot]?.plugins = found
      }
    } catch {
      finish(slot, TaskResult(error.isAgents ? "Error" : "Failed", error.message))
      return
    }
    guard let task = tasks[slot], let plugins = task.plugins else { return }
    let deaf = runs[task.run]?.deafPlugins ?? []
    var position = task.position
    while position < plugins.count, deaf.contains(plugins[position]) { position += 1 }
    tasks[slot]?.position = position
    guard position < plugins.count else {
      finish(slot, TaskResult("Failed", "no plugin executed the template"))
      return
    }
    if let host = readyHost(of: plugins[position], for: task) { call(slot, request(task, to: host)) }
  }

  private func request(_ task: AgentTask, to host: (address: String, token: String)) -> HTTPCall {
    var call = HTTPCall(
      method: "POST", url: "\(host.address)/api/v1/template.execute", bodyLimit: service.settings.bodyLimit)
    call.headers = [("Content-Type", "application/json"), ("Authorization", "Bearer " + host.token)]
    let arguments: JSON = [
      "workflow": [
        "metadata": ["name": .string(task.workflow), "namespace": .string(task.key.namespace), "uid": .string(task.run)]
      ],
      "template": task.template,
    ]
    call.body = arguments.bytes(.compact)
    call.timeout = service.settings.pluginTimeout
    return call
  }

  private mutating func plugins(of task: AgentTask) throws(TaskFailure) -> [ExecutorPlugin] {
    if let inline = task.inlinePlugins, inline.array?.isEmpty == false { return try ownPlugins(inline, task) }
    let namespace = task.key.namespace
    let controller = service.settings.controllerNamespace
    let found: (plugins: [ExecutorPlugin], problems: [String])
    do throws(KubeStatus) {
      found = try ExecutorPlugin.installed(service.store, namespace: namespace, controllerNamespace: controller)
    } catch {
      throw TaskFailure("executor plugins cannot be looked up: \(error.message)")
    }
    for problem in found.problems where reportedProblems.insert(problem).inserted {
      Diagnostics.report("executor plugin left out: \(problem)")
    }
    guard found.plugins.isEmpty else { return found.plugins }
    let places = namespace == controller ? "namespace \(namespace)" : "the namespaces \(namespace) and \(controller)"
    let why = found.problems.isEmpty ? "" : " (left out: \(found.problems.joined(separator: "; ")))"
    throw TaskFailure(
      "no plugin executed the template: there is no executor plugin in \(places)\(why); give its ConfigMap, which has the label "
        + "workflows.argoproj.io/configmap-type: ExecutorPlugin, along with the workflow, or write it into spec.executorPlugins")
  }

  /// The plugins that the workflow itself brings.
  func ownPlugins(_ json: JSON, _ task: AgentTask) throws(TaskFailure) -> [ExecutorPlugin] {
    do throws(TaskFailure) {
      return try ExecutorPlugin.inline(json, namespace: task.key.namespace)
    } catch {
      throw TaskFailure("create agent pod failed with reason:\"\(error.message)\"")
    }
  }

  mutating func pluginAnswered(_ slot: String, _ answer: PluginAnswer) {
    guard let task = tasks[slot], let plugin = task.plugins?[task.position] else { return }
    switch answer {
    case .notMine: next(slot)
    case .neverAgain:
      runs[task.run]?.deafPlugins.insert(plugin)
      next(slot)
    case .retry(let message):
      guard task.failures + 1 < service.settings.pluginAttempts else {
        finish(slot, TaskResult("Failed", message))
        return
      }
      tasks[slot]?.failures += 1
      let wait = service.settings.pluginBackoff.milliseconds << Int64(min(task.failures, 20))
      enqueue(slot, after: TimeSpan(milliseconds: wait))
    case .failed(let message): finish(slot, TaskResult("Failed", message))
    case .node(let result, let requeue):
      tasks[slot]?.failures = 0
      guard let requeue else {
        finish(slot, result ?? TaskResult("Error", "plugin \(plugin.name) answered without a phase"))
        return
      }
      if let result { tell(slot, result) }
      // Every plugin is asked again, from the first.
      tasks[slot]?.position = 0
      enqueue(slot, after: requeue)
    }
  }

  private mutating func next(_ slot: String) {
    tasks[slot]?.position += 1
    tasks[slot]?.failures = 0
    enqueue(slot)
  }

  /// Tells the node what it waits for.
  mutating func explain(_ slot: String, _ message: String) {
    if let told = tasks[slot]?.told, told.phase != "Pending" { return }
    tell(slot, TaskResult("Pending", message))
  }
}
