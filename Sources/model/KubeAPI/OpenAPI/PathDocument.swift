internal import JSONValue
internal import KubeModel

/// Writes the paths of a kind with their operations, as clients look for them in OpenAPI documents: parameters (`dryRun`, `fieldValidation` …), bodies, answers.
struct PathDocument {
  let form: SchemaDocument.Form
  private var schemas: SchemaDocument { SchemaDocument(form: form) }

  init(form: SchemaDocument.Form) { self.form = form }

  func paths(of kind: APIKind) -> [(path: String, item: JSON)] {
    let group = kind.kind.group
    let root = group.isEmpty ? "/api/\(kind.kind.version)" : "/apis/\(group)/\(kind.kind.version)"
    let all = "\(root)/\(kind.kind.plural)"
    let collection = kind.kind.isNamespaced ? "\(root)/namespaces/{namespace}/\(kind.kind.plural)" : all
    var result: [(path: String, item: JSON)] = []
    func add(_ path: String, _ operations: [(method: String, operation: JSON)], isNamespaced: Bool, isNamed: Bool) {
      guard !operations.isEmpty else { return }
      var item = JSONObject(operations.map { ($0.method, $0.operation) })
      var parameters: [JSON] = []
      if isNamed { parameters.append(parameter("name", in: "path", "The object's name.")) }
      if isNamespaced { parameters.append(parameter("namespace", in: "path", "The object's namespace.")) }
      parameters.append(parameter("pretty", "Indents the answer where it is \"true\"."))
      item["parameters"] = .array(parameters)
      result.append((path, .object(item)))
    }
    let isNamespaced = kind.kind.isNamespaced
    add(collection, collectionOperations(kind), isNamespaced: isNamespaced, isNamed: false)
    if isNamespaced, kind.verbs.contains("list") {
      add(
        all, [("get", operation(kind, "list", "list", suffix: "ForAllNamespaces", answer: listType(kind)))], isNamespaced: false,
        isNamed: false)
    }
    add("\(collection)/{name}", objectOperations(kind), isNamespaced: isNamespaced, isNamed: true)
    for sub in kind.subresources {
      add("\(collection)/{name}/\(sub.name)", subresourceOperations(kind, sub), isNamespaced: isNamespaced, isNamed: true)
    }
    return result
  }

  private func listType(_ kind: APIKind) -> String { kind.typeName + "List" }

  private func collectionOperations(_ kind: APIKind) -> [(String, JSON)] {
    var result: [(String, JSON)] = []
    if kind.verbs.contains("list") { result.append(("get", operation(kind, "list", "list", answer: listType(kind)))) }
    if kind.verbs.contains("create") {
      result.append(("post", operation(kind, "create", "post", body: kind.typeName, answer: kind.typeName)))
    }
    if kind.verbs.contains("deletecollection") {
      result.append(
        ("delete", operation(kind, "delete", "deletecollection", suffix: "Collection", body: Self.deleteOptions, answer: Self.status)))
    }
    return result
  }

  private func objectOperations(_ kind: APIKind) -> [(String, JSON)] {
    var result: [(String, JSON)] = []
    if kind.verbs.contains("get") { result.append(("get", operation(kind, "read", "get", answer: kind.typeName))) }
    if kind.verbs.contains("update") {
      result.append(("put", operation(kind, "replace", "put", body: kind.typeName, answer: kind.typeName)))
    }
    if kind.verbs.contains("patch") { result.append(("patch", operation(kind, "patch", "patch", body: Self.patch, answer: kind.typeName))) }
    if kind.verbs.contains("delete") {
      result.append(("delete", operation(kind, "delete", "delete", body: Self.deleteOptions, answer: Self.status)))
    }
    return result
  }

  private func subresourceOperations(_ kind: APIKind, _ sub: APIKind.Subresource) -> [(String, JSON)] {
    let suffix = sub.name.prefix(1).uppercased() + sub.name.dropFirst()
    guard sub.name == "status" else {
      return sub.verbs.map { verb in
        let isToken = sub.kind == "TokenRequest"
        return (
          verb == "create" ? "post" : "get",
          operation(
            kind, verb == "create" ? "create" : "read", verb == "create" ? "post" : "get", suffix: suffix,
            body: isToken ? Self.tokenRequest : nil, answer: isToken ? Self.tokenRequest : nil)
        )
      }
    }
    return [
      ("get", operation(kind, "read", "get", suffix: suffix, answer: kind.typeName)),
      ("put", operation(kind, "replace", "put", suffix: suffix, body: kind.typeName, answer: kind.typeName)),
      ("patch", operation(kind, "patch", "patch", suffix: suffix, body: Self.patch, answer: kind.typeName)),
    ]
  }

