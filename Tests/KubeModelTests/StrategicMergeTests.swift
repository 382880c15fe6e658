import JSONValue
import KubeModel
import Testing

@Suite struct StrategicMergeTests {
  @Test(
    "patches are merged by Kubernetes' rules",
    arguments: [
      (
        "members merge, null removes", #"{"a":1,"b":{"c":1,"d":2}}"#, #"{"a":null,"b":{"c":3},"e":4,"x":null}"#,
        #"{"b":{"c":3,"d":2},"e":4}"#
      ),
      (
        "containers merge by name, new ones come first", #"{"containers":[{"name":"main","image":"a","args":["x"]},{"name":"wait"}]}"#,
        #"{"containers":[{"name":"new"},{"name":"main","args":["y"]}]}"#,
        #"{"containers":[{"name":"new"},{"name":"main","image":"a","args":["y"]},{"name":"wait"}]}"#
      ),
      (
        "lists in elements merge too",
        #"{"templates":[{"name":"t","inputs":{"parameters":[{"name":"p","value":"1"}]},"env":[{"name":"A","value":"1"}]}]}"#,
        #"{"templates":[{"name":"t","inputs":{"parameters":[{"name":"q"},{"name":"p","value":"2"}]},"env":[{"name":"A","value":"2"}]}]}"#,
        #"{"templates":[{"name":"t","inputs":{"parameters":[{"name":"q"},{"name":"p","value":"2"}]},"env":[{"name":"A","value":"2"}]}]}"#
      ),
      (
        "volumeMounts go by mountPath, ports by number, hostAliases by ip",
        #"{"volumeMounts":[{"mountPath":"/a","name":"x"}],"ports":[{"containerPort":80,"name":"h"}],"hostAliases":[{"ip":"1","hostnames":["a"]}]}"#,
        #"{"volumeMounts":[{"mountPath":"/a","name":"y"}],"ports":[{"containerPort":81}],"hostAliases":[{"ip":"1","hostnames":["b"]}]}"#,
        #"{"volumeMounts":[{"mountPath":"/a","name":"y"}],"ports":[{"containerPort":81},{"containerPort":80,"name":"h"}],"hostAliases":[{"ip":"1","hostnames":["b"]}]}"#
      ),
      (
        "what stood in the list already keeps its order there", #"{"env":[{"name":"A"},{"name":"B"},{"name":"C"},{"name":"D"}]}"#,
        #"{"env":[{"name":"C","value":"1"},{"name":"N"},{"name":"A","value":"2"}]}"#,
        #"{"env":[{"name":"B"},{"name":"C","value":"1"},{"name":"N"},{"name":"A","value":"2"},{"name":"D"}]}"#
      ),
      (
        "other lists are replaced", #"{"tolerations":[{"key":"a"}],"args":["x","y"]}"#, #"{"tolerations":[{"key":"b"}],"args":["z"]}"#,
        #"{"tolerations":[{"key":"b"}],"args":["z"]}"#
      ),
      (
        "$patch delete removes an element", #"{"env":[{"name":"A"},{"name":"B"}]}"#,
        #"{"env":[{"name":"A","$patch":"delete"},{"name":"Z","$patch":"delete"}]}"#, #"{"env":[{"name":"B"}]}"#
      ),
      (
        "$patch replace replaces a list", #"{"env":[{"name":"A"},{"name":"B"}]}"#, #"{"env":[{"$patch":"replace"},{"name":"C"}]}"#,
        #"{"env":[{"name":"C"}]}"#
      ),
      ("$patch replace replaces an object", #"{"a":{"b":1,"c":2}}"#, #"{"a":{"$patch":"replace","d":3}}"#, #"{"a":{"d":3}}"#),
      (
        "$patch delete empties an object", #"{"a":{"b":1},"c":1}"#, #"{"a":{"$patch":"delete"},"z":{"$patch":"delete"}}"#,
        #"{"a":{},"c":1}"#
      ),
      ("$retainKeys keeps only these", #"{"a":{"b":1,"c":2}}"#, #"{"a":{"$retainKeys":["c","d"],"d":3}}"#, #"{"a":{"c":2,"d":3}}"#),
      (
        "plain lists lose elements", #"{"finalizers":["a","b"]}"#, #"{"$deleteFromPrimitiveList/finalizers":["a"],"finalizers":["c","b"]}"#,
        #"{"finalizers":["c","b"]}"#
      ),
      (
        "an element order arranges the list, others stay where they were",
        #"{"env":[{"name":"A"},{"name":"X"},{"name":"B"},{"name":"C"}]}"#,
        #"{"$setElementOrder/env":[{"name":"B"},{"name":"N"},{"name":"A"}],"env":[{"name":"N"},{"name":"A","value":"1"}]}"#,
        #"{"env":[{"name":"X"},{"name":"B"},{"name":"N"},{"name":"A","value":"1"},{"name":"C"}]}"#
      ),
      (
        "an element order without a list arranges what is there", #"{"finalizers":["a","b","c"]}"#,
        #"{"$setElementOrder/finalizers":["c","a"]}"#, #"{"finalizers":["b","c","a"]}"#
      ),
      (
        "what is new after a deletion stands as if it had been there", #"{"env":[{"name":"A"},{"name":"B"},{"name":"C"}]}"#,
        #"{"$setElementOrder/env":[{"name":"N"},{"name":"C"}],"env":[{"name":"N"},{"name":"A","$patch":"delete"}]}"#,
        #"{"env":[{"name":"B"},{"name":"N"},{"name":"C"}]}"#
      ),
      ("nulls and directives do not enter new objects", #"{}"#, #"{"a":{"b":null,"c":{"$patch":"replace","d":1}}}"#, #"{"a":{}}"#),
      ("a set takes each value once", #"{"finalizers":["a","b"]}"#, #"{"finalizers":["c","c","b"]}"#, #"{"finalizers":["c","a","b"]}"#),
      (
        "a value of another type is replaced", #"{"a":[1],"b":{"c":1},"env":"x"}"#, #"{"a":{"x":1},"b":"y","env":[{"name":"A"}]}"#,
        #"{"a":{"x":1},"b":"y","env":[{"name":"A"}]}"#
      ),
    ])
  func merge(rule: String, original: String, patch: String, expected: String) throws {
    #expect(try JSON.parse(original).strategicallyMerged(with: try JSON.parse(patch)) == (try JSON.parse(expected)), "\(rule)")
  }

  @Test(
    "patches that mean nothing are refused",
    arguments: [
      "[]", "1", #"{"$patch":"x"}"#, #"{"env":[{"value":"1"}]}"#, #"{"env":[1]}"#, #"{"env":[[]]}"#, #"{"$retainKeys":["a"],"b":1}"#,
      #"{"$setElementOrder/env":[{"name":"A"}],"env":[{"name":"B"}]}"#, #"{"$setElementOrder/env":1,"env":[]}"#,
      #"{"env":[{"name":"A","$patch":"merge"}]}"#, #"{"env":[{"$patch":"delete"}]}"#, #"{"$deleteFromPrimitiveList":[]}"#,
    ])
  func refused(patch: String) throws {
    let patch = try JSON.parse(patch)
    #expect(throws: JSONPatchError.self) { try JSON.object(["env": [["name": "A"]]]).strategicallyMerged(with: patch) }
  }
}
