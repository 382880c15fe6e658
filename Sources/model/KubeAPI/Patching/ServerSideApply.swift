internal import Basics
internal import JSONValue
internal import KubeModel

/// Server-side apply (structured-merge-diff's `merge.Updater` and Kubernetes' managers around it).
struct ServerSideApply {
  let scope: OwnershipScope
  let target: PatchTarget
  let writer: FieldManager

  init(_ target: PatchTarget, by writer: FieldManager) {
    scope = OwnershipScope(target, subresource: writer.subresource)
    self.target = target
    self.writer = writer
  }

  private static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"
  private static let beforeFirstApply = "before-first-apply"

  /// The live object (nil: there is none) with a configuration applied, and with its `managedFields`.
  func applied(_ config: JSON, to live: JSON?, force: Bool) throws(KubeStatus) -> JSON {
    try check(config)
    var managed = (try? ManagedFields(live?.at("metadata", "managedFields"))) ?? ManagedFields()
    let live = live?.withManagedFields(nil)
    if managed.entries.isEmpty, let live {
      let first = FieldManager(name: Self.beforeFirstApply, subresource: writer.subresource, time: writer.time)
      managed = scope.updated(managed, from: nil, to: live, by: first)
    }
    var outcome = merged(config, live ?? empty, managed)
    if !force {
      var conflicts = outcome.conflicts
      // What kubectl applied from the client's side before is kubectl's own (`lastAppliedManager`).
      if writer.name == "kubectl", !conflicts.isEmpty, let allowed = live.flatMap(ownByLastApplied) {
        for (manager, set) in conflicts {
          let left = set.subtracting(allowed)
          conflicts[manager] = left.isEmpty ? nil : left
        }
      }
      if !conflicts.isEmpty { throw Self.conflict(conflicts, outcome.before) }
    }
    if writer.name == "kubectl", outcome.object.at("metadata", "annotations", Self.lastApplied)?.string?.isEmpty == false {
      outcome.object = Self.withLastApplied(outcome.object, of: config)
    }
    return outcome.object.withManagedFields(outcome.managed)
  }

  private var empty: JSON { ["apiVersion": .string(scope.apiVersion), "kind": .string(target.kind.kind.kind)] }

  // MARK: Refusals

  private func check(_ config: JSON) throws(KubeStatus) {
    let (group, version) = Self.split(config["apiVersion"]?.string ?? "")
    let name = config["kind"]?.string ?? ""
    let described = "\(group)/\(version), Kind=\(name)"
    guard config["apiVersion"]?.string == scope.apiVersion, name == target.kind.kind.kind else {
      throw KubeStatus(.badRequest, "invalid object type: \(described)")
    }
    if let managed = config.at("metadata", "managedFields"), !managed.isNull {
      throw KubeStatus(.badRequest, "metadata.managedFields must be nil")
    }
    let errors = scope.type.errors(in: config)
    guard errors.isEmpty else {
      let place = "\(config.at("metadata", "namespace")?.string ?? "")/\(config.at("metadata", "name")?.string ?? "")"
      throw KubeStatus(.unknown, "failed to create typed patch object (\(place); \(described)): \(TypedError.text(errors))")
    }
  }

  private static func split(_ apiVersion: String) -> (String, String) {
    let parts = apiVersion.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    return parts.count == 2 ? (String(parts[0]), String(parts[1])) : ("", apiVersion)
  }

  /// `Apply failed with …`, with one cause for each place (`managedfields.NewConflictError`).
  private static func conflict(_ conflicts: [ManagedFields.Manager: FieldSet], _ managed: ManagedFields) -> KubeStatus {
    func text(_ manager: ManagedFields.Manager) -> String {
      var result = JSON.string(manager.name).text()
      if !manager.subresource.isEmpty { result += " with subresource \(JSON.string(manager.subresource).text())" }
      if manager.operation == .update { result += " using \(manager.apiVersion)" }
      return result
    }
    let sorted = conflicts.sorted { left, right in
      (left.key.name, left.key.operation.rawValue, left.key.apiVersion, left.key.subresource)
        < (right.key.name, right.key.operation.rawValue, right.key.apiVersion, right.key.subresource)
    }
    var details = KubeStatus.Details()
    var lines: [String] = []
    for (manager, set) in sorted {
      lines.append("conflicts with \(text(manager)):")
      for path in set.paths {
        let field = path.map(\.description).joined()
        lines.append("- \(field)")
        details.causes.append(
          KubeStatus.Cause(reason: "FieldManagerConflict", message: "conflict with \(text(manager))", field: field))
      }
    }
    let message =
      details.causes.count == 1
      ? "Apply failed with 1 conflict: \(details.causes[0].message): \(details.causes[0].field)"
      : "Apply failed with \(details.causes.count) conflicts: \(lines.joined(separator: "\n"))"
    return KubeStatus(.conflict, message, details: details)
  }

