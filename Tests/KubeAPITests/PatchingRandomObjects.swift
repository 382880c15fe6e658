import JSONValue
import KubeAPI
import KubeModel

/// Random objects of the kinds of a catalogue, random parts and neighbours of them, and random JSON; the same for the same seed.
struct RandomObjects {
  private var state: UInt64
  private let catalog: Catalog

  init(seed: UInt64, catalog: Catalog) {
    state = seed &* 0x9E37_79B9_7F4A_7C15
    self.catalog = catalog
  }

  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Below `bound`.
  mutating func number(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
  mutating func element<Element>(of elements: [Element]) -> Element { elements[number(elements.count)] }
  private mutating func text() -> String { element(of: ["a", "b", "c", "d", "é", "x/y", "a.b", "\"q\"", "0", ""]) }

  // MARK: Objects of a kind

  mutating func object(of target: PatchTarget) -> JSON {
    var result: JSONObject = [
      "apiVersion": .string(target.kind.kind.apiVersion), "kind": .string(target.kind.kind.kind), "metadata": ["name": "x"],
    ]
    if number(2) == 0 { result["metadata"] = ["name": "x", "labels": ["l": .string(text())], "finalizers": ["f"]] }
    guard let schema = target.schema.flatMap(catalog.resolved), case .object(let shape) = schema.shape else { return .object(result) }
    // A status has owners of its own.
    for property in shape.properties where result[property.name] == nil && property.name != "status" && number(2) == 0 {
      result[property.name] = value(property.schema, 0)
    }
    return .object(result)
  }

  private mutating func value(_ given: TypeSchema, _ depth: Int) -> JSON {
    guard let schema = catalog.resolved(given) else { return "x" }
    switch schema.shape {
    case .string: return .string(text())
    case .integer: return .int(Int64(number(5)))
    case .number: return .double(1.5)
    case .boolean: return .bool(number(2) == 0)
    case .intOrString: return number(2) == 0 ? .int(Int64(number(3))) : .string(text())
    case .any: return ["any": .string(text())]
    case .map(let values): return ["k\(number(3))": value(values, depth + 1)]
    case .reference: return "x"
    case .list(let element, let type): return .array(list(element, type, depth + 1))
    case .object(let shape):
      var members: [(String, JSON)] = []
      for property in shape.properties where number(depth > 5 ? 12 : 4) == 0 && depth < 9 {
        members.append((property.name, value(property.schema, depth + 1)))
      }
      // An object with nothing in it is owned by itself; keep the common case.
      if members.isEmpty, let first = shape.properties.first, depth < 9 { members.append((first.name, value(first.schema, depth + 1))) }
      return .object(JSONObject(members))
    }
  }

  private mutating func list(_ element: TypeSchema, _ type: TypeSchema.ListType, _ depth: Int) -> [JSON] {
    var result: [JSON] = []
    for index in 0...number(3) {
      var value = value(element, depth)
      switch type {
      case .atomic: break
      case .set: value = value.int == nil ? .string("s\(index)") : .int(Int64(index))
      case .map(let keys):
        guard case .object(let shape)? = catalog.resolved(element)?.shape else { continue }
        for key in keys {
          let isNumber = shape.property(key).map { $0.schema.shape == .integer } ?? false
          value[key] = isNumber ? .int(Int64(8000 + index)) : .string("e\(index)")
        }
      }
      result.append(value)
    }
    return result
  }

  /// Two objects that together are the first: each member goes to the one, to the other, or is split; lists stay whole.
  mutating func split(_ object: JSON) -> (JSON, JSON) {
    let (left, right) = parts(object, isRoot: true)
    return (left ?? [:], right ?? [:])
  }

  private mutating func parts(_ value: JSON, isRoot: Bool) -> (JSON?, JSON?) {
    guard case .object(let object) = value else { return number(2) == 0 ? (value, nil) : (nil, value) }
    var (left, right): (JSONObject, JSONObject) = ([:], [:])
    for (key, member) in object {
      switch key {
      case "apiVersion" where isRoot, "kind" where isRoot: (left[key], right[key]) = (member, member)
      case "metadata" where isRoot:
        var others = member
        others["labels"] = nil
        others["finalizers"] = nil
        (left[key], right[key]) = (member, others)
      case "spec" where isRoot: (left[key], right[key]) = parts(member, isRoot: false)
      default: if number(2) == 0 { left[key] = member } else { right[key] = member }
      }
    }
    return (left.isEmpty ? nil : .object(left), right.isEmpty ? nil : .object(right))
  }

  /// The object with one value changed that is in no list; nil where there is none.
  mutating func changingALeaf(of object: JSON) -> JSON? {
    var paths: [[String]] = []
    func collect(_ value: JSON, _ path: [String]) {
      switch value {
      case .object(let members): for (key, member) in members { collect(member, path + [key]) }
      case .array: break
      default: if let first = path.first, !["apiVersion", "kind", "metadata"].contains(first) { paths.append(path) }
      }
    }
    collect(object, [])
    guard !paths.isEmpty else { return nil }
    return changed(object, element(of: paths)[...])
  }

  private func changed(_ value: JSON, _ path: ArraySlice<String>) -> JSON {
    guard let first = path.first else {
      switch value {
      case .string(let text): return .string(text + "!")
      case .int(let number): return .int(number + 1)
      case .bool(let flag): return .bool(!flag)
      default: return 7.5
      }
    }
    var result = value
    result[first] = value[first].map { changed($0, path.dropFirst()) }
    return result
  }

  // MARK: Anything

  mutating func json(_ depth: Int) -> JSON {
    switch number(depth > 0 ? 9 : 6) {
    case 0: return .null
    case 1: return .bool(number(2) == 0)
    case 2: return .int(Int64(bitPattern: next()))
    case 3: return .double(0.5)
    case 4: return .number("123456789012345678901234567890")
    case 5: return .string(text())
    case 6: return .array((0..<number(4)).map { _ in json(depth - 1) })
    default:
      let names = [
        "metadata", "spec", "data", "containers", "name", "$patch", "$retainKeys", "$setElementOrder/containers", "managedFields", "status",
        "a",
        "$deleteFromPrimitiveList/finalizers", "finalizers", "annotations", "template", "env", "op", "path", "value",
      ]
      return .object(JSONObject((0..<number(6)).map { _ in (element(of: names), json(depth - 1)) }))
    }
  }

  mutating func pathElement() -> PathElement {
    switch number(4) {
    case 0, 1: return .field(text())
    case 2: return number(2) == 0 ? .value(.string(text())) : .value(.int(Int64(number(9))))
    default:
      return number(3) == 0
        ? .index(number(9)) : .key([PathElement.KeyField("name", .string(text())), PathElement.KeyField("port", .int(Int64(number(9))))])
    }
  }

  /// Something like `managedFields`.
  mutating func entries() -> JSON {
    func fields(_ depth: Int) -> JSON {
      let keys = [
        "f:spec", "f:metadata", ".", "k:{\"name\":\"a\"}", "k:[]", "k:", "v:1", "v:", "i:0", "i:x", "z:1", "q", "", "f:", "f:containers",
      ]
      return .object(JSONObject((0..<number(4)).map { _ in (element(of: keys), depth > 0 ? fields(depth - 1) : json(1)) }))
    }
    return .array(
      (0..<number(4)).map { _ in
        [
          "manager": .string(text()), "operation": element(of: ["Apply", "Update", "x", .null]),
          "apiVersion": element(of: ["v1", "", "a/v1", 1]),
          "time": element(of: ["2020-01-01T00:00:00Z", "x", .null]),
          "fieldsType": element(of: ["FieldsV1", "FieldsV1", "FieldsV2", .null]),
          "fieldsV1": number(4) == 0 ? json(2) : fields(3),
        ]
      })
  }
}
