internal import Contracts
internal import JSONValue
internal import KubeAPI

/// Writes the table of routes as an OpenAPI document, of version 2 (as Argo publishes its own, and as generators of clients of it expect) or 3.
struct APIDocument {
  enum Form: Sendable, Hashable { case swagger2, openAPI3 }

  private let table: [ArgoRoute]
  private let types: MessageTypes
  private let form: Form
  private let version: String

  static let failure = "grpc.gateway.runtime.Error"
  static let streamFailure = "grpc.gateway.runtime.StreamError"

  init(_ table: [ArgoRoute], types: MessageTypes, form: Form, version: String) {
    self.table = table.filter { !$0.operation.isEmpty }
    self.types = types
    self.form = form
    self.version = version
  }

  var json: JSON {
    let information: JSON = [
      "title": "Argosy: the API of Argo Workflows", "version": .string(version),
      "description": "Runs, templates, schedules, archive, events, limits and artifacts of workflows, at the paths of Argo Workflows.",
    ]
    let definitions = types.definitions(of: usedTypes, isVersion3: form == .openAPI3)
    let scheme = "BearerToken"
    switch form {
    case .swagger2:
      return [
        "swagger": "2.0", "info": information, "consumes": ["application/json"], "produces": ["application/json"],
        "schemes": ["http", "https"],
        "securityDefinitions": .object([
          scheme: ["type": "apiKey", "name": "Authorization", "in": "header", "description": "Bearer, a space, and a token."]
        ]), "security": [.object([scheme: []])], "paths": .object(paths), "definitions": .object(definitions),
      ]
    case .openAPI3:
      return [
        "openapi": "3.0.3", "info": information, "servers": [["url": "/"]], "security": [.object([scheme: []])],
        "paths": .object(paths),
        "components": [
          "securitySchemes": .object([scheme: ["type": "http", "scheme": "bearer"]]), "schemas": .object(definitions),
        ],
      ]
    }
  }

  /// The types that requests and answers are, by the names that the table has for them.
  private var usedTypes: [String] {
    var result: Set<String> = [Self.failure, Self.streamFailure]
    for route in table {
      if case .message(let type) = route.body { result.insert(type) }
      switch route.answer {
      case .object(let type), .stream(let type): result.insert(type)
      case .bytes, .page: break
      }
    }
    return result.sorted()
  }

  private var paths: JSONObject {
    var result = JSONObject()
    for route in table {
      let path = Self.path(of: route)
      var item = result[path]?.object ?? [:]
      item[route.method.lowercased()] = operation(route)
      result[path] = .object(item)
    }
    return result.sortedByKey()
  }

  /// The pattern with its variables as OpenAPI has them.
  static func path(of route: ArgoRoute) -> String {
    route.pattern.split(separator: "/").map { part in
      guard part.hasPrefix("{") else { return "/" + part }
      return "/{\(variable(part))}"
    }.joined()
  }

  /// `{name?}` and `{name...}` are `name`.
  private static func variable(_ part: Substring) -> String { String(part.filter { !"{}?.".contains($0) }) }

  static func variables(of route: ArgoRoute) -> [String] {
    route.pattern.split(separator: "/").filter { $0.hasPrefix("{") }.map(variable)
  }

  // MARK: Operations

  private func operation(_ route: ArgoRoute) -> JSON {
    var parameters: [JSON] = Self.variables(of: route).map { parameter($0, in: "path", .text, "") }
    parameters += route.query.map { parameter($0.name, in: "query", $0.form, $0.description) }
    var result: JSONObject = [
      "tags": [.string(route.service)], "operationId": .string(route.operation), "summary": .string(route.summary),
    ]
    switch (form, route.body) {
    case (_, .none): break
    case (.swagger2, .message), (.swagger2, .anything):
      parameters.append(["name": "body", "in": "body", "required": true, "schema": bodySchema(route)])
    case (.swagger2, .bytes):
      result["consumes"] = ["multipart/form-data"]
      parameters.append(["name": "file", "in": "formData", "required": true, "type": "file"])
    case (.openAPI3, .bytes):
      result["requestBody"] = [
        "content": [
          "multipart/form-data": [
            "schema": ["type": "object", "required": ["file"], "properties": ["file": ["type": "string", "format": "binary"]]]
          ]
        ]
      ]
    case (.openAPI3, _): result["requestBody"] = ["required": true, "content": ["application/json": ["schema": bodySchema(route)]]]
    }
    if !parameters.isEmpty { result["parameters"] = .array(parameters) }
    if form == .swagger2, route.answer == .bytes { result["produces"] = ["application/octet-stream"] }
    result["responses"] = [
      "200": response("It is done.", answerSchema(route), isBytes: route.answer == .bytes),
      "default": response("It is not; why, in the message.", reference(Self.failure), isBytes: false),
    ]
    return .object(result)
  }

  private func bodySchema(_ route: ArgoRoute) -> JSON {
    if case .message(let type) = route.body { return reference(type) }
    return ["type": "object"]
  }

  private func answerSchema(_ route: ArgoRoute) -> JSON {
    switch route.answer {
    case .object(let type): return reference(type)
    case .stream(let type):
      return [
        "type": "object", "title": .string("Stream result of \(types.fullName(type))"),
        "properties": ["result": reference(type), "error": reference(Self.streamFailure)],
      ]
    case .bytes: return ["type": "string", "format": "binary"]
    case .page: return ["type": "string"]
    }
  }

  private func response(_ description: String, _ schema: JSON, isBytes: Bool) -> JSON {
    guard form == .openAPI3 else { return ["description": .string(description), "schema": schema] }
    let type = isBytes ? "application/octet-stream" : "application/json"
    return ["description": .string(description), "content": .object([type: ["schema": schema]])]
  }

  private func reference(_ type: String) -> JSON { types.reference(type, isVersion3: form == .openAPI3) }

  private func parameter(_ name: String, in place: String, _ kind: QueryParameter.Form, _ description: String) -> JSON {
    var result: JSONObject = ["name": .string(name), "in": .string(place)]
    if place == "path" { result["required"] = true }
    if !description.isEmpty { result["description"] = .string(description) }
    let schema = schema(kind)
    guard form == .openAPI3 else {
      for (key, value) in schema { result[key] = value }
      if kind == .texts { result["collectionFormat"] = "multi" }
      return .object(result)
    }
    result["schema"] = .object(schema)
    return .object(result)
  }

  /// Whole numbers are texts in version 2: JSON in JavaScript cannot hold all of them, and Argo's own document has them so.
  private func schema(_ kind: QueryParameter.Form) -> JSONObject {
    switch kind {
    case .text: ["type": "string"]
    case .integer: form == .swagger2 ? ["type": "string", "format": "int64"] : ["type": "integer", "format": "int64"]
    case .flag: ["type": "boolean"]
    case .texts: ["type": "array", "items": ["type": "string"]]
    }
  }
}
