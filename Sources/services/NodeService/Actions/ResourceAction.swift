import Contracts
import JSONValue
import KubeModel

/// Why an action came to no good end.
enum ActionStop: Error, Sendable {
  /// What the executor leaves as its last message; the step fails.
  case failed(String)
  /// The store cannot serve just now.
  case later(KubeStatus)
  /// The pod is no longer there: nobody waits for the outcome.
  case gone
}

/// Carries out the action of a resource template against the store, each document of the manifest in a transaction of its own together with the
/// note that it was done.
struct ResourceAction {
  let pod: Resource
  let template: JSON
  let manifest: [UInt8]
  /// The path that messages name.
  let manifestPath: String
  let store: any ResourceStoring
  var rights: ActionRights?
  let log: ActionLog

  typealias Problem = KubectlCommand.Problem

  /// Tries at a change that others made impossible meanwhile.
  private static let attempts = 16

  /// The object to wait for and to read outputs from; nil when there is none, by a deletion or a `get` that may find nothing.
  func perform() throws(ActionStop) -> ActionTarget? {
    let resource = template["resource"] ?? .null
    let flags = (resource["flags"]?.array ?? []).compactMap(\.string)
    let action = resource["action"]?.string ?? ""
    guard !manifest.isEmpty || !flags.isEmpty else { throw .failed("Must provide at least one of flags or manifest.") }
    do {
      let command = try KubectlCommand(action: action, mergeStrategy: resource["mergeStrategy"]?.string ?? "", flags: flags)
      let units = try self.units(command, hasFlags: !flags.isEmpty)
      log.write((["kubectl", action] + flags + (manifest.isEmpty ? [] : ["-f", manifestPath])).joined(separator: " "))
      var record = ActionRecord(of: pod)
      for index in units.indices.dropFirst(record.units.count) {
        record.units.append(.done([]))
        do throws(ActionStop) {
          try carryOut(units[index], command, &record)
        } catch {
          guard case .failed(let message) = error else { throw error }
          record.units[index] = .failed(message)
        }
      }
      return try target(of: command, record)
    } catch let problem as Problem {
      throw .failed("no more retries " + problem.message)
    } catch let stop as ActionStop {
      throw stop
    } catch {
      throw .failed("\(error)")
    }
  }

  /// What the executor makes of the output of `kubectl`.
  private func target(of command: KubectlCommand, _ record: ActionRecord) throws(ActionStop) -> ActionTarget? {
    var failures: [String] = []
    var targets: [ActionTarget] = []
    for unit in record.units {
      switch unit {
      case .done(let found): targets += found
      case .failed(let message): failures.append(message)
      }
    }
    guard failures.isEmpty else { throw .failed("no more retries " + failures.joined(separator: "\n")) }
    if command.action == .delete { return nil }
    let missing = "Kind and name are both required but at least one of them is missing from the manifest"
    if targets.contains(where: \.name.isEmpty) { throw .failed(missing) }
    if targets.count > 1 || (command.selector != nil && command.action == .get) {
      switch command.action {
      case .get where targets.isEmpty && command.ignoresNotFound: return nil
      case .get, .apply:
        throw .failed(missing)
      default: throw .failed("invalid character '{' after top-level value")
      }
    }
    return targets.first
  }
}

extension ResourceAction {
  /// One thing to do.
  enum Unit {
    /// An object as a manifest gives it.
    case object(Resource)
    /// Objects that exist, by name; patched with the manifest or deleted.
    case named([ResourceKey])
    case selected(ResourceKind, LabelSelector)
  }

  private func units(_ command: KubectlCommand, hasFlags: Bool) throws(Problem) -> [Unit] {
    if command.action == .patch, try usesArguments(command, hasFlags: hasFlags) { return try argumentUnits(command) }
    if manifest.isEmpty { return try argumentUnits(command) }
    guard command.arguments.isEmpty else {
      throw Problem("error: when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well")
    }
    let objects = try ManifestObjects(path: manifestPath, command: command, namespace: pod.namespace).objects(manifest)
    return objects.map { Unit.object($0) }
  }

  /// A JSON patch names its object by flags, and so does another patch whose manifest has no kind.
  private func usesArguments(_ command: KubectlCommand, hasFlags: Bool) throws(Problem) -> Bool {
    if command.patchType == .json { return true }
    guard hasFlags else { return false }
    return try ManifestText.first(manifest)["kind"] == nil
  }

  private func argumentUnits(_ command: KubectlCommand) throws(Problem) -> [Unit] {
    let arguments = command.arguments
    guard let first = arguments.first else {
      throw Problem("error: You must provide one or more resources by argument or filename.")
    }
    func kind(_ word: String) throws(Problem) -> ResourceKind {
      guard let kind = ResourceKind.named(word) else { throw Problem("error: the server doesn't have a resource type \"\(word)\"") }
      return kind
    }
    let namespace = command.namespace ?? pod.namespace
    if first.contains("/") {
      var keys: [ResourceKey] = []
      for argument in arguments {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[1].isEmpty else {
          throw Problem(
            "error: there is no need to specify a resource type as a separate argument when passing arguments in resource/name form "
              + "(e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'")
        }
        keys.append(ResourceKey(try kind(parts[0]), namespace: namespace, name: parts[1]))
      }
      return keys.map { Unit.named([$0]) }
    }
    let found = try kind(first)
    let names = arguments.dropFirst()
    if let selector = command.selector {
      guard names.isEmpty else { throw Problem("error: name cannot be provided when a selector is specified") }
      return [.selected(found, try ManifestObjects.parse(selector))]
    }
    if command.selectsAll || (names.isEmpty && command.action == .get) { return [.selected(found, .everything)] }
    guard !names.isEmpty else { throw Problem("error: resource(s) were provided, but no name was specified") }
    return names.map { Unit.named([ResourceKey(found, namespace: namespace, name: $0)]) }
  }

  /// Plans a unit against what is stored and commits it, again when others came between.
  private func carryOut(_ unit: Unit, _ command: KubectlCommand, _ record: inout ActionRecord) throws(ActionStop) {
    var last: Problem?
    for _ in 0..<Self.attempts {
      do throws(ActionPlan.Refusal) {
        let plan = try ActionPlan(unit, command: command, action: self)
        record.units[record.units.count - 1] = .done(plan.targets)
        if !plan.writes.isEmpty, !command.isDryRun {
          // An action on the pod itself may leave nothing to note it on.
          let removesPod = plan.writes.contains { if case .delete(pod.key) = $0 { true } else { false } }
          do throws(KubeStatus) {
            try store.commit(plan.writes + (removesPod ? [] : [record.write(to: pod.key)]))
          } catch {
            throw ActionPlan.Refusal.store(error)
          }
        }
        for line in plan.notes { log.write(line) }
        return
      } catch {
        guard case .store(let status) = error else {
          guard case .problem(let problem) = error else { return }
          throw .failed(problem.message)
        }
        switch status.reason {
        case .internalError, .serviceUnavailable, .tooManyRequests: throw .later(status)
        case .conflict, .alreadyExists, .notFound:
          guard try isPodThere() else { throw .gone }
          last = Problem(ActionPlan.text(status, verb: nil, path: manifestPath))
        default: throw .failed(ActionPlan.text(status, verb: ActionPlan.verb(command.action), path: manifestPath))
        }
      }
    }
    throw .failed(last?.message ?? "")
  }

  private func isPodThere() throws(ActionStop) -> Bool {
    do throws(KubeStatus) { return try store.get(pod.key)?.uid == pod.uid } catch { throw .later(error) }
  }
}
