package import Contracts
internal import JSONValue
package import KubeModel

/// CronWorkflows.
package struct CronServer: Sendable {
  package let objects: ObjectServer

  package init(resources: any ResourceServing, checks: ManifestChecks) {
    objects = ObjectServer(.cronWorkflow, resources: resources, checks: checks)
  }

  /// Lets a CronWorkflow fire no more, or again; says who did that.
  package func setSuspended(_ isSuspended: Bool, namespace: String, name: String, by user: UserInfo) throws(KubeStatus) -> Resource {
    let labels = ActorLabels.labels(of: user, isSuspended ? .suspend : .resume)
    var patch: JSON = ["spec": ["suspend": .bool(isSuspended)]]
    if !labels.isEmpty {
      patch["metadata"] = ["labels": .object(JSONObject(labels.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))]
    }
    let key = ResourceKey(.cronWorkflow, namespace: namespace, name: name)
    return try objects.resources.patch(key, subresource: "", .merge, patch, objects.options(user)).resource
  }
}
