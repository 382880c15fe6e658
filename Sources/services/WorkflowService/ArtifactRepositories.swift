import ArgoModel
import Contracts
import JSONValue
import KubeModel
import WorkflowCore
import YAMLText

/// Finds artifact repositories (spec 1.1): ConfigMaps with one repository a key, and the controller's own.
struct ArtifactRepositories: Sendable {
  let store: any ResourceStoring
  /// Where the controller's configuration lies: the second place where a reference is looked up.
  let controllerNamespace: String
  /// `artifactRepository` of the controller's configuration.
  let standard: JSON?

  /// The name of the ConfigMap where a reference names none, and of its annotation that says which key counts.
  private static let defaultMap = "artifact-repositories"
  private static let defaultKeyAnnotation = "workflows.argoproj.io/default-artifact-repository"

  /// A reference is looked for in the workflow's namespace, then in the controller's. Without one the namespace's default counts, else the
  /// controller's, else this program's own.
  func answer(_ reference: JSON?, namespace: String) -> ArtifactRepositoryAnswer {
    let places = reference == nil ? [namespace] : [namespace, controllerNamespace]
    for place in places {
      switch look(reference, in: place) {
      case .nothing: continue
      case .found(let repository): return .found(repository)
      case .failed(let reason): return .failed(reason)
      }
    }
    guard let reference else {
      guard let standard, standard.object?.isEmpty == false else { return .found(.own) }
      return .found(ArtifactRepository(reference: ["default": true, "artifactRepository": standard]))
    }
    let map = reference["configMap"]?.string ?? Self.defaultMap
    let key = reference["key"]?.string.map { "#\($0)" } ?? ""
    return .failed("failed to find any artifact repository for artifact repository ref \"\(map)\(key)\"")
  }

  private enum Found {
    case nothing
    case found(ArtifactRepository)
    case failed(String)
  }

  private func look(_ reference: JSON?, in namespace: String) -> Found {
    func text(_ field: String) -> String? { reference?[field]?.string.flatMap { $0.isEmpty ? nil : $0 } }
    let name = text("configMap") ?? Self.defaultMap
    guard let map = try? store.get(ResourceKey(.configMap, namespace: namespace, name: name)) else { return .nothing }
    let key = text("key") ?? map.annotation(Self.defaultKeyAnnotation) ?? ""
    guard let source = map.json.at("data", key)?.string else { return .nothing }
    do {
      let repository = try YAMLText.documents(Array(source.utf8)).first?.value ?? .object([:])
      return .found(
        ArtifactRepository(
          reference: [
            "namespace": .string(namespace), "configMap": .string(name), "key": .string(key), "artifactRepository": repository,
          ]))
    } catch {
      return .failed("failed to unmarshall config map key \"\(key)\" for artifact repository ref \"\(name)#\(key)\": \(error)")
    }
  }
}

extension WorkflowService {
  /// The place that an `artifactRepositoryRef` (nil: none) of a namespace stands for: `{s3: {bucket…, key}}` with tags in its key, or `{local: {key}}`. Throws
  /// `badRequest` when there is no such repository.
  package func artifactLocation(_ reference: JSON?, namespace: String) throws(KubeStatus) -> JSON {
    switch artifactRepositories.answer(reference, namespace: namespace) {
    case .found(let repository): return repository.location
    case .failed(let reason): throw KubeStatus(.badRequest, reason)
    }
  }
}
