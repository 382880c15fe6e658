internal import ArgoModel
internal import Basics
package import Contracts
internal import JSONValue
package import KubeModel
package import WorkflowCore

/// What a user asks of a run, as commands and requests word it (spec 2.11, 2.12).
package enum RunVerb: Sendable, Hashable {
  /// With a selector over nodes: fails the suspended nodes that it means, with the message.
  case stop(selector: String = "", message: String = "")
  case terminate
  case suspend
  case resume(selector: String = "")
  case set(selector: String, outputs: [String: String], message: String, phase: String)
}

/// Finds the workflows that a user means, and does to them what he asks: the one way of the control socket and of the Argo API.
package struct RunActions: Sendable {
  let store: any ResourceStoring
  package let acting: any WorkflowActing
  private let index: WorkflowIndex?
  private let archive: (any WorkflowArchiving)?

  /// The name that stands for the newest workflow of a namespace.
  package static let latest = "@latest"

  /// - Parameters:
  ///   - index: knows the newest workflow; nil: the store is asked for all.
  ///   - archive: has workflows that may be newer than those that are there.
  package init(
    store: any ResourceStoring, acting: any WorkflowActing, index: WorkflowIndex? = nil, archive: (any WorkflowArchiving)? = nil
  ) {
    self.store = store
    self.acting = acting
    self.index = index
    self.archive = archive
  }

  // MARK: Which

  /// The name itself; of `@latest` that of the workflow of the namespace that was made last, also when it is only archived: whoever acts on what he
  /// has just read means the same one. Throws `notFound`.
  package func resolved(namespace: String, name: String) throws(KubeStatus) -> String {
    guard name == Self.latest else { return name }
    guard let newest = try newest(namespace: namespace) else { throw KubeStatus(.notFound, "no workflows found") }
    return newest
  }

  /// The workflow of a name or of `@latest`. Throws `notFound` for one that is not there, or only archived.
  package func key(namespace: String, name: String) throws(KubeStatus) -> ResourceKey {
    let key = ResourceKey(.workflow, namespace: namespace, name: try resolved(namespace: namespace, name: name))
    guard try store.get(key) != nil else { throw .notFound(key) }
    return key
  }

  /// The workflows of these names and those that the label selector adds, each once. Throws `notFound`, and `badRequest` for what is no selector.
  package func keys(namespace: String, names: [String], labels: String) throws(KubeStatus) -> [ResourceKey] {
    var keys: [ResourceKey] = []
    if !labels.isEmpty {
      let selector: LabelSelector
      do throws(SelectorError) { selector = try LabelSelector.parse(labels) } catch {
        throw KubeStatus(.badRequest, "unable to parse requirement: \(error)")
      }
      keys = try store.list(.workflow, namespace: namespace, labels: selector).map(\.key)
    }
    for name in names {
      let key = try key(namespace: namespace, name: name)
      if !keys.contains(key) { keys.append(key) }
    }
    return keys
  }

  private func newest(namespace: String) throws(KubeStatus) -> String? {
    guard let index else {
      let all = try store.list(.workflow, namespace: namespace, labels: .everything)
      return all.max { ($0.created, $0.resourceVersion ?? 0) < ($1.created, $1.resourceVersion ?? 0) }?.name
    }
    let live = index.newest(namespace: namespace)
    guard let kept = try archive?.newestArchived(namespace: namespace) else { return live?.name }
    guard let live else { return kept.name }
    // Times are whole seconds: of one second the one that was seen to be made last.
    let keptTime = kept.created / 1000
    let liveTime = live.created.seconds
    let isNewer = keptTime > liveTime || keptTime == liveTime && index.lastMade(namespace: namespace) == kept.uid
    return isNewer ? kept.name : live.name
  }

  // MARK: What

  /// Does it, and returns the workflow as it is then.
  ///
  /// - Parameter user: what labels and messages say of who did it; nil: nothing, as of one who needs no name.
  /// - Throws: `badRequest` in Argo's words when it cannot be done now.
  @discardableResult
  package func perform(_ verb: RunVerb, on key: ResourceKey, by user: UserInfo? = nil) throws(KubeStatus) -> Resource {
    try acting.act(key, try command(verb, by: user), labels: user.map { Self.labels(verb, $0) } ?? LabelEdit())
  }

  /// The command that a verb stands for. Throws `badRequest` for a selector that cannot be read.
  package func command(_ verb: RunVerb, by user: UserInfo? = nil) throws(KubeStatus) -> RunCommand {
    switch verb {
    case .stop(let selector, let message): return .stop(message: message, selector: try Self.selector(selector))
    case .terminate: return .terminate
    case .suspend: return .suspend
    case .resume(let selector):
      // As Go prints the map of what is known of the user.
      let word = user.flatMap { $0.name == UserInfo.anonymous.name ? nil : "Resumed by: map[User:\($0.name)]" }
      return .resume(selector: try Self.selector(selector), by: word ?? "")
    case .set(let selector, let outputs, let message, let phase):
      guard let nodes = try Self.selector(selector) else {
        throw KubeStatus(.badRequest, "'set' currently only targets suspend nodes, use a node field selector to target them")
      }
      return .set(selector: nodes, outputParameters: outputs, message: message, phase: phase.isEmpty ? nil : phase)
    }
  }

  /// A selector over nodes; nil where there is none. Throws `badRequest` for what is no selector.
  package static func selector(_ text: String) throws(KubeStatus) -> NodeSelector? {
    guard !text.isEmpty else { return nil }
    do throws(SelectorError) { return try NodeSelector(parsing: text) } catch {
      throw KubeStatus(.badRequest, "unable to parse node field selector '\(text)': \(error)")
    }
  }

  private static func labels(_ verb: RunVerb, _ user: UserInfo) -> LabelEdit {
    let action: ActorLabels.Action? =
      switch verb {
      case .stop: .stop
      case .terminate: .terminate
      case .suspend: .suspend
      case .resume: .resume
      // The original names no action for it.
      case .set: nil
      }
    return ActorLabels.edit(user, action)
  }
}

extension Resource {
  fileprivate var created: Int64 { creationTimestamp?.milliseconds ?? 0 }
}

extension ActorLabels {
  /// The change of labels that an act of a user brings with it; nil: one that has no name.
  static func edit(_ user: UserInfo, _ action: Action?) -> LabelEdit {
    guard let name = value(of: user) else { return LabelEdit() }
    return LabelEdit([actor: name, Self.action: action?.rawValue])
  }

  /// The change of labels that names the maker of a workflow that is made of another one.
  static func creatorEdit(_ user: UserInfo) -> LabelEdit { LabelEdit(value(of: user).map { [creator: $0] } ?? [:]) }
}
