package import KubeModel

/// A kind as the API serves it: what discovery, routing, tables and `kubectl` need beyond ``ResourceKind``.
package struct APIKind: Sendable, Hashable {
  package var kind: ResourceKind
  package var singular: String
  /// The kind of its lists: `PodList`.
  package var listKind: String
  package var shortNames: [String]
  /// `all` for those of `kubectl get all`.
  package var categories: [String]
  /// Verbs in Kubernetes' order: create, delete, deletecollection, get, list, patch, update, watch; fewer for reviews.
  package var verbs: [String]
  package var subresources: [Subresource]
  /// The name of its type in ``KindCatalog/schema(of:)``'s documents: `io.k8s.api.core.v1.Pod`.
  package var typeName: String
  package var columns: [PrinterColumn]
  /// Fields beside `metadata.name` and `metadata.namespace` that field selectors may name, as paths: `status.phase`.
  package var selectableFields: [String]
  /// The version in which objects are stored. (Discovery prefers the highest version.)
  package var isPreferredVersion: Bool
  /// Defined by a CustomResourceDefinition: no strategic merge patches.
  package var isCustom: Bool
  /// What a client is warned of when it writes such an object: the version is deprecated, or nothing here acts on the kind. Empty: nothing.
  package var warning = ""

  package struct Subresource: Sendable, Hashable {
    /// `status`, `log`, `exec`, `token` …
    package var name: String
    /// Kind of what is sent and answered: `Pod`, `TokenRequest`; with `group` and `version` where they differ from the parent's.
    package var kind: String
    package var group: String?
    package var version: String?
    package var verbs: [String]
    package init(_ name: String, kind: String, group: String? = nil, version: String? = nil, verbs: [String]) {
      self.name = name
      self.kind = kind
      self.group = group
      self.version = version
      self.verbs = verbs
    }
  }

  package init(_ kind: ResourceKind, singular: String, typeName: String) {
    self.kind = kind
    self.singular = singular
    listKind = kind.kind + "List"
    self.typeName = typeName
    shortNames = []
    categories = []
    verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
    subresources = []
    columns = []
    selectableFields = []
    isPreferredVersion = true
    isCustom = false
  }
}

/// A column of the tables that `kubectl get` prints.
package struct PrinterColumn: Sendable, Hashable {
  package var name: String
  /// `string`, `integer`, `number`, `boolean` or `date`.
  package var type: String
  /// `name` for the first column, else mostly empty.
  package var format: String
  /// 0: always shown; above: only with `-o wide`.
  package var priority: Int
  /// A JSONPath of CustomResourceDefinitions (`.status.phase`), or `@` and the name of a rule of built-in kinds (`@pod.ready`).
  package var path: String
  package var description = ""
  package init(_ name: String, type: String = "string", format: String = "", priority: Int = 0, path: String) {
    self.name = name
    self.type = type
    self.format = format
    self.priority = priority
    self.path = path
  }
}

/// The kinds that are served at the moment: the built-in ones and those of CustomResourceDefinitions. An implementation is a snapshot that never
/// changes; who serves asks for the present one at each request.
package protocol KindCatalog: Sendable {
  var kinds: [APIKind] { get }
  /// Differs between snapshots that differ: a name for what is made of one and kept.
  var fingerprint: String { get }
  /// By what stands in a URL.
  func kind(group: String, version: String, plural: String) -> APIKind?
  /// By `apiVersion` and `kind` of an object.
  func kind(apiVersion: String, kind: String) -> APIKind?
  /// The shape of a kind's objects; nil when anything is taken.
  func schema(of kind: APIKind) -> TypeSchema?
  /// A type that schemas refer to by name (``TypeSchema/Shape/reference(_:)``).
  func type(_ name: String) -> TypeSchema?
}

extension KindCatalog {
  package var fingerprint: String { "" }

  /// The schema itself, or what it refers to; nil for a name that does not exist.
  package func resolved(_ schema: TypeSchema) -> TypeSchema? {
    var schema = schema
    for _ in 0..<8 {
      guard case .reference(let name) = schema.shape else { return schema }
      guard let next = type(name) else { return nil }
      schema = next
    }
    return nil
  }
}

/// Gives the kinds as they are now. Quick: it is asked for every request.
package protocol CatalogProviding: Sendable {
  var catalog: any KindCatalog { get }
}
