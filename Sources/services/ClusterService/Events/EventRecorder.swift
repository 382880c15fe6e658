import Basics
import Contracts
import JSONValue
import KubeModel
import Synchronization

/// Keeps what happens to objects as Events, and removes those that are old. Its thread writes what has come meanwhile in one transaction that
/// does not wait for the disk.
package final class EventRecorder: EventRecording {
  private enum Message: Sendable {
    case happened(ObjectEvent)
    /// An event was stored, counted again, or removed.
    case seen(ResourceKey, isGone: Bool)
  }

  /// Events that wait to be written; more are dropped.
  private static let capacity = 1000
  private static let sweep = TimeSpan(seconds: 60)

  private let store: any ResourceStoring
  private let timeToLive: TimeSpan
  private let host: String
  private let clock: @Sendable () -> Instant
  private let mailbox = Mailbox<Message>()
  private let waiting = Atomic<Int>(0)
  private let watch = Mutex<(any WatchHandle)?>(nil)
  private let thread = Mutex<OSThread?>(nil)

  /// - Parameter host: the name of this machine, from which the kubelet speaks.
  package init(
    store: any ResourceStoring, timeToLive: TimeSpan = TimeSpan(seconds: 3600), host: String = "",
    clock: @escaping @Sendable () -> Instant = SystemClock.now
  ) {
    self.store = store
    self.timeToLive = timeToLive
    self.host = host
    self.clock = clock
  }

  /// Begins to write and to remove. Throws when the store cannot be read. To be called once.
  package func start() throws(KubeStatus) {
    let mailbox = mailbox
    let handle = store.watch([.event]) { events in
      for event in events { mailbox.post(.seen(event.resource.key, isGone: event.change == .deleted)) }
    }
    var ages: [ResourceKey: Instant] = [:]
    do throws(KubeStatus) {
      for event in try store.list(.event, namespace: nil, labels: .everything) { ages[event.key] = Self.lastSeen(event) ?? clock() }
    } catch {
      handle.cancel()
      throw error
    }
    watch.withLock { $0 = handle }
    let initial = ages
    let started = startThread(name: "events") { [self] in run(ages: initial) }
    thread.withLock { $0 = started }
  }

  /// Writes what has been told and ends the thread.
  package func stop() {
    watch.withLock { $0.take() }?.cancel()
    mailbox.close()
    thread.withLock { $0.take() }?.join()
  }

  package func record(_ event: ObjectEvent) {
    guard waiting.wrappingAdd(1, ordering: .relaxed).newValue <= Self.capacity, mailbox.post(.happened(event)) else {
      waiting.wrappingSubtract(1, ordering: .relaxed)
      return
    }
  }

  private static func lastSeen(_ event: Resource) -> Instant? {
    let texts = [
      event.json["lastTimestamp"]?.string, event.json.at("series", "lastObservedTime")?.string, event.json["eventTime"]?.string,
    ]
    return texts.compactMap { $0.flatMap(Instant.init(rfc3339:)) }.max() ?? event.creationTimestamp
  }

  // MARK: The thread

  private func run(ages: [ResourceKey: Instant]) {
    var ages = ages
    var correlator = EventCorrelator(host: host)
    var swept = clock()
    remove(&ages)
    while let messages = mailbox.takeAll(deadline: SystemClock.steady() + Self.sweep) {
      var decisions: [EventCorrelator.Decision] = []
      let now = clock()
      for message in messages {
        switch message {
        case .happened(let event):
          waiting.wrappingSubtract(1, ordering: .relaxed)
          if isWelcome(event) { decisions.append(correlator.decide(event, at: now)) }
        case .seen(let key, let isGone): ages[key] = isGone ? nil : now
        }
      }
      write(decisions, &correlator)
      if now - swept >= Self.sweep {
        swept = now
        remove(&ages)
      }
    }
  }

  /// Nothing is made in a namespace that goes.
  private func isWelcome(_ event: ObjectEvent) -> Bool {
    let name = event.about.namespace.isEmpty ? "default" : event.about.namespace
    guard let namespace = try? store.get(ResourceKey(.namespace, namespace: "", name: name)) else { return true }
    return namespace.deletionTimestamp == nil
  }

  private func write(_ decisions: [EventCorrelator.Decision], _ correlator: inout EventCorrelator) {
    var writes: [Write] = []
    for decision in decisions {
      switch decision {
      case .create(let object): writes.append(.create(object))
      case .count(let key, let patch, _): writes.append(.patch(key, patch))
      case .drop: break
      }
    }
    guard !writes.isEmpty, (try? store.commit(writes, isDurable: false)) == nil else { return }
    for decision in decisions {
      switch decision {
      case .create(let object): _ = try? store.commit([.create(object)], isDurable: false)
      case .count(let key, let patch, let otherwise):
        do throws(KubeStatus) { try store.commit([.patch(key, patch)], isDurable: false) } catch {
          guard error.reason == .notFound, (try? store.commit([.create(otherwise)], isDurable: false)) != nil else { continue }
          correlator.replaced(key, by: otherwise)
        }
      case .drop: break
      }
    }
  }

  /// Removes what is older than it may be.
  private func remove(_ ages: inout [ResourceKey: Instant]) {
    let now = clock()
    let old = ages.filter { now - $0.value >= timeToLive }.map(\.key)
    guard !old.isEmpty else { return }
    if (try? store.commitEach(old.map { .delete($0) })) != nil { for key in old { ages[key] = nil } }
  }
}
