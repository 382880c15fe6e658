import Basics
import Glibc
import Synchronization

/// Which pods have begun, on the disk before the first process of each is. A pod's directory is not flushed, and a loss of power may take it; without this
/// record such a pod would look as if it had not begun, and its step would run twice.
///
/// The file has a line `+UID` for each pod that begins and `-UID` for one of which nothing ran after all, after a line `@START` for each start of the machine.
/// A last line that is cut is of a pod that has not begun. Pods of a restored backup, which has no such file, begin anew.
final class BegunPods: Sendable {
  /// What is said of a pod that had begun and of which nothing else is known.
  static let lost = "the machine was started anew when the pod had begun, and the pod's files are lost: how far it came is not known"
  /// In bytes; a longer file is written anew with what is still open.
  private static let longestFile = 4 << 20
  private static let mostOver = 512

  private struct State {
    var descriptor: Int32 = -1
    var size = 0
    /// Pods that have begun and are not over, each with the start of the machine then.
    var open: [String: String] = [:]
    /// How many were recorded, and of them how many are on the disk.
    var recorded = 0
    var flushed = 0
    /// Those that were over last. What their ends have led to may not be on the disk yet, so they stay in `open` for a while.
    var over: [String] = []
    /// The file is written anew with the next record: what it has at its end is not known, or it is too long.
    var isStale = true
  }

  private let directory: String
  private let machineStart: String
  private let state = Mutex(State())
  /// Held while the file is flushed, for all that were recorded by then.
  private let flushing = Mutex(())
  private var file: String { directory + "/begun" }

  init(directory: String, machineStart: String) {
    self.directory = directory
    self.machineStart = machineStart
  }

  deinit {
    let descriptor = state.withLock { $0.descriptor }
    if descriptor >= 0 { close(descriptor) }
  }

  /// Takes over what earlier processes have recorded of these pods. Throws when there is a file and it cannot be read.
  func read(keeping uids: Set<String>) throws(FileError) {
    guard LocalFiles.exists(file) else { return }
    let bytes = try LocalFiles.read(file)
    var start = ""
    var open: [String: String] = [:]
    for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast() {
      let text = String(decoding: line.dropFirst(), as: UTF8.self)
      switch line.first {
      case UInt8(ascii: "@"): start = text
      case UInt8(ascii: "+"): if uids.contains(text) { open[text] = start }
      case UInt8(ascii: "-"): open[text] = nil
      default: break
      }
    }
    state.withLock { $0.open = open }
  }

  /// Whether the pod had begun before the machine was started anew, so that a directory that says nothing does not say that nothing ran.
  func isUnaccounted(_ uid: String) -> Bool {
    state.withLock { state in state.open[uid].map { $0 != machineStart } ?? false }
  }

  /// Returns when it is on the disk; others that come meanwhile are flushed together. Throws when it is not.
  func record(_ uid: String) throws(FileError) {
    let number = state.withLock { state in
      state.open[uid] = machineStart
      append("+\(uid)\n", to: &state)
      state.recorded += 1
      return state.recorded
    }
    try flushing.withLock { _ throws(FileError) in
      let (isFlushed, recorded, descriptor) = try state.withLock { state throws(FileError) in
        if state.flushed < number, state.isStale { try rewrite(&state) }
        return (state.flushed >= number, state.recorded, state.descriptor)
      }
      if isFlushed { return }
      guard fdatasync(descriptor) == 0 else {
        let failure = FileError("fdatasync", file)
        state.withLock { $0.isStale = true }
        throw failure
      }
      state.withLock { $0.flushed = max($0.flushed, recorded) }
    }
  }

  /// Nothing of the pod has run, and it may begin again. Not flushed: after a loss of power it may count as begun.
  func withdraw(_ uid: String) {
    state.withLock { state in
      if state.open.removeValue(forKey: uid) != nil { append("-\(uid)\n", to: &state) }
    }
  }

  /// The pod is over.
  func forget(_ uid: String) {
    state.withLock { state in
      guard state.open[uid] != nil else { return }
      state.over.append(uid)
      guard state.over.count > Self.mostOver else { return }
      for old in state.over.prefix(Self.mostOver / 2) { state.open[old] = nil }
      state.over.removeFirst(Self.mostOver / 2)
    }
  }

  private func append(_ line: String, to state: inout State) {
    guard !state.isStale else { return }
    let bytes = Array(line.utf8)
    state.isStale = write(state.descriptor, bytes, bytes.count) != bytes.count
    state.size += bytes.count
    if state.size > Self.longestFile { state.isStale = true }
  }

  /// Replaces the file by one with what is open. Nobody flushes it meanwhile.
  private func rewrite(_ state: inout State) throws(FileError) {
    var text = ""
    for (start, pods) in Dictionary(grouping: state.open, by: \.value) {
      text += "@\(start)\n"
      for pod in pods { text += "+\(pod.key)\n" }
    }
    text += "@\(machineStart)\n"
    let temporary = file + ".tmp"
    try LocalFiles.makeDirectories(directory)
    try LocalFiles.write(Array(text.utf8), to: temporary, mode: 0o600)
    let descriptor = LocalFiles.open(temporary, O_WRONLY | O_APPEND)
    guard descriptor >= 0 else { throw FileError("open", temporary) }
    let parent = LocalFiles.open(directory, O_RDONLY | O_DIRECTORY)
    defer { if parent >= 0 { close(parent) } }
    guard parent >= 0, fsync(descriptor) == 0, rename(temporary, file) == 0, fsync(parent) == 0 else {
      let failure = FileError("fsync", file)
      close(descriptor)
      throw failure
    }
    if state.descriptor >= 0 { close(state.descriptor) }
    state.descriptor = descriptor
    state.size = text.utf8.count
    state.flushed = state.recorded
    state.isStale = false
  }
}
