import Contracts
import JSONValue
import KubeModel
import ResourceDB
import ResourceService
import Testing

@Suite("field ownership through the service")
struct ApplyTests {
  private func apply(
    _ bench: Bench, _ name: String, _ data: JSON, by manager: String, force: Bool = false
  ) throws -> Written {
    var options = bench.options
    options.fieldManager = manager
    options.force = force
    let json: JSON = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)], "data": data]
    return try bench.service.patch(bench.key(.configMap, name), subresource: "", .apply, json, options)
  }

  private func managers(_ resource: Resource) -> [String] {
    (resource.json.at("metadata", "managedFields")?.array ?? []).map {
      "\($0["manager"]?.string ?? "") \($0["operation"]?.string ?? "") \($0["subresource"]?.string ?? "")"
    }
  }

  @Test("an apply makes the object, takes back what it no longer says, and conflicts with others unless forced")
  func apply() throws {
    let bench = try Bench()
    let made = try apply(bench, "c", ["a": "1", "b": "1"], by: "one")
    #expect(made.isDone)
    #expect(managers(made.resource) == ["one Apply "])
    let again = try apply(bench, "c", ["a": "1", "b": "1"], by: "one")
    #expect(!again.isDone)
    #expect(again.resource.resourceVersion == made.resource.resourceVersion)
    let less = try apply(bench, "c", ["a": "1"], by: "one")
    #expect(less.resource.json["data"] == ["a": "1"])
    let conflict = #expect(throws: KubeStatus.self) { try apply(bench, "c", ["a": "2"], by: "two") }
    #expect(conflict?.reason == .conflict)
    #expect(conflict?.details?.causes.first?.field == ".data.a")
    let forced = try apply(bench, "c", ["a": "2"], by: "two", force: true)
    #expect(forced.resource.json["data"] == ["a": "2"])
    #expect(managers(forced.resource) == ["two Apply "])
  }

  @Test("ordinary writes own what they change, each subresource by itself")
  func ordinaryWrites() throws {
    let bench = try Bench()
    let pod = try bench.create(.pod, pod("p"))
    #expect(managers(pod) == ["test Update "])
    let running = try bench.patch(.pod, "p", ["status": ["phase": "Running"]], subresource: "status")
    #expect(managers(running).contains("test Update status"))
    let revision = bench.store.revision
    try bench.patch(.pod, "p", ["status": ["phase": "Running"]], subresource: "status")
    #expect(bench.store.revision == revision)
  }

  @Test("a Secret's stringData is data before anyone owns it")
  func stringData() throws {
    let bench = try Bench()
    let secret = try bench.create(.secret, ["metadata": ["name": "s"], "stringData": ["k": "f"]])
    #expect(secret.json["data"] == ["k": "Zg=="])
    let fields = secret.json.at("metadata", "managedFields")?[0]?.at("fieldsV1", "f:data", "f:k")
    #expect(fields != nil)
  }
}
