import Basics
import Contracts
import JSONValue
import KubeAPI
import KubeModel
import Testing

/// What must hold of ownership whatever the objects are: random objects of all kinds of the catalogue, and random JSON. A failure names its seed.
@Suite struct PatchingPropertyTests {
  private static let catalog = Catalog()
  private static let targets = catalog.kinds.filter { $0.verbs.contains("patch") }.map { PatchTarget($0, in: catalog) }

  private func manager(_ name: String) -> FieldManager { FieldManager(name: name, time: Instant(seconds: 1_700_000_000)) }

  private func apply(_ config: JSON, to live: JSON?, _ target: PatchTarget, by name: String, force: Bool = false) throws(KubeStatus) -> JSON
  {
    try Patching.apply(.apply, config, to: live, of: target, by: manager(name), force: force)
  }

  private static func bare(_ object: JSON) -> JSON {
    var result = object
    result["metadata"]?["managedFields"] = nil
    return result
  }

  @Test("applying again changes nothing; what is applied is there")
  func idempotent() throws {
    for seed in 0..<300 as Range<UInt64> {
      var random = RandomObjects(seed: seed, catalog: Self.catalog)
      let target = random.element(of: Self.targets)
      let (first, second) = (random.object(of: target), random.object(of: target))
      let live = try apply(first, to: nil, target, by: "one")
      #expect(Self.bare(live) == first, "seed \(seed) \(target.kind.kind.kind)")
      #expect(try apply(first, to: live, target, by: "one") == live, "seed \(seed)")
      let both = try apply(second, to: live, target, by: "two", force: true)
      #expect(try apply(second, to: both, target, by: "two") == both, "seed \(seed)")
      // One applies what two applied: then both own it, and nothing of the first remains.
      let agreed = try apply(second, to: both, target, by: "one")
      #expect(Self.bare(agreed).isArrangement(of: second), "seed \(seed)\n\(agreed.text())\n\(first.text())\n\(second.text())")
    }
  }

