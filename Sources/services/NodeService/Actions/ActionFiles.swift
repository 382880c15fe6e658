import Basics
import Contracts
import Glibc
import JSONValue

/// The files of a pod that this process carries out itself: those of any other, and its outputs as the engine takes them.
struct ActionFiles: Sendable {
  let directory: String

  private var status: String { directory + "/status.json" }

  /// Makes the directories.
  func prepare() throws(FileError) { try LocalFiles.makeDirectories(directory + "/containers/main", mode: 0o700) }

  /// What was reported last; nil before the first report.
  var report: PodReport? {
    guard let bytes = try? LocalFiles.read(status), let json = try? JSON.parse(bytes) else { return nil }
    return try? PodReport(json: json)
  }

  /// Replaces the report, so that a reader finds the old one or the new one.
  func write(_ report: PodReport) throws(FileError) {
    try LocalFiles.write(report.json.bytes(), to: status + ".new")
    guard rename(status + ".new", status) == 0 else { throw FileError("rename", status) }
  }

  func write(outputs: JSON) throws(FileError) { try LocalFiles.write(outputs.bytes(), to: directory + "/outputs.json", mode: 0o600) }

  /// The outputs of a pod that was carried out here; nil for others.
  static func outputs(in directory: String) -> JSON? {
    guard let bytes = try? LocalFiles.read(directory + "/outputs.json") else { return nil }
    return try? JSON.parse(bytes)
  }
}
