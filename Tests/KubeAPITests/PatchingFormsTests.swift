import Contracts
import JSONValue
import KubeAPI
import KubeModel
import Testing

@Suite struct PatchingFormsTests {
  func patched(_ live: String, _ form: PatchForm, _ patch: String, _ target: PatchTarget = Shapes.deployments) throws -> JSON {
    try Patching.patched(try JSON.parse(live), by: form, try JSON.parse(patch), of: target)
  }
  func refusal(_ live: String, _ form: PatchForm, _ patch: String, _ target: PatchTarget = Shapes.deployments) throws -> KubeStatus? {
    do throws(KubeStatus) {
      _ = try Patching.patched((try? JSON.parse(live)) ?? .null, by: form, (try? JSON.parse(patch)) ?? .null, of: target)
      return nil
    } catch { return error }
  }

  @Test("JSON patches are carried out as one, or refused whole")
  func jsonPatch() throws {
    let live = #"{"spec":{"a":[1,2],"b":{"c":1}}}"#
    let all = #"""
      [{"op":"test","path":"/spec/b/c","value":1},{"op":"add","path":"/spec/a/-","value":3},{"op":"remove","path":"/spec/a/0"},
       {"op":"copy","from":"/spec/b","path":"/spec/d"},{"op":"move","from":"/spec/b/c","path":"/spec/e"},{"op":"replace","path":"/spec/b","value":{}}]
      """#
    #expect(try patched(live, .json, all) == (try JSON.parse(#"{"spec":{"a":[2,3],"b":{},"d":{"c":1},"e":1}}"#)))
    for patch in [
      #"[{"op":"test","path":"/spec/b/c","value":2}]"#, #"[{"op":"remove","path":"/spec/x"}]"#, #"[{"op":"replace","path":"","value":5}]"#,
      #"[{"op":"add","path":"/spec/a/9","value":1}]"#,
    ] {
      let status = try #require(try refusal(live, .json, patch))
      #expect(status.reason == .invalid && status.reason.code == 422)
      #expect(status.message == "the server rejected our request due to an error in our request")
      #expect(status.details?.causes.first?.message.isEmpty == false)
    }
    let noArray = try #require(try refusal(live, .json, "{}"))
    #expect(noArray.reason == .badRequest)
    #expect(noArray.message == "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp")
    let many = "[" + Array(repeating: #"{"op":"test","path":"/spec","value":1}"#, count: 10_001).joined(separator: ",") + "]"
    let tooMany = try #require(try refusal(live, .json, many))
    #expect(tooMany.reason == .requestEntityTooLarge)
    #expect(tooMany.message.hasSuffix("The allowed maximum operations in a JSON patch is 10000, got 10001"))
  }

  @Test("merge patches merge members and replace lists")
  func mergePatch() throws {
    #expect(
      try patched(#"{"spec":{"a":[{"name":"x"},{"name":"y"}],"b":1}}"#, .merge, #"{"spec":{"a":[{"name":"z"}],"b":null,"c":{"d":null}}}"#)
        == (try JSON.parse(#"{"spec":{"a":[{"name":"z"}],"c":{}}}"#)))
    let status = try #require(try refusal("{}", .merge, "[]"))
    #expect(status.reason == .badRequest)
    #expect(status.message == "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}")
  }

  @Test("strategic merge patches go by the schema's merge keys")
  func strategic() throws {
    let live = #"""
      {"spec":{"template":{"spec":{"containers":[{"name":"a","image":"x","ports":[{"containerPort":80}],"env":[{"name":"A","value":"1"}]},{"name":"b"}],
       "tolerations":[{"key":"k"}]}},"sets":["x","y"],"anything":{"containers":[{"name":"a"}]},"tree":{"tree":{"leaf":"1"}}}}
      """#
    let patch = #"""
      {"spec":{"template":{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"web"}],"env":[{"name":"B"}]},{"name":"b","$patch":"delete"}],
       "tolerations":[{"key":"l"}]}},"sets":["z"],"$deleteFromPrimitiveList/sets":["x"],"anything":{"containers":[{"name":"c"}]},"tree":{"tree":{"leaf":null}}}}
      """#
    let expected = #"""
      {"spec":{"template":{"spec":{"containers":[{"name":"a","image":"x","ports":[{"containerPort":80,"name":"web"}],
       "env":[{"name":"B"},{"name":"A","value":"1"}]}],"tolerations":[{"key":"l"}]}},"sets":["z","y"],"anything":{"containers":[{"name":"c"}]},
       "tree":{"tree":{}}}}
      """#
    #expect(try patched(live, .strategic, patch) == (try JSON.parse(expected)))
  }

  @Test("strategic merge patches are refused in Kubernetes' words")
  func strategicRefusals() throws {
    let live = #"{"spec":{"template":{"spec":{"containers":[{"name":"a"}]}}}}"#
    let noKey = try #require(
      try refusal(live, .strategic, #"{"spec":{"template":{"spec":{"containers":[{"image":"nginx","command":["a","b"]}]}}}}"#))
    #expect(noKey.reason == .unknown && noKey.reason.code == 500 && noKey.json["reason"] == nil)
    #expect(noKey.message == "map: map[command:[a b] image:nginx] does not contain declared merge key: name")
    let retain = try #require(try refusal(live, .strategic, #"{"spec":{"$retainKeys":["paused"],"replicas":1}}"#))
    #expect(retain.reason == .badRequest && retain.message == "invalid patch format of retainKeys")
    let lists = try #require(try refusal(live, .strategic, #"{"spec":{"template":{"spec":{"containers":[[]]}}}}"#))
    #expect(lists.reason == .invalid)
    let custom = try #require(try refusal(live, .strategic, "{}", Shapes.workflows))
    #expect(custom.reason == .unsupportedMediaType && custom.reason.code == 415)
    let noObject = try #require(try refusal(live, .strategic, "[]"))
    #expect(noObject.message == "json: cannot unmarshal array into Go value of type map[string]interface {}")
  }

  @Test("patches of large objects stay quick, or are refused")
  func large() throws {
    let keys = (0..<20_000).map { "key\($0)" }
    let live: JSON = ["data": .object(JSONObject(keys.map { ($0, "v") })), "spec": ["sets": .array(keys.map { .string($0) })]]
    let nulls: JSON = ["data": .object(JSONObject(keys.dropLast().map { ($0, .null) }))]
    let left: JSON = ["key19999": "v"]
    #expect(try Patching.patched(live, by: .merge, nulls, of: Shapes.configMaps)["data"] == left)
    #expect(try Patching.patched(live, by: .strategic, nulls, of: Shapes.configMaps)["data"] == left)
    let removals: JSON = .array(keys.prefix(9_000).map { _ in ["op": "remove", "path": "/spec/sets/0"] })
    #expect(throws: KubeStatus.self) { try Patching.patched(live, by: .json, removals, of: Shapes.configMaps) }
    let containers = (0..<5_000).map { JSON.object(["name": .string("c\($0)")]) }
    let pod: JSON = ["spec": ["template": ["spec": ["containers": .array(containers)]]]]
    let deletions: JSON = [
      "spec": ["template": ["spec": ["containers": .array(containers.map { ["name": $0["name"] ?? .null, "$patch": "delete"] })]]]
    ]
    #expect(
      try Patching.patched(pod, by: .strategic, deletions, of: Shapes.deployments).at("spec", "template", "spec", "containers") == [])
  }
}
