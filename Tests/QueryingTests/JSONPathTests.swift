import JSONValue
import KubeModel
import Querying
import Testing

private let pod = #"""
  {"kind":"Pod","metadata":{"name":"web","labels":{"app.kubernetes.io/name":"x","tier":"back"},"generation":7},
   "spec":{"ratio":0.00001,"big":12345678901234567890,"containers":[{"name":"a","image":"i1","ports":[80,81]},{"name":"b","image":"i2"}]},
   "status":{"phase":"Running","ready":true,"nothing":null,"html":"<b>&",
    "conditions":[{"type":"Ready","status":"True","n":3},{"type":"Init","status":"False","n":5}]}}
  """#

@Suite struct JSONPathTests {
  @Test(
    "kubectl's templates",
    arguments: [
      ("{.status.phase}", "Running"),
      ("phase={.status.phase}!", "phase=Running!"),
      ("{.metadata.name}{\" \"}{.kind}", "web Pod"),
      ("{.metadata.generation} {.status.ready} {.spec.ratio}", "7 true 1e-05"),
      ("{.status.nothing}", "null"),
      ("{.status.missing}", ""),
      ("{.status.missing.deeper[0].x}", ""),
      ("{.spec.containers[*].name}", "a b"),
      ("{.spec.containers[0].name} {.spec.containers[-1].name}", "a b"),
      ("{.spec.containers[0,1].name}", "a b"),
      ("{.spec.containers[0:1].name}", "a"),
      ("{.spec.containers[:].name}", "a b"),
      ("{.spec.containers[::2].name}", "a"),
      ("{.spec.containers[0]['name','image']}", "a i1"),
      ("{.metadata['name']}", "web"),
      ("{.metadata.labels.app\\.kubernetes\\.io/name}", "x"),
      ("{.metadata.labels['app\\.kubernetes\\.io/name']}", "x"),
      ("{.status.conditions[?(@.type==\"Ready\")].status}", "True"),
      ("{.status.conditions[?(@.type=='Ready')].status}", "True"),
      ("{.status.conditions[?(@.n>3)].type}", "Init"),
      ("{.status.conditions[?(@.n>=3)].type}", "Ready Init"),
      ("{.status.conditions[?(@.n!=3)].type}", "Init"),
      ("{.spec.containers[?(@.ports)].name}", "a"),
      ("{range .spec.containers[*]}{.name}={.image};{end}done", "a=i1;b=i2;done"),
      ("{range .missing[*]}x{.name}{end}done", "done"),
      ("{range .spec.containers[*]}{.name}:{range .ports[*]}{@},{end};{end}", "a:80,81,;b:;"),
      ("{range .status.conditions[*]}{.type}{\"\\t\"}{.status}{\"\\n\"}{end}", "Ready\tTrue\nInit\tFalse\n"),
      ("{..name}", "web a b"),
      ("{.spec.containers[0]}", #"{"image":"i1","name":"a","ports":[80,81]}"#),
      ("{.spec.containers[0].ports}", "[80,81]"),
      ("{.status.html}", "<b>&"),
      ("{$.kind}", "Pod"),
      ("{.metadata.labels.*}", "x back"),
      ("{.spec.containers[*].ports[0]}", "80"),
      ("plain", "plain"),
      ("", ""),
    ])
  func kubectl(template: String, expected: String) throws {
    #expect(try KubectlJSONPath(template).text(on: JSON.parse(pod)) == expected)
  }

  @Test(
    "kubectl's errors",
    arguments: [
      ("{.a", "unclosed action"),
      ("{.a[0}", "unterminated array"),
      ("{.a[x]}", "invalid array index x"),
      ("{....a}", "invalid multiple recursive descent"),
      ("{.a[?(@.b]}", "unterminated filter"),
      ("{\"a}", "unterminated quoted string"),
      ("{end}", "not in range, nothing to end"),
      ("{hello}", "unrecognized identifier hello"),
      ("{.spec.containers[5].name}", "array index out of bounds: index 5, length 2"),
      ("{.spec[0]}", "map[string]interface {} is not array or slice"),
      ("{.status.conditions[?(@.n==\"3\")].type}", "incompatible types for comparison"),
      ("{.status.conditions[?(@.n=~3)].type}", "unrecognized character in action: U+007E '~'"),
      ("{.status.conditions[?(@.n=<3)].type}", "unrecognized filter operator =<"),
    ])
  func errors(template: String, message: String) throws {
    let object = try JSON.parse(pod)
    do throws(JSONPathError) {
      let text = try KubectlJSONPath(template).text(on: object)
      Issue.record("no error but '\(text)'")
    } catch {
      #expect(error.message.hasSuffix(message), "\(error.message)")
    }
  }

  private static let people = #"""
    {"name":{"first":"Tom","last":"Anderson"},"age":37,"children":["Sara","Alex","Jack"],"fav.movie":"Deer Hunter","none":null,"f":1.50,
     "friends":[{"first":"Dale","last":"Murphy","age":44,"nets":["ig","fb"]},{"first":"Roger","last":"Craig","age":68,"nets":["fb"]},
                {"first":"Jane","last":"Murphy","age":47,"nets":["ig"]}],
     "vals":[{"a":1,"b":true},{"a":2,"b":"0"},{"a":3,"b":1},{"a":4,"b":null},{"a":5}]}
    """#

  @Test(
    "gjson's paths",
    arguments: [
      ("name.last", "Anderson"), ("age", "37"), ("children.0", "Sara"), ("children.#", "3"), ("friends.1.first", "Roger"),
      ("fav\\.movie", "Deer Hunter"), ("child*.2", "Jack"), ("c?ildren.0", "Sara"), ("friends.#.age", "[44,68,47]"),
      ("friends.#(last==\"Murphy\").first", "Dale"), ("friends.#(last==\"Murphy\")#.first", #"["Dale","Jane"]"#),
      ("friends.#(age>45)#.last", #"["Craig","Murphy"]"#), ("friends.#(first%\"D*\").last", "Murphy"),
      ("friends.#(first!%\"D*\").last", "Craig"), ("children.#(!%\"*a*\")", "Alex"), ("children.#(%\"*a*\")#", #"["Sara","Jack"]"#),
      ("friends.#(nets.#(==\"fb\"))#.first", #"["Dale","Roger"]"#), ("friends|#", "3"), ("friends.#(last=\"Murphy\")#|#", "2"),
      ("friends.#(last=\"Murphy\")#|0.first", "Dale"), ("friends.#(last=\"Murphy\")#.#", "[]"),
      ("vals.#(b==~true)#.a", "[1,3]"), ("vals.#(b==~false)#.a", "[2,4,5]"), ("vals.#(b==~null)#.a", "[4,5]"),
      ("vals.#(b==~*)#.a", "[1,2,3,4]"), ("children.@reverse", #"["Jack","Alex","Sara"]"#), ("children.@reverse.0", "Jack"),
      ("name.@keys", #"["first","last"]"#), ("none", ""), ("f", "1.5"), ("name", #"{"first":"Tom","last":"Anderson"}"#),
    ])
  func gjson(path: String, expected: String) throws {
    #expect(try GJSONPath(path).value(in: JSON.parse(Self.people)).map(GJSONPath.text) == expected)
  }

  @Test(
    "a gjson path to nothing",
    arguments: ["nope", "name.first.x", "children.9", "children.x", "friends.first", "friends.#(age>99)", "", "age.0"])
  func missing(path: String) throws {
    #expect(try GJSONPath(path).value(in: JSON.parse(Self.people)) == nil)
  }

  private static let job =
    #"{"status":{"phase":"Done","succeeded":2,"failed":0,"ready":true,"conditions":[{"type":"Complete","status":"True"}]}}"#

  @Test(
    "conditions of resources",
    arguments: [
      ("status.phase == Done", true), ("status.phase=Done", true), ("status.phase != Done", false), ("status.phase in (A,Done)", true),
      ("status.phase notin (A,Done)", false), ("status.succeeded > 1", true), ("status.succeeded > 2", false), ("status.failed < 1", true),
      ("status.succeeded > 1, status.failed == 0", true), ("status.missing > 1", false), ("status.missing != x", true),
      ("status.missing", false), ("!status.missing", true), ("status.ready == true", true), ("status.conditions.0.status == True", true),
      ("status.phase > 1", false), ("", true),
    ])
  func conditions(text: String, holds: Bool) throws {
    #expect(try ResourceCondition(parsing: text).matches(JSON.parse(Self.job)) == holds)
  }

  @Test("conditions are judged and named one by one, in the order of their keys")
  func names() throws {
    let condition = try ResourceCondition(parsing: "status.succeeded>1,status.phase in (Done,A),!status.x,status.failed==0")
    #expect(condition.requirements.map(\.text) == ["status.failed==0", "status.phase in (A,Done)", "status.succeeded>1", "!status.x"])
    #expect(try condition.firstMatch(JSON.parse(Self.job))?.text == "status.failed==0")
  }

  @Test("what is no condition is refused", arguments: ["a.#(b)", "a > x", "a in ()", "a b", ",", "a=b,,c"])
  func refused(text: String) {
    #expect(throws: SelectorError.self) { try ResourceCondition(parsing: text) }
  }
}