  static let deleteOptions = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"
  static let status = "io.k8s.apimachinery.pkg.apis.meta.v1.Status"
  static let patch = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch"
  static let tokenRequest = "io.k8s.api.authentication.v1.TokenRequest"

  // MARK: Operations

  private func operation(
    _ kind: APIKind, _ word: String, _ action: String, suffix: String = "", body: String? = nil, answer: String?
  ) -> JSON {
    var result: JSONObject = [
      "operationId": .string(
        word + camel(kind.kind.group.isEmpty ? "core" : kind.kind.group) + camel(kind.kind.version)
          + (kind.kind.isNamespaced ? "Namespaced" : "")
          + kind.kind.kind + suffix),
      "parameters": .array(parameters(of: action) + (form == .v2 ? bodyParameter(body, action) : [])),
      "x-kubernetes-action": .string(action), "x-kubernetes-group-version-kind": SchemaDocument.groupVersionKind(kind),
    ]
    let schema = answer.map { schemas.reference($0) } ?? ["type": "string"]
    let isPlain = answer == nil
    if form == .v2 {
      result["consumes"] = .array(Self.mediaTypes(action, kind))
      result["produces"] = [isPlain ? "text/plain" : "application/json"]
      result["responses"] = ["200": ["description": "OK", "schema": schema]]
    } else {
      if let body {
        result["requestBody"] = [
          "content": .object(
            JSONObject(
              Self.mediaTypes(action, kind).compactMap { type in
                type.string.map { ($0, ["schema": schemas.reference(body)]) }
              }))
        ]
      }
      result["responses"] = ["200": ["description": "OK", "content": [isPlain ? "text/plain" : "application/json": ["schema": schema]]]]
    }
    return .object(result)
  }

  /// Custom kinds take no strategic merge patches; `kubectl apply` looks for that here.
  private static func mediaTypes(_ action: String, _ kind: APIKind) -> [JSON] {
    guard action == "patch" else { return ["application/json"] }
    let strategic: [JSON] = kind.isCustom ? [] : ["application/strategic-merge-patch+json"]
    return ["application/json-patch+json", "application/merge-patch+json"] + strategic + ["application/apply-patch+yaml"]
  }

  private func bodyParameter(_ body: String?, _ action: String) -> [JSON] {
    guard let body else { return [] }
    let isRequired = ["post", "put", "patch"].contains(action)
    return [["in": "body", "name": "body", "required": .bool(isRequired), "schema": schemas.reference(body)]]
  }

  private func camel(_ text: String) -> String {
    text.split(separator: ".").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  private func parameters(of action: String) -> [JSON] {
    switch action {
    case "post", "put", "patch":
      let force = [parameter("force", type: "boolean", "Takes over fields that other managers own (server-side apply).")]
      return [
        parameter("dryRun", "\"All\": nothing is stored."), parameter("fieldManager", "Who owns the fields that the request sets."),
        parameter("fieldValidation", "What unknown and repeated fields are: Ignore, Warn (the default) or Strict."),
      ] + (action == "patch" ? force : [])
    case "delete":
      return [
        parameter("dryRun", "\"All\": nothing is deleted."),
        parameter("gracePeriodSeconds", type: "integer", "How long the object may take to end."),
        parameter("orphanDependents", type: "boolean", "Whether what the object owns stays (use propagationPolicy)."),
        parameter("propagationPolicy", "What becomes of what the object owns: Orphan, Background or Foreground."),
      ]
    case "list", "deletecollection":
      let watching = [
        parameter("allowWatchBookmarks", type: "boolean", "Lets the server tell how far a watch is."),
        parameter("watch", type: "boolean", "Follows the changes instead of listing."),
      ]
      return [
        parameter("continue", "The token of the page before."), parameter("fieldSelector", "Picks by fields."),
        parameter("labelSelector", "Picks by labels."), parameter("limit", type: "integer", "The most objects of a page."),
        parameter("resourceVersion", "The revision that the answer shows, or that a watch begins after."),
        parameter("resourceVersionMatch", "How resourceVersion is meant: Exact or NotOlderThan."),
        parameter("sendInitialEvents", type: "boolean", "A watch begins with the objects that are there."),
        parameter("timeoutSeconds", type: "integer", "The longest time that the request may take."),
      ] + (action == "list" ? watching : [parameter("dryRun", "\"All\": nothing is deleted.")])
    default: return []
    }
  }

  private func parameter(_ name: String, in place: String = "query", type: String = "string", _ description: String) -> JSON {
    var result: JSONObject = ["name": .string(name), "in": .string(place), "description": .string(description)]
    if place == "path" { result["required"] = true }
    if form == .v2 {
      result["type"] = .string(type)
      result["uniqueItems"] = true
    } else {
      result["schema"] = ["type": .string(type), "uniqueItems": true]
    }
    return .object(result)
  }
}
