import Contracts
import Glibc
import JSONValue
import Testing

@testable import Artifacts

/// The form of backups: trees with a manifest, as a directory and as a compressed tar.
@Suite struct BackupFormTests {
  private let directory: String

  init() throws {
    var template = Array("/tmp/argosy-backup-XXXXXX".utf8CString)
    let made = try #require(mkdtemp(&template))
    directory = String(cString: made)
  }

  private func path(_ name: String) -> String { directory + "/" + name }

  /// A tree with all that may lie in a volume.
  private func makeTree() throws {
    try Files.makeDirectories(path("tree/a/b"))
    try Files.makeDirectories(path("tree/closed"))
    try Files.write(Array("hello".utf8), to: path("tree/a/file"), mode: 0o640)
    try Files.write([], to: path("tree/a/empty"), mode: 0o600)
    try Files.write((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }, to: path("tree/a/b/large"), mode: 0o755)
    try Files.write(Array("x".utf8), to: path("tree/" + String(repeating: "long", count: 40)), mode: 0o644)
    try Files.write(Array("ü".utf8), to: path("tree/ümläut \n name"), mode: 0o644)
    #expect(symlink("/etc/passwd", path("tree/a/link")) == 0)
    #expect(symlink("nowhere", path("tree/dangling")) == 0)
    #expect(mkfifo(path("tree/pipe"), 0o600) == 0)
    try Files.write(Array("in".utf8), to: path("tree/closed/in"), mode: 0o400)
    chmod(path("tree/closed"), 0o500)
  }

  private func write(_ writer: BackupWriter) throws {
    try writer.add([1, 2, 3], as: "keys/k", mode: 0o600, modified: 5)
    try writer.add(path("tree"), as: "tree", skips: { $0.hasSuffix("/skipped") })
    try writer.add(path("not-there"), as: "not-there")
    try writer.finish(["revision": 7])
  }

  private func restored(_ source: String, _ place: String) throws -> BackupManifest {
    #expect(mkdir(path(place), 0o700) == 0)
    return try BackupReader(source).read(into: path(place))
  }

  /// What two trees say: names, kinds, modes, contents, times.
  private func listing(_ tree: String, _ name: String = "") throws -> [String] {
    let status = try #require(FileStatus(tree + name))
    var line = "\(name) \(status.kind) \(String(status.mode, radix: 8))"
    switch status.kind {
    case .file: line += " \(status.modified) \(try FileDigests(of: tree + name).sha256)"
    case .symlink: return [line + " " + (try Files.linkTarget(tree + name))]
    case .directory:
      return [line] + (try Files.names(in: tree + name).filter { $0 != "pipe" }.flatMap { try listing(tree, name + "/" + $0) })
    case .other: break
    }
    return [line]
  }

  @Test("a tree comes back as it was, from a directory and from a tar", arguments: ["copy", "copy.tar.gz"])
  func roundTrip(_ form: String) throws {
    defer { Files.remove(directory) }
    try makeTree()
    let writer = form.hasSuffix("gz") ? try BackupWriter(archive: path(form)) : try BackupWriter(directory: path(form))
    try write(writer)
    #expect(writer.omitted == ["tree/pipe"])
    let manifest = try restored(path(form), "back")
    #expect(manifest.header["revision"]?.int == 7 && manifest.header["omitted"] == ["tree/pipe"])
    #expect(try listing(path("tree")) == listing(path("back/tree")))
    #expect(FileStatus(path("back/keys/k"))?.mode == 0o600)
    // The backup itself is its owner's alone, whatever the modes in it.
    #expect((FileStatus(path(form))?.mode ?? 0) & 0o077 == 0)
  }

  @Test("a backup replaces nothing") func taken() throws {
    defer { Files.remove(directory) }
    try Files.write([1], to: path("x.tar.gz"), mode: 0o600)
    try Files.makeDirectories(path("full/in"))
    #expect { try BackupWriter(archive: path("x.tar.gz")) } throws: { "\($0)".contains("is there already") }
    #expect { try BackupWriter(directory: path("full")) } throws: { "\($0)".contains("is there already") }
    // One that is not finished leaves nothing.
    do {
      let writer = try BackupWriter(directory: path("half"))
      try writer.add([1], as: "a", mode: 0o600, modified: 0)
      let other = try BackupWriter(archive: path("half.tgz"))
      try other.add([1], as: "a", mode: 0o600, modified: 0)
    }
    #expect(try Files.names(in: directory) == ["full", "x.tar.gz"])
  }

