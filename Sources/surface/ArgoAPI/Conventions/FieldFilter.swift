internal import JSONValue

/// The query parameter `fields`: which members of an answer are sent. Paths do not count places in lists: `items.metadata.name` is of each item
/// (Argo: `util/fields`).
struct FieldFilter: Sendable, Hashable {
  private let excludes: Bool
  private let paths: [[String]]
  /// More paths than anybody means.
  private static let limit = 256

  /// - Parameter text: `metadata.name,status.phase`, or with `-` before it what is left out.
  /// - Parameter prefix: the path of what is trimmed, taken off each path: `result.object.`.
  init(_ text: String, prefix: String = "") {
    var text = text[...]
    excludes = text.hasPrefix("-")
    if excludes { text = text.dropFirst() }
    paths = text.split(separator: ",").prefix(Self.limit).map { path in
      let rest = path.hasPrefix(prefix) ? path.dropFirst(prefix.count) : path
      return rest.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    }
  }

  /// Whether nothing of the member at a path is sent, so that it need not be made.
  func leavesOut(_ path: String) -> Bool {
    guard !isEmpty else { return false }
    let members = path.split(separator: ".").map(String.init)
    if excludes { return paths.contains { members.starts(with: $0) } }
    return !paths.contains { members.starts(with: $0) || $0.starts(with: members) }
  }

  /// Whether of what lies below a path nothing is sent but these members, which are named from there on.
  func wantsOnly(_ members: [String], below path: String) -> Bool {
    guard !isEmpty, !excludes else { return false }
    let start = path.split(separator: ".").map(String.init)
    let allowed = members.map { start + $0.split(separator: ".").map(String.init) }
    return paths.allSatisfy { path in
      guard path.starts(with: start) || start.starts(with: path) else { return true }
      return allowed.contains { path.starts(with: $0) }
    }
  }

  /// Nothing is trimmed.
  var isEmpty: Bool { paths.isEmpty }

  func applied(to document: JSON) -> JSON {
    guard !isEmpty, document.object != nil else { return document }
    var result = trimmed(document, paths)
    restore(&result, from: document)
    return result
  }

  /// `paths`: the rests of the paths below this value.
  private func trimmed(_ value: JSON, _ paths: [[String]]) -> JSON {
    switch value {
    case .array(let elements): return .array(elements.map { trimmed($0, paths) })
    case .object(let members):
      var kept: [(String, JSON)] = []
      for (key, member) in members {
        let below = paths.filter { $0.first == key }.map { Array($0.dropFirst()) }
        let isNamed = below.contains { $0.isEmpty }
        if excludes {
          if !isNamed { kept.append((key, below.isEmpty ? member : trimmed(member, below))) }
        } else if isNamed {
          kept.append((key, member))
        } else if !below.isEmpty {
          kept.append((key, trimmed(member, below)))
        }
      }
      return .object(JSONObject(kept))
    default: return value
    }
  }

  /// Typed clients expect what Go always writes of an object and of a list.
  private func restore(_ result: inout JSON, from document: JSON) {
    for (member, empty) in [("metadata", JSON.object([:])), ("spec", .object([:])), ("items", .array([]))]
    where document[member] != nil && result[member] == nil {
      result[member] = empty
    }
    guard let items = result["items"]?.array, let originals = document["items"]?.array, items.count == originals.count else { return }
    result["items"] = .array(
      zip(items, originals).map { item, original in
        var item = item
        restore(&item, from: original)
        return item
      })
  }
}
