import JSONValue
import KubeAPI
import ServerKit
import Testing

@testable import ArgoAPI

@Suite struct DocumentTests {
  private func document(_ path: String) async throws -> Reply {
    var found: Reply?
    try await withArgo { server in found = try await server.expect(200, "GET", path, token: nil) }
    return try #require(found)
  }

  /// All references of a document.
  private static func references(_ value: JSON) -> Set<String> {
    switch value {
    case .array(let elements): elements.reduce(into: []) { $0.formUnion(references($1)) }
    case .object(let members):
      members.reduce(into: []) { result, member in
        if member.key == "$ref", let text = member.value.string { result.insert(text) }
        result.formUnion(references(member.value))
      }
    default: []
    }
  }

  @Test(
    "the documents have every row, and all that they refer to",
    arguments: [("/apidocs/swagger.json", "#/definitions/"), ("/apidocs/openapi.json", "#/components/schemas/")])
  func complete(path: String, prefix: String) async throws {
    let json = try await document(path).json
    let definitions = json["definitions"] ?? json.at("components", "schemas") ?? [:]
    let references = Self.references(json)
    #expect(references.count > 50)
    for reference in references {
      #expect(reference.hasPrefix(prefix))
      #expect(definitions[String(reference.dropFirst(prefix.count))] != nil, "\(reference)")
    }
    #expect(
      json.at("paths", "/api/v1/workflow-templates/{namespace}", "get", "operationId") == "WorkflowTemplateService_ListWorkflowTemplates")
    #expect(
      json.at("paths", "/api/v1/cron-workflows/{namespace}/{name}/suspend", "put", "operationId")
        == "CronWorkflowService_SuspendCronWorkflow")
    let operations = (json["paths"]?.object ?? [:]).flatMap { $0.value.object ?? [:] }.compactMap { $0.value["operationId"]?.string }
    #expect(Set(operations).count == operations.count)
  }

  @Test("values of parameters are texts for clients", arguments: ["/apidocs/swagger.json", "/apidocs/openapi.json"])
  func texts(path: String) async throws {
    let json = try await document(path).json
    let definitions = json["definitions"] ?? json.at("components", "schemas") ?? [:]
    for (type, field) in [("Parameter", "value"), ("Parameter", "default"), ("ValueFrom", "default")] {
      #expect(definitions.at("io.argoproj.workflow.v1alpha1.\(type)", "properties", field, "type") == "string")
    }
  }

  @Test("a status that this server wrote is taken back") func status() throws {
    let types = MessageTypes(ArgoTable.types)
    var message: JSON = [
      "workflow": [
        "metadata": ["name": "a"], "spec": [:],
        "status": ["estimatedDuration": 5, "resourcesDuration": ["cpu": 1], "nodes": ["a": ["id": "a", "estimatedDuration": 5]]],
      ]
    ]
    let given = message
    try types.read(&message, as: "WorkflowCreateRequest")
    #expect(message == given)
  }

  @Test("every type that the table names is there") func types() {
    let types = MessageTypes(ArgoTable.types)
    for name in ArgoTable.types.flatMap({ $0.split(separator: "\n").filter { $0.first != " " } }) {
      #expect(types.contains(String(name)), "\(name)")
    }
    #expect(types.fullName("WorkflowTemplateCreateRequest") == "io.argoproj.workflow.v1alpha1.WorkflowTemplateCreateRequest")
    #expect(types.fullName("Pod") == "io.k8s.api.core.v1.Pod")
    #expect(types.contains("WorkflowList") || types.contains("WorkflowTemplateList"))
  }

  @Test("the page needs no network, runs nothing, and stands in no frame") func page() async throws {
    let reply = try await document("/apidocs")
    #expect(reply["content-type"] == "text/html; charset=utf-8")
    let policy = try #require(reply["content-security-policy"])
    #expect(policy.hasPrefix("default-src 'none'"))
    #expect(policy.contains("frame-ancestors 'none'"))
    #expect(!reply.text.contains("<script"))
    #expect(!reply.text.contains("//"), "an address of another place")
    #expect(reply.text.contains("/api/v1/cron-workflows/{namespace}/{name}/suspend"))
    #expect(reply.text.contains("id=\"io.argoproj.workflow.v1alpha1.WorkflowTemplate\""))
    let style = try await document("/apidocs/style.css")
    #expect(style["content-type"] == "text/css; charset=utf-8")
  }

  @Test("Argo's place for its document has ours") func assets() async throws {
    let reply = try await document("/assets/openapi-spec/swagger.json")
    #expect(reply.json["swagger"] == "2.0")
  }
}
