import Basics
import JSONValue
import KubeAPI
import KubeModel

/// The part of `metadata` that is the server's (`apiserver/pkg/registry/rest`, BeforeCreate and BeforeUpdate).
extension Resource {
  /// Edits `metadata` in place.
  mutating func editMetadata(_ edit: (inout JSONObject) -> Void) {
    json.modifyObject { root in
      var metadata = root["metadata"] ?? .object([:])
      root["metadata"] = .null
      metadata.modifyObject(edit)
      root["metadata"] = metadata
    }
  }

  /// Gives a new object what the server gives, whatever the client said of it.
  mutating func setCreationMetadata(uid: String, at now: Instant) {
    let kind = kind
    editMetadata { metadata in
      for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"] { metadata[field] = nil }
      metadata["uid"] = .string(uid)
      metadata["creationTimestamp"] = .string(now.rfc3339)
      metadata["generation"] = kind.countsGenerations ? 1 : nil
    }
  }

  /// Keeps of what is stored what a client cannot change.
  mutating func keepServerMetadata(of stored: Resource) {
    let old = stored.json["metadata"]
    editMetadata { metadata in
      for field in [
        "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink", "resourceVersion",
      ] {
        metadata[field] = old?[field]
      }
    }
  }

  /// The members besides `metadata` and, where `withStatus` is false, `status`.
  private func specification(withStatus: Bool) -> JSONObject {
    var members = json.object ?? [:]
    for field in ["metadata", "apiVersion", "kind"] { members[field] = nil }
    if !withStatus { members["status"] = nil }
    return members
  }

  /// Whether the desired state differs, which a new `generation` tells.
  func hasOtherSpecification(than stored: Resource, withStatus: Bool) -> Bool {
    specification(withStatus: withStatus) != stored.specification(withStatus: withStatus)
  }

  /// Equal but for the version and who owns fields since when: nothing is to be written.
  func isSame(as stored: Resource) -> Bool {
    comparable == stored.comparable
  }

  private var comparable: JSON {
    var result = self
    result.editMetadata { metadata in
      metadata["resourceVersion"] = nil
      metadata["managedFields"] = Self.timeless(metadata["managedFields"])
    }
    return result.json
  }

  private static func timeless(_ managedFields: JSON?) -> JSON? {
    guard let entries = managedFields?.array, !entries.isEmpty else { return nil }
    return .array(
      entries.map { entry in
        var entry = entry
        entry["time"] = nil
        return entry
      })
  }
}
