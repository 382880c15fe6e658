/// What a runner and its launcher (`argosy-exec --launcher`), a process that starts supervisors as copies of itself, say to each other: one
/// message each over a socket that keeps messages apart.
package enum LaunchRequest: Sendable, Hashable {
  /// Start the supervisor of the pod in `directory`. Descriptors: its locked `lock` file, the pipe on which it tells. `scratch`: where scratch
  /// space may be taken from, and for whom; what is taken for a group is given to no other.
  case launch(directory: String, scratch: ScratchGroup?)
  /// The pod that had this scratch space is over. Not to be reused: something of it may still live.
  case release(slot: Int, isReusable: Bool)

  /// The longest message, which a directory's name fits into.
  package static let longest = 16 << 10

  package var bytes: [UInt8] {
    let fields: [String] =
      switch self {
      case .launch(let directory, let scratch): ["launch", directory, scratch?.directory ?? "", scratch?.name ?? ""]
      case .release(let slot, let isReusable): ["release", String(slot), isReusable ? "reuse" : "discard"]
      }
    return Array(fields.joined(separator: "\0").utf8)
  }

  /// nil for what is no request.
  package init?(_ bytes: some Sequence<UInt8>) {
    let fields = Array(bytes).split(separator: 0, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    switch fields.first {
    case "launch" where fields.count == 4 && !fields[1].isEmpty:
      self = .launch(directory: fields[1], scratch: fields[2].isEmpty ? nil : ScratchGroup(directory: fields[2], name: fields[3]))
    case "release" where fields.count == 3:
      guard let slot = Int(fields[1]) else { return nil }
      self = .release(slot: slot, isReusable: fields[2] == "reuse")
    default: return nil
    }
  }
}

/// Pods that may have each other's scratch space after one another.
package struct ScratchGroup: Sendable, Hashable {
  /// Where it lies.
  package var directory: String
  package var name: String
  package init(directory: String, name: String) {
    self.directory = directory
    self.name = name
  }
}

/// The answer to ``LaunchRequest/launch(directory:scratch:)``, with the supervisor's pidfd where there is one.
package struct LaunchReply: Sendable, Hashable {
  /// The supervisor, a child of the runner's process; negative: an error number, and nothing was started.
  package var process: Int32
  /// The scratch space that it has: its number, and where it lies.
  package var slot: Int?
  package var place: String

  package init(process: Int32, slot: Int? = nil, place: String = "") {
    self.process = process
    self.slot = slot
    self.place = place
  }

  package var bytes: [UInt8] { Array("\(process)\0\(slot ?? -1)\0\(place)".utf8) }

  package init?(_ bytes: some Sequence<UInt8>) {
    let fields = Array(bytes).split(separator: 0, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    guard fields.count == 3, let process = Int32(fields[0]), let slot = Int(fields[1]) else { return nil }
    self.init(process: process, slot: slot < 0 ? nil : slot, place: fields[2])
  }
}
