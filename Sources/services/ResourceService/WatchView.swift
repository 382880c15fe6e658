import Contracts
import KubeModel

/// How changes of a kind look to those who watch it with the same selectors in the same version.
struct WatchView: Sendable, Hashable {
  var kind: ResourceKind
  var selection: Selection

  /// What is told of a change: nothing, the change itself, or, when the object comes into the selection or leaves it, its addition or removal.
  func form(of change: RecordedChange) -> EventForm? {
    let resource = change.event.resource
    if let namespace = selection.namespace, resource.namespace != namespace { return nil }
    guard selection.hasSelectors else { return EventForm(change: change.event.change, showsPrevious: false) }
    switch change.event.change {
    case .added:
      return matches(resource) ? EventForm(change: .added, showsPrevious: false) : nil
    case .deleted:
      return matches(change.previous ?? resource) ? EventForm(change: .deleted, showsPrevious: false) : nil
    case .modified:
      let passes = matches(resource)
      switch (change.previous.map(matches) ?? passes, passes) {
      case (true, true): return EventForm(change: .modified, showsPrevious: false)
      case (false, true): return EventForm(change: .added, showsPrevious: false)
      case (true, false): return EventForm(change: .deleted, showsPrevious: true)
      case (false, false): return nil
      }
    }
  }

  private func matches(_ resource: Resource) -> Bool { selection.matchesLabels(resource) && selection.matchesFields(resource) }
}

/// How a change is told.
struct EventForm: Sendable, Hashable {
  var change: WatchEvent.Change
  /// The object as it was before, with the revision of the change (an object that leaves a selection).
  var showsPrevious: Bool
}

/// Changes as they are told: what several views have in common is made once.
struct ChangeRendering {
  private struct Form: Hashable {
    var index: Int
    var kind: ResourceKind
    var event: EventForm
  }

  private let changes: [RecordedChange]
  private let composer: (any ResourceComposing)?
  private var composed: [Int: Resource] = [:]
  private var made: [Form: WatchEvent] = [:]

  init(_ changes: [RecordedChange], composer: (any ResourceComposing)?) {
    self.changes = changes
    self.composer = composer
  }

  /// What a view's watchers are told. `through`: the revision up to which these are all changes.
  mutating func batch(for view: WatchView, through: Int64) -> WatchBatch {
    var batch = WatchBatch(revisions: [], signals: [], through: through)
    for (index, change) in changes.enumerated() {
      guard let form = view.form(of: change) else { continue }
      batch.revisions.append(change.event.resource.resourceVersion ?? 0)
      batch.signals.append(.event(event(index, view.kind, form)))
    }
    return batch
  }

  private mutating func event(_ index: Int, _ kind: ResourceKind, _ form: EventForm) -> WatchEvent {
    let key = Form(index: index, kind: kind, event: form)
    if let event = made[key] { return event }
    let change = changes[index]
    var resource: Resource
    if form.showsPrevious, let previous = change.previous {
      resource = previous
      resource.resourceVersion = change.event.resource.resourceVersion
    } else if let earlier = composed[index] {
      resource = earlier
    } else {
      resource = change.event.resource
      if let composer, change.event.change != .deleted, composer.composedKinds.contains(resource.kind) {
        // What cannot be composed at the moment is shown as it is stored.
        resource = (try? composer.composed(resource)) ?? resource
      }
      composed[index] = resource
    }
    if resource.kind != kind { resource = Resource(kind, json: resource.json) }
    let event = WatchEvent(form.change, resource, texts: SharedTexts())
    made[key] = event
    return event
  }
}
