import Contracts
import JSONValue
import KubeAPI
import KubeModel
import Synchronization

/// The catalogue as it is now: the built-in kinds and those of the CustomResourceDefinitions that are established. Each change makes a new
/// snapshot; who has an older one may use it to the end.
package final class CatalogProvider: CatalogProviding {
  private struct State: Sendable {
    var catalog: any KindCatalog
    /// What the catalogue was made from: uid and generation of each definition.
    var sources: [String: Int64] = [:]
    var observer: (@Sendable () -> Void)?
  }

  private let store: any ResourceStoring
  private let build: @Sendable ([Resource]) -> any KindCatalog
  private let state: Mutex<State>

  /// - Parameter build: makes a catalogue of the built-in kinds and those of these CustomResourceDefinitions.
  package init(store: any ResourceStoring, build: @escaping @Sendable ([Resource]) -> any KindCatalog) {
    self.store = store
    self.build = build
    state = Mutex(State(catalog: build([])))
  }

  package var catalog: any KindCatalog { state.withLock { $0.catalog } }

  /// Reads the definitions that are stored, and makes a new catalogue where they have changed.
  package func refresh() throws(KubeStatus) {
    let definitions = try store.list(.customResourceDefinition, namespace: nil, labels: .everything).filter(\.isEstablished)
    let sources = Dictionary(
      definitions.map { ("\($0.uid) \($0.status["acceptedNames"] ?? .null)", $0.metadata["generation"]?.int ?? 0) },
      uniquingKeysWith: { first, _ in first })
    guard state.withLock({ $0.sources != sources }) else { return }
    let catalog = build(definitions)
    let observer = state.withLock { state in
      state.catalog = catalog
      state.sources = sources
      return state.observer
    }
    observer?()
  }

  /// Calls after each new catalogue, on the thread that made it.
  package func observe(_ observer: (@Sendable () -> Void)?) { state.withLock { $0.observer = observer } }
}

extension Resource {
  /// Of a CustomResourceDefinition: its kind is served.
  var isEstablished: Bool {
    (status["conditions"]?.array ?? []).contains { $0["type"]?.string == "Established" && $0["status"]?.string == "True" }
  }
}
