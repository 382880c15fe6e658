import Basics
import Contracts
import Glibc
import JSONValue
import KubeAPI
import KubeModel
import Testing

/// Writes of several managers to one object, made up at random, with what structured-merge-diff v6 (July 2026) made of them: the object and
/// everybody's fields after each step. `Tests/Recorded/server-side-apply.jsonl`: first the shapes, then one object's history a line.
@Suite struct PatchingRecordedTests {
  private static func recorded(_ name: String) throws -> [JSON] {
    let path = #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 } + "/Recorded/\(name)"
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes.append(contentsOf: chunk[..<count]) }
    return try bytes.split(separator: UInt8(ascii: "\n")).map { try JSON.parse(Array($0)) }
  }

  private static func schema(_ shape: JSON) -> TypeSchema {
    switch shape {
    case "string": TypeSchema(.string)
    case "number": TypeSchema(.number)
    case "boolean": TypeSchema(.boolean)
    case "scalar": TypeSchema(.intOrString)
    case "any": TypeSchema(.any)
    default:
      if let values = shape["map"] {
        TypeSchema(.map(schema(values)))
      } else if let element = shape["list"] {
        TypeSchema(.list(schema(element), listType(shape)))
      } else {
        TypeSchema(
          .object(
            .init(
              (shape["object"]?.object ?? [:]).map { name, field in
                var result = schema(field)
                result.defaultValue = shape.at("defaults", name)
                return TypeSchema.Property(name, result, mergeKey: mergeKey(field))
              }, preservesUnknown: shape["open"] == true, isAtomic: shape["atomic"] == true)))
      }
    }
  }

  private static func mergeKey(_ shape: JSON) -> String? {
    shape["type"] == "set" ? "" : shape["keys"]?[0]?.string
  }

  private static func listType(_ shape: JSON) -> TypeSchema.ListType {
    switch shape["type"] {
    case "set": .set
    case "map": .map(keys: (shape["keys"]?.array ?? []).compactMap(\.string))
    default: .atomic
    }
  }

  @Test("objects and owners after each write are those of structured-merge-diff")
  func replay() throws {
    var lines = try Self.recorded("server-side-apply.jsonl")[...]
    let shapes = try #require(lines.popFirst()?["shapes"]?.object)
    let kind = ResourceKind(group: "example.com", version: "v1", kind: "Thing", plural: "things")
    var api = APIKind(kind, singular: "thing", typeName: "Thing")
    api.isCustom = true
    #expect(lines.count > 50)
    for (number, history) in lines.enumerated() {
      let shape = try #require(history["type"]?.string.flatMap { shapes[$0] })
      let target = PatchTarget(api, schema: Self.schema(shape), resolve: { _ in nil })
      var live: JSON?
      for (index, step) in (history["steps"]?.array ?? []).enumerated() {
        let place = "history \(number), step \(index)"
        let (outcome, expected) = (Self.take(step, live, target), try #require(step["result"]))
        if let error = expected["error"]?.string {
          // An update that structured-merge-diff cannot follow is taken all the same here; the history goes on without it.
          if case .refused(let status) = outcome { #expect(status.message.hasSuffix(error), "\(place)") }
          #expect(step["op"] == "update" || outcome.object == nil, "\(place)")
          continue
        }
        if let conflicts = expected["conflicts"] {
          guard case .refused(let status) = outcome else {
            Issue.record("no conflict: \(place)")
            break
          }
          #expect(Self.conflicts(status) == (conflicts.array ?? []).compactMap(\.string), "\(place)")
          continue
        }
        guard let object = outcome.object else {
          Issue.record("refused: \(outcome) \(place)")
          break
        }
        live = object
        let (shown, managers) = Self.split(object)
        let wanted = (expected["object"] ?? .null, expected["managers"] ?? [:])
        #expect(shown == wanted.0, "\(place)\n\(shown.text(.canonical))\n\(wanted.0.text(.canonical))")
        #expect(managers == wanted.1, "\(place)\n\(managers.text(.canonical))\n\(wanted.1.text(.canonical))")
        guard shown == wanted.0, managers == wanted.1 else { break }
      }
    }
  }

  /// `strategic-merge.jsonl`: live objects and patches, half of them three-way patches as `kubectl apply` computes them, half with directives
  /// sprinkled over them, with what Kubernetes' `strategicpatch` (July 2026) made of them.
  @Test("strategic merge patches come out, or are refused, as in Kubernetes")
  func strategic() throws {
    var lines = try Self.recorded("strategic-merge.jsonl")[...]
    let shape = try #require(lines.popFirst()?["shape"])
    let target = PatchTarget(
      APIKind(ResourceKind(group: "example.com", version: "v1", kind: "Thing", plural: "things"), singular: "thing", typeName: "Thing"),
      schema: Self.schema(shape), resolve: { _ in nil })
    #expect(lines.count > 50)
    for (number, line) in lines.enumerated() {
      let (live, patch) = (try #require(line["live"]), try #require(line["patch"]))
      do throws(KubeStatus) {
        let result = try Patching.patched(live, by: .strategic, patch, of: target)
        #expect(line["object"] == result, "\(number)\n\(result.text(.canonical))\n\(line.text(.canonical))")
      } catch {
        #expect(line["error"]?.string == error.details?.causes.first?.message ?? error.message, "\(number) \(line.text())")
        #expect((line["kind"]?.string ?? "") == error.reason.rawValue, "\(number) \(error) \(line.text())")
      }
    }
  }

  private enum Outcome {
    case written(JSON)
    case refused(KubeStatus)
    var object: JSON? { if case .written(let object) = self { object } else { nil } }
  }

  private static func take(_ step: JSON, _ live: JSON?, _ target: PatchTarget) -> Outcome {
    let document = step["object"] ?? .null
    let manager = FieldManager(name: step["manager"]?.string ?? "", time: Instant(seconds: 1_700_000_000))
    do throws(KubeStatus) {
      if step["op"] == "update" {
        return .written(FieldOwnership.recorded(withoutNulls(document), over: live, by: manager, of: target))
      }
      return .written(
        try Patching.apply(.apply, document, to: live, of: target, by: manager, force: step["force"] == true) { object throws(KubeStatus) in
          withoutNulls(object)
        })
    } catch { return .refused(error) }
  }

  private static func withoutNulls(_ value: JSON) -> JSON {
    switch value {
    case .object(let object): .object(JSONObject(object.filter { !$0.value.isNull }.map { ($0.key, withoutNulls($0.value)) }))
    case .array(let elements): .array(elements.map(withoutNulls))
    default: value
    }
  }

  private static func split(_ object: JSON) -> (JSON, JSON) {
    var shown = object
    shown["metadata"]?["managedFields"] = nil
    let entries = object.at("metadata", "managedFields")?.array ?? []
    return (
      shown,
      .object(JSONObject(entries.map { ("\($0["operation"]?.string ?? "") \($0["manager"]?.string ?? "")", $0["fieldsV1"] ?? .null) }))
    )
  }

  private static func conflicts(_ status: KubeStatus) -> [String] {
    (status.details?.causes ?? []).map { cause in
      let name = String(cause.message.split(separator: "\"").dropFirst().first ?? "")
      return "\(cause.message.contains(" using ") ? "Update" : "Apply") \(name) \(cause.field)"
    }.sorted()
  }
}
