internal import ArgoServer
internal import Contracts
internal import JSONValue
internal import KubeModel

/// Limits of semaphores.
enum SyncRoutes {
  static func routes(_ server: SyncLimits) -> [ArgoRoute] {
    let path = "/api/v1/sync/{namespace}/{key}"
    let query = [
      QueryParameter("cmName", "The ConfigMap, for limits of the type CONFIGMAP."),
      QueryParameter("type", "Where the limit is kept: CONFIGMAP (0; it is meant when nothing is said) or DATABASE (1)."),
    ]
    return [
      ArgoRoute(
        "POST", "/api/v1/sync/{namespace}", .decidedByHandler, "SyncService_CreateSyncLimit", "Makes the limit of a semaphore.",
        body: .message("sync.CreateSyncLimitRequest"), answer: .object("sync.SyncLimitResponse")
      ) { request throws(KubeStatus) in
        let limit = try Wanted(request, "create", key: request["key"]?.string ?? "")
        try server.create(
          limit.place, namespace: request.namespace, key: limit.key, limit: limit.number, by: request.user, limit.permission)
        return limit.reply(limit.number)
      },
      ArgoRoute(
        "GET", path, .decidedByHandler, "SyncService_GetSyncLimit", "The limit of a semaphore.", query: query,
        answer: .object("sync.SyncLimitResponse")
      ) { request throws(KubeStatus) in
        let limit = try Wanted(request, "get", key: request.part("key"))
        return limit.reply(try server.get(limit.place, namespace: request.namespace, key: limit.key, limit.permission))
      },
      ArgoRoute(
        "PUT", path, .decidedByHandler, "SyncService_UpdateSyncLimit",
        "Changes the limit of a semaphore; it counts at once, also for workflows that wait.",
        body: .message("sync.UpdateSyncLimitRequest"), answer: .object("sync.SyncLimitResponse")
      ) { request throws(KubeStatus) in
        let limit = try Wanted(request, "update", key: request.part("key"))
        try server.update(
          limit.place, namespace: request.namespace, key: limit.key, limit: limit.number, by: request.user, limit.permission)
        return limit.reply(limit.number)
      },
      ArgoRoute(
        "DELETE", path, .decidedByHandler, "SyncService_DeleteSyncLimit", "Removes the limit of a semaphore.", query: query,
        answer: .object("sync.DeleteSyncLimitResponse")
      ) { request throws(KubeStatus) in
        let limit = try Wanted(request, "delete", key: request.part("key"))
        try server.delete(limit.place, namespace: request.namespace, key: limit.key, by: request.user, limit.permission)
        return .done
      },
    ]
  }

  /// The limit that a request is about: its members stand in the body, or in the query where there is none.
  private struct Wanted {
    let place: SyncLimits.Place
    let key: String
    let number: Int64
    private let request: ArgoRequest
    private let map: String

    /// Throws `forbidden` before it says what is wrong: who may not do it learns nothing of how it is done.
    init(_ request: ArgoRequest, _ verb: String, key: String) throws(KubeStatus) {
      self.request = request
      self.key = key
      map = request["cmName"]?.string ?? request.text("cmName")
      number = request["limit"]?.int ?? 0
      let type = request["type"].map { $0.string ?? $0.text() } ?? request.text("type")
      switch type {
      case "", "0", "CONFIGMAP": place = .configMap(name: map)
      case "1", "DATABASE": place = .database
      default:
        try request.served.authorize(verb, group: "", "configmaps", namespace: request.namespace)
        throw KubeStatus(.badRequest, "unsupported sync config type: \(type)")
      }
    }

    /// What lies in a ConfigMap needs rights on that; limits of the database those on workflows, as in Argo.
    func permission(_ verb: String) throws(KubeStatus) {
      switch place {
      case .configMap(let name):
        try request.served.authorize(verb, group: "", "configmaps", namespace: request.namespace, name: verb == "create" ? "" : name)
      case .database:
        try request.served.authorize(verb, group: ResourceKind.workflow.group, "workflows", namespace: request.namespace)
      }
    }

    /// Numbers of an enumeration are left out when they are 0, as in Argo.
    func reply(_ limit: Int64) -> ArgoReply {
      var document: JSONObject = [:]
      if place == .database { document["type"] = 1 }
      document["namespace"] = .string(request.namespace)
      if case .configMap(let name) = place { document["cmName"] = .string(name) }
      document["key"] = .string(key)
      document["limit"] = .int(limit)
      return .document(.object(document))
    }
  }

  /// The types of the messages, in the notation of `SchemaTable`.
  static let types = """
    sync.CreateSyncLimitRequest
      cmName string
      key string
      limit integer @int32
      namespace string
      type intOrString
    sync.UpdateSyncLimitRequest
      cmName string
      key string
      limit integer @int32
      namespace string
      type intOrString
    sync.SyncLimitResponse
      cmName string
      key string
      limit integer @int32
      namespace string
      type intOrString
    sync.DeleteSyncLimitResponse
    """
}
