internal import Contracts
internal import KubeModel
internal import WorkflowCore

extension WorkflowServer {
  /// Makes a run of the live workflow of the name (`@latest`: the one that was made last), else of the archived one. Throws `notFound`.
  func liveOrArchived(
    _ namespace: String, _ name: String, _ live: (ResourceKey) throws(KubeStatus) -> Resource,
    _ archived: (any ArchivedRunActing, _ uid: String) throws(KubeStatus) -> Resource
  ) throws(KubeStatus) -> Resource {
    let key: ResourceKey
    let name = try actions.resolved(namespace: namespace, name: name)
    do throws(KubeStatus) {
      key = try actions.key(namespace: namespace, name: name)
    } catch {
      guard error.reason == .notFound, let acting = parts.archivedActing,
        let kept = try archive?.archived(namespace: namespace, name: name)
      else { throw error }
      return Self.completed(try archived(acting, kept.uid))
    }
    return Self.completed(try live(key))
  }
}
