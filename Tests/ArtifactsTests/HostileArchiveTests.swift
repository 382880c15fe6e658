import Contracts
import Glibc
import JSONValue
import Testing

@testable import Artifacts

@Suite struct HostileArchiveTests {
  struct Member: Sendable {
    var name: String
    var type: Character = "0"
    var link = ""
    var mode: UInt32 = 0o644
    var text = ""
  }

  /// Puts a gzip tar of these members under the key `evil`.
  private static func tar(_ members: [Member], in bench: Bench, cut: Int = 0) throws {
    try bench.store.put(key: "evil") { path throws(ArtifactFailure) in
      let memory = MemorySink()
      let deflate = try DeflateSink(memory, form: .gzip, level: 9)
      let tar = TarWriter(deflate)
      for member in members {
        let bytes = Array(member.text.utf8)
        try tar.header(
          member.name, type: member.type, link: member.link, size: UInt64(bytes.count), mode: member.mode, modified: 0)
        try deflate.write(bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512))
      }
      try tar.finish()
      try deflate.finish()
      try Files.write(memory.bytes.dropLast(cut), to: path, mode: 0o644)
    }
  }

  static let cases: [(members: [Member], says: String)] = [
    ([Member(name: "../evil", text: "x")], "\"../evil\" is refused"),
    ([Member(name: "a/../../evil", text: "x")], "\"a/../../evil\" is refused"),
    ([Member(name: "/tmp/argosy-evil", text: "x")], "path is absolute"),
    ([Member(name: "..", type: "5")], "\"..\" is refused"),
    ([Member(name: "a"), Member(name: "l", type: "2", link: "/etc")], "outside of the target"),
    ([Member(name: "a"), Member(name: "l", type: "2", link: "../x")], "\"l\" is refused"),
    // Within the archive, but out of its only top entry, which becomes the destination.
    ([Member(name: "top/l", type: "2", link: "../x")], "\"l\" is refused"),
    ([Member(name: "l", type: "2", link: "neighbour")], "link out of the target"),
    // A file through a link made before it, even one that stays inside.
    ([Member(name: "a/f"), Member(name: "l", type: "2", link: "a"), Member(name: "l/evil")], "\"l\" on its way is a link"),
    ([Member(name: "l", type: "2", link: "/tmp"), Member(name: "l/evil")], "outside of the target"),
    // Each link stays inside when read alone.
    (
      [
        Member(name: "f"), Member(name: "d/e/f"), Member(name: "d/e/up", type: "2", link: "../.."),
        Member(name: "d/e/out", type: "2", link: "up/../x"),
      ], "\"d/e/out\" is refused"
    ),
    ([Member(name: "a", type: "2", link: "b"), Member(name: "b", type: "2", link: "a")], "is refused"),
    ([Member(name: "f"), Member(name: "h", type: "1", link: "../../etc/passwd")], "\"h\" is refused"),
    ([Member(name: "f"), Member(name: "h", type: "1", link: "/etc/passwd")], "\"h\" is refused"),
    ([Member(name: "l", type: "2", link: "f"), Member(name: "h", type: "1", link: "l")], "is no file of the archive"),
    ([Member(name: "d", type: "3")], "it is a device"),
    ([Member(name: "d", type: "4")], "it is a device"),
    ([Member(name: "p", type: "6")], "it is a named pipe"),
    ([Member(name: "a/f"), Member(name: "a")], "something else has that name"),
    ([Member(name: String(repeating: "n", count: 300))], "longer than 255 bytes"),
  ]

  @Test(arguments: cases.indices)
  func `a hostile tar is refused by name and leaves nothing`(index: Int) throws {
    let (members, says) = Self.cases[index]
    let bench = try Bench()
    try Self.tar(members, in: bench)
    let message = try bench.refusal(["name": "a", "local": ["key": "evil"]])
    #expect(message.contains(says))
    #expect(access("/tmp/argosy-evil", F_OK) != 0)
  }

  @Test(arguments: [1, 4, 9, 40])
  func `a tar that was cut off is refused`(cut: Int) throws {
    let bench = try Bench()
    let noise = String(decoding: (0..<4000).map { UInt8(33 + $0 * $0 % 89) }, as: UTF8.self)
    try Self.tar([Member(name: "f", text: noise)], in: bench, cut: cut)
    #expect(try bench.refusal(["name": "a", "archive": ["tar": [:]], "local": ["key": "evil"]]).contains("too early"))
  }

  @Test func `special permission bits are dropped`() throws {
    let bench = try Bench()
    try Self.tar([Member(name: "f", mode: 0o755), Member(name: "g")], in: bench)
    // The writer drops them too, so set them in the bytes: the mode field is at 100, the checksum at 148.
    let plain = MemorySink()
    try TarWriter(plain).header("s", type: "0", size: 0, mode: 0o755, modified: 0)
    var block = plain.bytes
    block.replaceSubrange(100..<107, with: "0006755".utf8)
    for index in 148..<156 { block[index] = 32 }
    let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
    block.replaceSubrange(148..<156, with: Array((String(repeating: "0", count: 6 - sum.count) + sum).utf8) + [0, 32])
    try Files.write(block, to: bench.scratch.path + "/s.tar", mode: 0o644)
    let tree = try Packing.unpack(
      bench.scratch.path + "/s.tar", as: .tar(level: 0), into: bench.scratch.path + "/t", limits: ExtractionLimits())
    var status = stat()
    #expect(lstat(tree, &status) == 0)
    #expect(status.st_mode & 0o7777 == 0o755)
  }

  @Test func `size, count and ratio are bounded`() throws {
    let zeros = String(repeating: "0", count: 1_000_000)
    var limits = ExtractionLimits()
    limits.bytes = 900_000
    var bench = try Bench(limits: limits)
    try Self.tar([Member(name: "f", text: zeros)], in: bench)
    #expect(try bench.refusal(["name": "a", "local": ["key": "evil"]]).contains("\"f\" is refused: the archive becomes larger"))

    limits = ExtractionLimits()
    limits.entries = 2
    bench = try Bench(limits: limits)
    try Self.tar([Member(name: "a"), Member(name: "b"), Member(name: "c")], in: bench)
    #expect(try bench.refusal(["name": "a", "local": ["key": "evil"]]).contains("more than 2 entries"))

    limits = ExtractionLimits()
    limits.ratioFrom = 1000
    bench = try Bench(limits: limits)
    try Self.tar([Member(name: "f", text: zeros)], in: bench)
    #expect(try bench.refusal(["name": "a", "local": ["key": "evil"]]).contains("times as large"))
  }

  @Test(arguments: [("xx/evil", "../evil", "with \"..\""), ("x/evil", "/tevil", "path is absolute")])
  func `a hostile zip is refused`(made: String, patched: String, says: String) throws {
    let bench = try Bench()
    try bench.scratch.write("src/evil", "x")
    let path = bench.scratch.path + "/packed.zip"
    do {
      let zip = ZipWriter(try Descriptor(path, O_RDWR | O_CREAT), path: path)
      try zip.add(bench.scratch.path + "/src/evil", as: made)
      try zip.finish()
    }
    var bytes = try FileSource(try Descriptor(path, O_RDONLY), name: path).bytes(100_000)
    let old = Array(made.utf8)
    let new = Array(patched.utf8.prefix(old.count)) + Array(repeating: UInt8(ascii: "x"), count: max(0, old.count - patched.utf8.count))
    for start in 0...(bytes.count - old.count) where bytes[start..<start + old.count].elementsEqual(old) {
      bytes.replaceSubrange(start..<start + old.count, with: new)
    }
    try bench.store.put(key: "evil") { path throws(ArtifactFailure) in try Files.write(bytes, to: path, mode: 0o644) }
    #expect(try bench.refusal(["name": "a", "archive": ["zip": [:]], "local": ["key": "evil"]]).contains(says))
  }

  @Test func `a zip that was cut off or changed is refused`() throws {
    let bench = try Bench()
    try bench.scratch.write("src/f", String(repeating: "text ", count: 1000))
    try Packing.pack(bench.scratch.path + "/src", as: .zip, to: bench.scratch.path + "/good.zip")
    let good = try FileSource(try Descriptor(bench.scratch.path + "/good.zip", O_RDONLY), name: "good").bytes(100_000)
    var changed = good
    changed[85] ^= 0xff
    for bytes in [Array(good.dropLast(5)), Array(good.dropFirst(10)), changed, []] {
      try bench.store.put(key: "evil") { path throws(ArtifactFailure) in try Files.write(bytes, to: path, mode: 0o644) }
      #expect(try bench.refusal(["name": "a", "archive": ["zip": [:]], "local": ["key": "evil"]]) != "")
    }
  }

  /// The same numbers in every run, so that a failure can be looked at.
  private struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ state >> 29
    }
  }

  @Test func `random bytes never crash the readers`() throws {
    let scratch = try Scratch()
    var generator = Seeded(state: 20_261_121)
    try scratch.write("src/f", "some text")
    try Packing.pack(scratch.path + "/src", as: .zip, to: scratch.path + "/a.zip")
    try Packing.pack(scratch.path + "/src", as: .tar(level: 0), to: scratch.path + "/a.tgz")
    for (file, form) in [("a.zip", ArchiveForm.zip), ("a.tgz", .tar(level: 0))] {
      let good = try FileSource(try Descriptor(scratch.path + "/" + file, O_RDONLY), name: file).bytes(100_000)
      for round in 0..<150 {
        var bytes = good
        for _ in 0...(round % 5) {
          bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
        }
        let path = scratch.path + "/fuzz-\(round)"
        try Files.write(bytes, to: path, mode: 0o600)
        _ = try? Packing.unpack(path, as: form, into: path + "-tree", limits: ExtractionLimits())
        Files.remove(path)
        Files.remove(path + "-tree")
      }
    }
    #expect(try scratch.names() == ["a.tgz", "a.zip", "src"])
  }
}
