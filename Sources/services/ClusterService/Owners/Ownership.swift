import JSONValue
import KubeModel

/// What an object says of one of its owners (`metav1.OwnerReference`).
struct OwnerReference: Sendable, Hashable {
  var apiVersion: String
  var kind: String
  var name: String
  var uid: String
  /// The owner, deleted in the foreground, waits for this object.
  var blocksOwner: Bool

  init?(_ json: JSON) {
    guard let apiVersion = json["apiVersion"]?.string, let kind = json["kind"]?.string, let name = json["name"]?.string,
      let uid = json["uid"]?.string, !uid.isEmpty
    else { return nil }
    self.apiVersion = apiVersion
    self.kind = kind
    self.name = name
    self.uid = uid
    blocksOwner = json["blockOwnerDeletion"]?.bool == true
  }
}

/// How an owner is.
enum OwnerState: Sendable, Hashable {
  case present
  /// It is being deleted in the foreground: it waits for what it owns.
  case leaving
  /// It is gone, or was never there: none of the name has the uid in the object's namespace.
  case absent
  /// Of a kind that nobody knows, or of one that cannot own the object: what is not known decides nothing.
  case unknown
}

/// Whether an object may stay when some of its owners go (Kubernetes' `garbagecollector.attemptToDeleteItem`).
enum OwnershipDecision: Sendable, Hashable {
  case keep
  /// References to these owners are taken off; others hold the object.
  case detach([String])
  /// `isForeground`: it takes its own dependents with it before it goes.
  case delete(isForeground: Bool)

  init(_ owners: [(reference: OwnerReference, state: OwnerState)], hasDependents: Bool) {
    let isHeld = owners.contains { $0.state == .present || $0.state == .unknown }
    let going = owners.filter { $0.state == .absent || $0.state == .leaving }
    if going.isEmpty {
      self = .keep
    } else if isHeld {
      self = .detach(going.map(\.reference.uid))
    } else {
      self = .delete(isForeground: hasDependents && going.contains { $0.state == .leaving })
    }
  }
}

extension Resource {
  var ownerReferences: [OwnerReference] {
    (json.at("metadata", "ownerReferences")?.array ?? []).compactMap { OwnerReference($0) }
  }

  /// The object without its references to these owners.
  func detached(from owners: [String]) -> Resource {
    var changed = self
    var metadata = changed.metadata
    let rest = (metadata["ownerReferences"]?.array ?? []).filter { reference in
      reference["uid"]?.string.map { !owners.contains($0) } ?? true
    }
    metadata["ownerReferences"] = rest.isEmpty ? nil : .array(rest)
    changed.metadata = metadata
    return changed
  }
}
