import Contracts
import Glibc
import JSONValue
import Testing

@testable import Artifacts

/// Artifacts for readers that are no pods.
@Suite struct ReadingTests {
  let bench: Bench
  init() throws { bench = try Bench(limits: ExtractionLimits()) }

  private func names(_ artifact: JSON, _ path: String = "") throws -> [String] {
    try bench.transfer.names(in: artifact, at: path, context: bench.context)
  }

  private func text(_ artifact: JSON, _ path: String = "") throws -> String {
    guard case .file(let file) = try bench.transfer.content(of: artifact, at: path, context: bench.context) else { return "a directory" }
    let bytes = try FileSource(try Descriptor(file.path, O_RDONLY), name: file.path).bytes(1 << 20)
    #expect(file.size == Int64(bytes.count))
    if file.isTemporary { unlink(file.path) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Saves a small tree; its name is `out`.
  private func tree(_ artifact: JSON) throws -> JSON {
    try bench.scratch.write("out/index.html", "<p>")
    try bench.scratch.write("out/sub/deep/a.txt", "deep")
    try bench.scratch.write("out/sub/b.txt", "flat")
    symlink("sub/b.txt", bench.scratch.path + "/out/link")
    return try bench.save(artifact, from: "out")
  }

  @Test(arguments: [#"{"none":{}}"#, #"{"tar":{}}"#, #"{"tar":{"compressionLevel":0}}"#, #"{"zip":{}}"#])
  func `a directory is looked into whether it is packed or not`(archive: String) throws {
    let artifact = try tree(["name": "site", "archive": try JSON.parse(archive)])
    // Links are not shown where they lie in a directory, and not followed in an archive.
    #expect(try names(artifact) == ["index.html", "sub/"])
    #expect(try names(artifact, "sub") == ["b.txt", "deep/"])
    #expect(try names(artifact, "sub/deep/") == ["a.txt"])
    #expect(try text(artifact, "sub/deep/a.txt") == "deep")
    #expect(try text(artifact, "sub") == "a directory")
    #expect(bench.isNotFound { _ = try text(artifact, "sub/no") })
    #expect(bench.isNotFound { _ = try names(artifact, "no") })
    #expect(bench.isNotFound { _ = try names(artifact, "index.html") })
    #expect(bench.isNotFound { _ = try text(artifact, "../../flow") })
    #expect(bench.isNotFound { _ = try text(artifact, "link") })
    #expect(try bench.scratch.names("store").allSatisfy { !$0.hasPrefix(".argosy-tmp") }, "something was left behind")
  }

  @Test func `what is packed is given as it is stored, a directory is packed first`() throws {
    try bench.scratch.write("out.txt", "hello")
    let packed = try bench.save(["name": "hello"], from: "out.txt")
    guard case .file(let stored) = try bench.transfer.content(of: packed, at: "", context: bench.context) else {
      Issue.record("no file")
      return
    }
    #expect(!stored.isTemporary)
    #expect(stored.path == bench.scratch.path + "/store/flow/flow-1/hello.tgz")
    #expect(try names(packed) == ["out.txt"])
    #expect(try text(packed, "out.txt") == "hello")
    #expect(try bench.transfer.packed(packed, context: bench.context) == stored)

    let plain = try tree(["name": "site", "archive": ["none": [:]]])
    let file = try bench.transfer.packed(plain, context: bench.context)
    #expect(file.isTemporary)
    let listing = try run("tar", ["tzf", file.path])
    #expect(listing.split(separator: "\n").contains("out/sub/deep/a.txt"), "\(listing)")
    unlink(file.path)
  }

  @Test func `a plain file is no directory, and what is not there is not found`() throws {
    try bench.scratch.write("out.txt", "hello")
    let plain = try bench.save(["name": "hello", "archive": ["none": [:]]], from: "out.txt")
    #expect(try text(plain) == "hello")
    #expect(bench.isNotFound { _ = try names(plain) })
    #expect(bench.isNotFound { _ = try text(plain, "out.txt") })
    #expect(bench.isNotFound { _ = try text(["name": "x", "local": ["key": "nothing/here"]]) })
    #expect(bench.isNotFound { _ = try text(["name": "x"]) })
    #expect(try text(["name": "x", "raw": ["data": "some text"]]) == "some text")
  }

  @Test func `names of an archive that lead out are not there`() throws {
    let program = """
      import io, tarfile, sys
      with tarfile.open(sys.argv[1], 'w:gz') as tar:
        for name in ['../outside', '/etc/absolute', 'top/fine', 'top/./also']:
          info = tarfile.TarInfo(name); info.size = 4; tar.addfile(info, io.BytesIO(b'text'))
        link = tarfile.TarInfo('top/passwd'); link.type = tarfile.SYMTYPE; link.linkname = '/etc/passwd'; tar.addfile(link)
        hard = tarfile.TarInfo('top/again'); hard.type = tarfile.LNKTYPE; hard.linkname = 'top/fine'; tar.addfile(hard)
      """
    let path = bench.scratch.path + "/evil.tgz"
    _ = try run("python3", ["-c", program, path])
    try bench.store.put(path, key: "evil.tgz")
    let artifact: JSON = ["name": "evil", "local": ["key": "evil.tgz"]]
    #expect(try names(artifact) == ["etc/", "top/"])
    #expect(try names(artifact, "top") == ["again", "also", "fine"])
    #expect(try text(artifact, "top/also") == "text")
    #expect(try text(artifact, "top/again") == "text")
    #expect(bench.isNotFound { _ = try text(artifact, "top/passwd") })
    #expect(bench.isNotFound { _ = try text(artifact, "../outside") })
  }

  @Test func `an archive that becomes too large is not looked into`() throws {
    var limits = ExtractionLimits()
    limits.bytes = 1 << 20
    let bench = try Bench(limits: limits)
    try bench.scratch.write("out", "")
    #expect(truncate(bench.scratch.path + "/out", 8 << 20) == 0)
    let artifact = try bench.save(["name": "zeros"], from: "out")
    #expect(bench.message { _ = try bench.transfer.names(in: artifact, at: "", context: bench.context) }.contains("larger than 1048576"))
  }
}

@Suite("S3 artifacts of readers", .enabled(if: MotoServer.isThere, "no python3 with moto"), .moto)
struct S3ReadingTests {
  let moto: MotoServer
  let bench: Bench

  init() throws {
    moto = try MotoServer.required()
    bench = try Bench(secrets: ["default/s3/access": moto.accessKey + "\n", "default/s3/secret": moto.secretKey])
  }

  private func artifact(_ key: String, archive: JSON?) -> JSON {
    var artifact: JSON = [
      "name": "a",
      "s3": [
        "endpoint": .string(moto.url), "bucket": "reading", "key": .string(key), "insecure": true, "createBucketIfNotPresent": [:],
        "accessKeySecret": ["name": "s3", "key": "access"], "secretKeySecret": ["name": "s3", "key": "secret"],
      ],
    ]
    if let archive { artifact["archive"] = archive }
    return artifact
  }

  @Test("a directory of a bucket, and an archive in it, are looked into")
  func trees() throws {
    try bench.scratch.write("out/index.html", "<p>")
    try bench.scratch.write("out/sub/b.txt", "flat")
    let plain = try bench.save(artifact("plain", archive: ["none": [:]]), from: "out")
    let packed = try bench.save(artifact("packed.tgz", archive: nil), from: "out")
    for artifact in [plain, packed] {
      #expect(try bench.transfer.names(in: artifact, at: "", context: bench.context) == ["index.html", "sub/"])
      #expect(try bench.transfer.names(in: artifact, at: "sub", context: bench.context) == ["b.txt"])
      guard case .file(let file) = try bench.transfer.content(of: artifact, at: "sub/b.txt", context: bench.context) else {
        Issue.record("no file")
        continue
      }
      #expect(file.size == 4)
      #expect(file.isTemporary)
      unlink(file.path)
      #expect(bench.isNotFound { _ = try bench.transfer.content(of: artifact, at: "sub/none", context: bench.context) })
    }
    #expect(try bench.transfer.content(of: plain, at: "", context: bench.context) == .directory)
    let file = try bench.transfer.packed(plain, context: bench.context)
    #expect(try run("tar", ["tzf", file.path]).contains("sub/b.txt"))
    unlink(file.path)
    #expect(bench.isNotFound { _ = try bench.transfer.content(of: artifact("nothing", archive: nil), at: "", context: bench.context) })
    #expect(try bench.scratch.names("store").isEmpty)
  }
}