  @Test("managers with different fields come to the same object in either order")
  func commute() throws {
    for seed in 0..<300 as Range<UInt64> {
      var random = RandomObjects(seed: seed, catalog: Self.catalog)
      let target = random.element(of: Self.targets)
      let whole = random.object(of: target)
      let (left, right) = random.split(whole)
      let one = try apply(right, to: try apply(left, to: nil, target, by: "left"), target, by: "right")
      let other = try apply(left, to: try apply(right, to: nil, target, by: "right"), target, by: "left")
      #expect(Self.bare(one) == Self.bare(other), "seed \(seed) \(target.kind.kind.kind)")
      #expect(Self.bare(one) == whole, "seed \(seed)")
      #expect(
        try ManagedFields(one.at("metadata", "managedFields")) == (try ManagedFields(other.at("metadata", "managedFields"))), "seed \(seed)"
      )
      // One withdraws: the other's remains.
      var nothing = left
      for field in left.object?.keys ?? [] where !["apiVersion", "kind", "metadata"].contains(field) { nothing[field] = nil }
      nothing["metadata"] = ["name": left.at("metadata", "name") ?? "x"]
      let alone = Self.bare(try apply(nothing, to: one, target, by: "left"))
      #expect(alone.isPruned(of: right), "seed \(seed)\n\(alone.text())\n\(right.text())")
    }
  }

  @Test("everything in an object has an owner: whoever changes it meets a conflict")
  func covered() throws {
    for seed in 0..<300 as Range<UInt64> {
      var random = RandomObjects(seed: seed, catalog: Self.catalog)
      let target = random.element(of: Self.targets)
      let object = random.object(of: target)
      guard let changed = random.changingALeaf(of: object) else { continue }
      let live = FieldOwnership.recorded(object, over: nil, by: manager("creator"), of: target)
      #expect(throws: KubeStatus.self, "seed \(seed) \(target.kind.kind.kind) \(object.text()) \(changed.text())") {
        try apply(changed, to: live, target, by: "other")
      }
      // The same said again is no conflict.
      let shared = try apply(object, to: live, target, by: "other")
      #expect(Self.bare(shared) == object, "seed \(seed)")
    }
  }

  @Test("FieldsV1 is read as it was written")
  func roundTrip() throws {
    for seed in 0..<500 as Range<UInt64> {
      var random = RandomObjects(seed: seed, catalog: Self.catalog)
      var set = FieldSet()
      for _ in 0..<random.number(12) { set.insert((0...random.number(5)).map { _ in random.pathElement() }) }
      let text = set.json.text()
      #expect(try FieldSet(try JSON.parse(text)) == set, "seed \(seed) \(text)")
      #expect(set.union(set) == set && set.subtracting(set).isEmpty && set.intersection(set) == set)
      #expect(set.paths.count == set.count && set.paths.allSatisfy(set.contains))
    }
  }

  @Test("no document brings it down")
  func garbage() {
    for seed in 0..<1500 as Range<UInt64> {
      var random = RandomObjects(seed: seed, catalog: Self.catalog)
      let target = random.element(of: Self.targets)
      var live = random.number(2) == 0 ? random.object(of: target) : random.json(5)
      var patch = random.number(2) == 0 ? random.object(of: target) : random.json(5)
      if random.number(2) == 0 { live["metadata"]?["managedFields"] = random.entries() }
      if random.number(3) == 0 { patch["metadata"]?["managedFields"] = random.entries() }
      if random.number(2) == 0 {
        patch["apiVersion"] = .string(target.kind.kind.apiVersion)
        patch["kind"] = .string(target.kind.kind.kind)
      }
      for form in [PatchForm.apply, .merge, .strategic, .json] {
        do throws(KubeStatus) {
          let result = try Patching.apply(form, patch, to: live, of: target, by: manager("m"), force: random.number(2) == 0)
          // What was written can be read.
          #expect((try? ManagedFields(result.at("metadata", "managedFields"))) != nil || form != .apply, "seed \(seed)")
        } catch { #expect(!error.message.isEmpty) }
      }
      _ = FieldOwnership.recorded(patch, over: live, by: manager("m"), of: target)
    }
  }

  @Test("ownership of deep objects can still be read")
  func deep() throws {
    let kind = ResourceKind(group: "example.com", version: "v1", kind: "Thing", plural: "things")
    var api = APIKind(kind, singular: "thing", typeName: "Thing")
    api.isCustom = true
    let target = PatchTarget(api, schema: nil, resolve: { _ in nil })
    var inner: JSON = "end"
    for _ in 0..<(JSON.maximumDepth - 2) { inner = ["x": inner] }
    let config: JSON = ["apiVersion": "example.com/v1", "kind": "Thing", "metadata": ["name": "a"], "spec": inner]
    let live = try apply(config, to: nil, target, by: "one")
    let entries = try #require(live.at("metadata", "managedFields"))
    #expect(try JSON.parse(entries.text()) == entries)
    #expect(try apply(config, to: live, target, by: "one") == live)
  }
}

extension JSON {
  /// The same but for the order of lists.
  fileprivate func isArrangement(of other: JSON) -> Bool {
    switch (self, other) {
    case (.object(let left), .object(let right)):
      return left.count == right.count && left.allSatisfy { key, value in right[key].map { value.isArrangement(of: $0) } ?? false }
    case (.array(let left), .array(let right)):
      guard left.count == right.count else { return false }
      var rest = right
      for element in left {
        guard let index = rest.firstIndex(where: { element.isArrangement(of: $0) }) else { return false }
        rest.remove(at: index)
      }
      return true
    default: return self == other
    }
  }

  /// The same, but that objects that became empty may be there or not.
  fileprivate func isPruned(of other: JSON) -> Bool {
    func shrunk(_ value: JSON) -> JSON? {
      guard case .object(let object) = value else { return value }
      let members = object.compactMap { key, value in shrunk(value).map { (key, $0) } }
      return members.isEmpty ? nil : .object(JSONObject(members))
    }
    return shrunk(self) == shrunk(other)
  }
}
