internal import Basics
package import JSONValue
internal import KubeModel

/// What ordinary writes (create, update, patches that are no apply) do to the ownership of fields, as Kubernetes' field manager does it
/// (`apimachinery/pkg/util/managedfields`): the writer owns what it changes, others lose that.
package enum FieldOwnership {
  /// What is never owned.
  static let unowned = FieldSet(
    [.field("apiVersion")], [.field("kind")], [.field("metadata")],
    [.field("metadata"), .field("name")], [.field("metadata"), .field("namespace")], [.field("metadata"), .field("creationTimestamp")],
    [.field("metadata"), .field("selfLink")], [.field("metadata"), .field("uid")], [.field("metadata"), .field("clusterName")],
    [.field("metadata"), .field("generation")], [.field("metadata"), .field("managedFields")],
    [.field("metadata"), .field("resourceVersion")])

  /// The object with its `metadata.managedFields` after a write. Never fails: what of `managedFields` cannot be read counts as if it were not there.
  /// - Parameters:
  ///   - new: the object as it is to be stored, with defaults. A client may set its `managedFields` (not through a subresource), and
  ///     resets all by an empty list.
  ///   - old: the object before; nil on creation.
  package static func recorded(_ new: JSON, over old: JSON?, by manager: FieldManager, of target: PatchTarget) -> JSON {
    let managed = startingPoint(new, old, isSubresource: !manager.subresource.isEmpty)
    // An object without entries is not tracked before the first apply.
    if managed.entries.isEmpty && old != nil { return new.withManagedFields(nil) }
    let scope = OwnershipScope(target, subresource: manager.subresource)
    return new.withManagedFields(scope.updated(managed, from: old?.withManagedFields(nil), to: new.withManagedFields(nil), by: manager))
  }

  private static func startingPoint(_ new: JSON, _ old: JSON?, isSubresource: Bool) -> ManagedFields {
    func read(_ document: JSON?) -> ManagedFields? { try? ManagedFields(document?.at("metadata", "managedFields")) }
    if !isSubresource {
      if ManagedFields.isReset(new.at("metadata", "managedFields")) { return ManagedFields() }
      if let given = read(new), !given.entries.isEmpty { return given }
    }
    return read(old) ?? ManagedFields()
  }

  /// The object that is to be stored: the old one when the new one differs from it in nothing but the times of its `managedFields`, so that nothing
  /// is written.
  package static func withoutEmptyChange(_ new: JSON, over old: JSON) -> JSON {
    guard new.withManagedFields(nil) == old.withManagedFields(nil) else { return new }
    guard var entries = try? ManagedFields(new.at("metadata", "managedFields")),
      let before = try? ManagedFields(old.at("metadata", "managedFields"))
    else { return new }
    for manager in entries.entries.keys { entries.entries[manager]?.time = before.entries[manager]?.time }
    return entries == before ? old : new
  }
}

/// Ownership of one kind's objects at one endpoint.
struct OwnershipScope {
  let type: FieldType
  let filter: FieldFilter
  let apiVersion: String

  init(_ target: PatchTarget, subresource: String) {
    type = FieldType(target)
    filter = FieldFilter(kind: target.kind, subresource: subresource)
    apiVersion = target.kind.kind.apiVersion
  }

  /// The entries after an ordinary write.
  func updated(_ managed: ManagedFields, from old: JSON?, to new: JSON, by writer: FieldManager) -> ManagedFields {
    let difference = type.difference(from: old ?? [:], to: new).filtered(filter)
    var result = reconciled(managed)
    for (manager, entry) in result.entries {
      result.entries[manager] = remaining(of: entry, entry.set.subtracting(difference.changed).subtracting(difference.removed))
    }
    let own = difference.changed.subtracting(FieldOwnership.unowned)
    if !own.isEmpty {
      let manager = manager(writer, .update)
      let before = result.entries[manager]?.set ?? FieldSet()
      result.entries[manager] = ManagedFields.Entry(own.union(before), apiVersion: apiVersion, time: writer.time)
    }
    result.cap()
    return result
  }

  func manager(_ writer: FieldManager, _ operation: ManagedFields.Operation) -> ManagedFields.Manager {
    ManagedFields.Manager(
      name: writer.name.isEmpty ? "unknown" : writer.name, operation: operation, apiVersion: apiVersion, subresource: writer.subresource)
  }

  /// Nil when nothing is left.
  func remaining(of entry: ManagedFields.Entry, _ set: FieldSet) -> ManagedFields.Entry? {
    set.isEmpty ? nil : ManagedFields.Entry(set, apiVersion: entry.apiVersion, time: entry.time)
  }

  /// The entries as the present schema would have them.
  func reconciled(_ managed: ManagedFields) -> ManagedFields {
    var result = managed
    for (manager, entry) in managed.entries { result.entries[manager]?.set = type.reconciled(entry.set) }
    return result
  }
}

extension JSON {
  /// The object with other entries; nil: without any.
  func withManagedFields(_ managed: ManagedFields?) -> JSON {
    guard case .object(var root) = self, case .object(var metadata)? = root["metadata"] else {
      guard let list = managed?.json, case .object(var root) = self else { return self }
      root["metadata"] = ["managedFields": list]
      return .object(root)
    }
    guard managed != nil || metadata["managedFields"] != nil else { return self }
    metadata["managedFields"] = managed?.json
    root["metadata"] = .object(metadata)
    return .object(root)
  }
}
