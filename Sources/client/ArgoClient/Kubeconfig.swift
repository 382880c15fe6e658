import Basics
import JSONValue
import YAMLText

/// The files that a kubeconfig is made of, merged as kubectl merges them: of entries with one name the first file's counts, and of the
/// current context the first that is named.
package struct Kubeconfig: Sendable {
  struct Entry: Sendable {
    var value: JSON
    /// Where the file stands: paths in it are relative to that.
    var directory: String
  }

  private(set) var currentContext = ""
  private(set) var contexts: [String: Entry] = [:]
  private(set) var clusters: [String: Entry] = [:]
  private(set) var users: [String: Entry] = [:]

  package init() {}

  var isEmpty: Bool { contexts.isEmpty && clusters.isEmpty && users.isEmpty }

  /// Adds a file. An empty one (`/dev/null`) is a kubeconfig with nothing in it.
  package mutating func add(_ bytes: [UInt8], path: String) throws(ClientFailure) {
    let document: JSON
    do {
      document = try YAMLText.documents(bytes).first?.value ?? .null
    } catch {
      throw ClientFailure("error loading config file \"\(path)\": \(error)", code: 3)
    }
    if document.isNull { return }
    guard document.object != nil else { throw ClientFailure("error loading config file \"\(path)\": it is no kubeconfig", code: 3) }
    if currentContext.isEmpty { currentContext = document["current-context"]?.string ?? "" }
    let directory = LocalFiles.parent(of: path) ?? "."
    func take(_ list: String, _ field: String, into entries: inout [String: Entry]) {
      for entry in document[list]?.array ?? [] {
        guard let name = entry["name"]?.string, entries[name] == nil else { continue }
        entries[name] = Entry(value: entry[field] ?? .object([:]), directory: directory)
      }
    }
    take("contexts", "context", into: &contexts)
    take("clusters", "cluster", into: &clusters)
    take("users", "user", into: &users)
  }

  /// Reads the files that a list names, as in `KUBECONFIG`: those that do not exist are left out.
  package static func read(_ paths: [String]) throws(ClientFailure) -> Kubeconfig {
    var result = Kubeconfig()
    for path in paths where LocalFiles.exists(path) {
      let bytes: [UInt8]
      do throws(FileError) { bytes = try LocalFiles.read(path, limit: 16 << 20) } catch { throw ClientFailure("\(error)", code: 3) }
      try result.add(bytes, path: path)
    }
    return result
  }
}
