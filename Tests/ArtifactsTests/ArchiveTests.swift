import Contracts
import Glibc
import JSONValue
import Testing

@testable import Artifacts

@Suite struct ArchiveTests {
  private static let long = String(repeating: "a-long-directory-name/", count: 12) + "file"

  @Test(arguments: [ArchiveForm.tar(level: -1), .tar(level: 0), .tar(level: 9), .zip])
  func `a directory comes back as it was`(form: ArchiveForm) throws {
    let scratch = try Scratch()
    try scratch.write("out/plain.txt", "hello")
    try scratch.write("out/empty", "")
    try scratch.write("out/run.sh", "#!/bin/sh\n", mode: 0o755)
    try scratch.write("out/ünï/読む", "text")
    try scratch.write("out/" + Self.long, "deep")
    try scratch.write("out/big", String(repeating: "0123456789", count: 100_000))
    #expect(symlink("../plain.txt", scratch.path + "/out/ünï/link") == 0)
    chmod(scratch.path + "/out/ünï", 0o555)
    try Packing.pack(scratch.path + "/out", as: form, to: scratch.path + "/packed")
    let tree = try Packing.unpack(scratch.path + "/packed", as: form, into: scratch.path + "/tree", limits: ExtractionLimits())
    #expect(tree == scratch.path + "/tree/out")
    #expect(try scratch.read("tree/out/plain.txt") == "hello")
    #expect(try scratch.read("tree/out/empty") == "")
    #expect(scratch.mode("tree/out/run.sh") == 0o755)
    #expect(scratch.mode("tree/out/ünï") == 0o555)
    #expect(try scratch.read("tree/out/ünï/読む") == "text")
    #expect(try scratch.read("tree/out/" + Self.long) == "deep")
    #expect(try scratch.read("tree/out/big").utf8.count == 1_000_000)
    #expect(try Files.linkTarget(scratch.path + "/tree/out/ünï/link") == "../plain.txt")
    chmod(scratch.path + "/out/ünï", 0o755)
  }

  @Test(.enabled(if: isInstalled("tar"), "no tar program"), arguments: ["gnu", "pax", "ustar", "v7"])
  func `what the tar program writes is read`(format: String) throws {
    let scratch = try Scratch()
    let deep = format == "v7" ? "short/file" : String(repeating: "dir-name-20-long-abc/", count: 7) + "file"
    try scratch.write("out/" + deep, "deep")
    try scratch.write("out/one", "1")
    #expect(link(scratch.path + "/out/one", scratch.path + "/out/two") == 0)
    _ = try run("tar", ["--format=\(format)", "-czf", "packed.tgz", "out", "-C", "out", "one"], in: scratch.path)
    let tree = try Packing.unpack(
      scratch.path + "/packed.tgz", as: .tar(level: -1), into: scratch.path + "/tree", limits: ExtractionLimits())
    #expect(tree == scratch.path + "/tree")
    #expect(try scratch.read("tree/out/" + deep) == "deep")
    #expect(try scratch.read("tree/out/two") == "1")
    #expect(try scratch.read("tree/one") == "1")
  }

  @Test(.enabled(if: isInstalled("tar"), "no tar program"))
  func `the tar program reads what is written`() throws {
    let scratch = try Scratch()
    try scratch.write("out/" + Self.long, "deep")
    try scratch.write("out/ü", "umlaut")
    try Packing.pack(scratch.path + "/out", as: .tar(level: -1), to: scratch.path + "/packed.tgz")
    try Files.makeDirectories(scratch.path + "/there")
    _ = try run("tar", ["-xzf", "../packed.tgz"], in: scratch.path + "/there")
    #expect(try scratch.read("there/out/" + Self.long) == "deep")
    #expect(try scratch.read("there/out/ü") == "umlaut")
  }

  @Test(.enabled(if: isInstalled("python3"), "no python3"))
  func `zip is exchanged with another program, data descriptors and zip64 included`() throws {
    let scratch = try Scratch()
    let script = """
      import sys, zipfile
      class Stream:
        def __init__(self, f): self.f = f
        def write(self, b): return self.f.write(b)
        def flush(self): pass
      with open('there.zip', 'wb') as f, zipfile.ZipFile(Stream(f), 'w', zipfile.ZIP_DEFLATED) as z:
        z.writestr('a/b.txt', 'described' * 1000)
        with z.open('wide', 'w', force_zip64=True) as w: w.write(b'wide')
        z.writestr(zipfile.ZipInfo('stored'), 'stored')
      """
    _ = try run("python3", ["-c", script], in: scratch.path)
    _ = try Packing.unpack(scratch.path + "/there.zip", as: .zip, into: scratch.path + "/tree", limits: ExtractionLimits())
    #expect(try scratch.read("tree/a/b.txt").utf8.count == 9000)
    #expect(try scratch.read("tree/wide") == "wide")
    #expect(try scratch.read("tree/stored") == "stored")
    try Packing.pack(scratch.path + "/tree", as: .zip, to: scratch.path + "/ours.zip")
    #expect(try run("python3", ["-m", "zipfile", "-t", "ours.zip"], in: scratch.path).contains("Done testing"))
    #expect(try run("python3", ["-m", "zipfile", "-l", "ours.zip"], in: scratch.path).contains("tree/a/b.txt"))
  }

  @Test func `gzip members that follow each other are one stream`() throws {
    let sink = MemorySink()
    for part in ["one ", "two"] {
      let deflate = try DeflateSink(sink, form: .gzip, level: 6)
      try deflate.write(Array(part.utf8))
      try deflate.finish()
    }
    try sink.write([0, 0, 0])
    #expect(try InflateSource(MemorySource(sink.bytes), form: .gzip).bytes(100) == Array("one two".utf8))
  }
}
