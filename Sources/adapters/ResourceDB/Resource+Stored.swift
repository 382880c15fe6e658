import CSQLite
import JSONValue
import KubeModel

/// What of an object has columns of its own, and how it is read again.
extension Resource {
  private var ownerReferences: [JSON] { json.at("metadata", "ownerReferences")?.array ?? [] }
  var ownerUIDs: [String] { ownerReferences.compactMap { $0["uid"]?.string } }
  var hasSeveralOwners: Bool { ownerReferences.count > 1 }

  /// The labels' JSON text, by which lists pass over objects without reading them; empty without labels.
  var labelsText: [UInt8] {
    guard let labels = json.at("metadata", "labels"), let members = labels.object, !members.isEmpty else { return [] }
    return labels.bytes()
  }

  /// An object from its stored text and the version from its column.
  init(_ kind: ResourceKind, stored: [UInt8], key: ResourceKey, resourceVersion: Int64) throws(StoreFailure) {
    do throws(JSONParseError) {
      self.init(kind, json: try JSON.parse(stored))
    } catch {
      throw .database(
        code: SQLITE_CORRUPT, message: "\(kind.qualifiedPlural) \"\(key.namespace)/\(key.name)\" cannot be read: \(error)")
    }
    self.resourceVersion = resourceVersion
  }

  /// An object of whatever kind from its stored text.
  init(stored: [UInt8], resourceVersion: Int64) throws(StoreFailure) {
    let json: JSON
    do throws(JSONParseError) {
      json = try JSON.parse(stored)
    } catch {
      throw .database(code: SQLITE_CORRUPT, message: "an object cannot be read: \(error)")
    }
    guard let kind = ResourceKind.of(apiVersion: json["apiVersion"]?.string ?? "", kind: json["kind"]?.string ?? "") else {
      throw .database(code: SQLITE_CORRUPT, message: "an object has no kind")
    }
    self.init(kind, json: json)
    self.resourceVersion = resourceVersion
  }
}