  @Test("what was changed, cut, removed or put in is found", arguments: ["change", "cut", "remove", "manifest", "end"])
  func damage(_ kind: String) throws {
    defer { Files.remove(directory) }
    try makeTree()
    try write(try BackupWriter(directory: path("copy")))
    let victim = path("copy/tree/a/b/large")
    switch kind {
    case "change":
      let file = try Descriptor(victim, O_WRONLY)
      #expect(pwrite(file.number, "!", 1, 1000) == 1)
    case "cut": #expect(truncate(victim, 1000) == 0)
    case "remove": #expect(unlink(victim) == 0)
    default:
      let place = path("copy/manifest.jsonl")
      var lines = String(decoding: try FileSource(try Descriptor(place, O_RDONLY), name: "").bytes(1 << 20), as: UTF8.self)
        .split(separator: "\n").map(String.init)
      if kind == "end" { lines.removeLast() } else { lines.remove(at: 2) }
      unlink(place)
      try Files.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: place, mode: 0o600)
    }
    let problem = #expect(throws: ArtifactFailure.self) { try restored(path("copy"), "back") }
    let text = problem?.description ?? ""
    switch kind {
    case "change": #expect(text.contains("the checksum of tree/a/b/large is another"), "\(text)")
    case "cut": #expect(text.contains("tree/a/b/large has 1000 bytes in place of 300000"), "\(text)")
    case "remove": #expect(text.contains("tree/a/b/large is not there"), "\(text)")
    default: #expect(text.contains("manifest.jsonl is not whole"), "\(text)")
    }
  }

  @Test("a tar that was cut off or changed anywhere is refused") func damagedArchive() throws {
    defer { Files.remove(directory) }
    try makeTree()
    try write(try BackupWriter(archive: path("copy.tgz")))
    let bytes = try FileSource(try Descriptor(path("copy.tgz"), O_RDONLY), name: "").bytes(1 << 22)
    for (number, cut) in [1, 100, bytes.count / 2, bytes.count - 20].enumerated() {
      try Files.write(Array(bytes.dropLast(cut)), to: path("cut-\(number)"), mode: 0o600)
      #expect(throws: ArtifactFailure.self) { try restored(path("cut-\(number)"), "back-\(number)") }
    }
    var same = 0
    for number in 0..<20 {
      var changed = bytes
      changed[20 + (bytes.count - 40) * number / 20] ^= 0x10
      try Files.write(changed, to: path("changed-\(number)"), mode: 0o600)
      // Some bits of the compression mean nothing; then what comes out is the same.
      guard (try? restored(path("changed-\(number)"), "other-\(number)")) != nil else { continue }
      same += 1
      #expect(try listing(path("tree")) == listing(path("other-\(number)/tree")))
    }
    #expect(same < 10)
    #expect { try restored("/etc/passwd", "none") } throws: { "\($0)".contains("cannot be read as a backup") }
    #expect { try restored(path("tree"), "none2") } throws: { "\($0)".contains("is no backup of argosy") }
  }

  @Test("an archive that was made to harm puts nothing elsewhere", arguments: ["../out", "/tmp/argosy-out", "a/../../out"])
  func hostile(_ name: String) throws {
    defer { Files.remove(directory) }
    let deflate = try DeflateSink(
      FileSink(try Descriptor(path("bad.tgz"), O_WRONLY | O_CREAT), name: "bad"), form: .gzip, level: 1)
    let tar = TarWriter(deflate)
    try tar.header(name, type: "0", size: 0, mode: 0o644, modified: 0)
    try tar.finish()
    try deflate.finish()
    #expect { try restored(path("bad.tgz"), "back") } throws: { "\($0)".contains("it has an entry") }
    #expect(access(path("out"), F_OK) != 0 && access("/tmp/argosy-out", F_OK) != 0)
  }

  @Test("a file that changes while it is read is taken as it was begun, and said so when it became shorter")
  func changing() throws {
    defer { Files.remove(directory) }
    try Files.makeDirectories(path("tree"))
    try Files.write([UInt8](repeating: 7, count: 1000), to: path("tree/f"), mode: 0o600)
    let source = FileSource(try Descriptor(path("tree/f"), O_RDONLY), name: "f")
    let cut = MeasuredSource(source, size: 2000) { false }
    #expect(try cut.bytes(3000) == [UInt8](repeating: 7, count: 1000) + [UInt8](repeating: 0, count: 1000))
    #expect(cut.wasCut)
    let grown = MeasuredSource(FileSource(try Descriptor(path("tree/f"), O_RDONLY), name: "f"), size: 10) { false }
    #expect(try grown.bytes(3000).count == 10)
    #expect(!grown.wasCut)
    let writer = try BackupWriter(archive: path("never.tgz"))
    writer.isCancelled = { true }
    #expect { try writer.add(path("tree"), as: "tree") } throws: { "\($0)" == "interrupted" }
  }
}