  // MARK: Merging

  private struct Outcome {
    var object: JSON
    var managed: ManagedFields
    /// The entries before.
    var before: ManagedFields
    /// What others own and the configuration changes.
    var conflicts: [ManagedFields.Manager: FieldSet]
  }

  private func merged(_ config: JSON, _ live: JSON, _ managed: ManagedFields) -> Outcome {
    let type = scope.type
    let own = scope.manager(writer, .apply)
    var managed = scope.reconciled(managed)
    let before = managed
    let last = managed.entries[own]
    managed.entries[own] = ManagedFields.Entry(scope.filter.filter(type.fields(of: config)), apiVersion: scope.apiVersion, time: last?.time)
    let merged = type.merged(live, config) ?? [:]
    let unwanted = unwanted(in: merged, managed, last?.set)
    let object = type.removing(unwanted, from: merged, leavingNull: false) ?? [:]
    let marked = unwanted.isEmpty ? object : type.removing(unwanted, from: merged, leavingNull: true) ?? [:]

    let difference = type.difference(from: live, to: marked).filtered(scope.filter)
    var conflicts: [ManagedFields.Manager: FieldSet] = [:]
    for (manager, entry) in managed.entries where manager != own {
      let conflict = entry.set.intersection(difference.changed)
      if !conflict.isEmpty { conflicts[manager] = conflict }
      managed.entries[manager] = scope.remaining(of: entry, entry.set.subtracting(conflict).subtracting(difference.removed))
    }
    if let entry = managed.entries[own] {
      managed.entries[own] = scope.remaining(of: entry, entry.set.subtracting(FieldOwnership.unowned))
    }
    // An apply that changes nothing of the object keeps its time.
    if !object.isSame(as: live) { managed.entries[own]?.time = writer.time }
    return Outcome(object: object, managed: managed, before: before, conflicts: conflicts)
  }

  /// What this manager applied last time and does not apply now, unless another owns it.
  private func unwanted(in merged: JSON, _ managed: ManagedFields, _ last: FieldSet?) -> FieldSet {
    guard let last, !last.isEmpty else { return FieldSet() }
    let type = scope.type
    let applied = type.withNamedParents(last)
    func without(_ set: FieldSet) -> FieldSet {
      type.removing(set, from: merged, leavingNull: true).map { type.withNamedParents(type.fields(of: $0)) } ?? FieldSet()
    }
    let all = type.withNamedParents(type.fields(of: merged))
    // All that it had goes, but what somebody owns now comes back, and so does what it never owned.
    let owned = type.withNamedParents(managed.entries.values.reduce(FieldSet()) { $0.union($1.set) })
    let kept = without(all.subtracting(without(applied).union(owned)))
    return all.subtracting(kept).intersection(applied)
  }

  // MARK: kubectl's client-side apply

  /// What the annotation of kubectl's client-side apply holds and the object still has unchanged.
  private func ownByLastApplied(_ live: JSON) -> FieldSet? {
    guard let text = live.at("metadata", "annotations", Self.lastApplied)?.string, !text.isEmpty, let last = try? JSON.parse(text),
      last["apiVersion"]?.string == scope.apiVersion, scope.type.errors(in: last).isEmpty
    else { return nil }
    let difference = scope.type.difference(from: last, to: live)
    return scope.type.fields(of: last).subtracting(difference.changed).subtracting(difference.removed)
  }

  /// Keeps the annotation in step, so that kubectl's client-side apply goes on from here.
  private static func withLastApplied(_ object: JSON, of config: JSON) -> JSON {
    var config = config
    if var annotations = config.at("metadata", "annotations")?.object {
      annotations.removeValue(forKey: lastApplied)
      config["metadata"]?["annotations"] = .object(annotations)
    }
    let text = config.text(.go) + "\n"
    var result = object
    guard var annotations = object.at("metadata", "annotations")?.object else { return object }
    annotations[lastApplied] = .string(text)
    let size = annotations.reduce(0) { $0 + $1.key.utf8.count + ($1.value.string?.utf8.count ?? 0) }
    if size > maximumAnnotations { annotations.removeValue(forKey: lastApplied) }
    result["metadata"]?["annotations"] = .object(annotations)
    return result
  }

  /// Kubernetes takes no more than 256 KiB of annotations.
  private static let maximumAnnotations = 256 * 1024
}
