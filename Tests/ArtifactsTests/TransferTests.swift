import Contracts
import Glibc
import JSONValue
import Testing

@testable import Artifacts

@Suite struct TransferTests {
  @Test(arguments: [
    ("{}", "flow/flow-1/result.tgz"), (#"{"archive":{"tar":{"compressionLevel":0}}}"#, "flow/flow-1/result.tgz"),
    (#"{"archive":{"none":{}}}"#, "flow/flow-1/out.txt"), (#"{"archive":{"zip":{}}}"#, "flow/flow-1/result.zip"),
    (#"{"local":{"key":"my//own/./key"}}"#, "my/own/key"), (#"{"s3":{"key":"only/a/key"}}"#, "only/a/key"),
    (#"{"local":{}}"#, "flow/flow-1/result.tgz"),
  ])
  func `a file is kept under its key and comes back`(members: String, key: String) throws {
    let bench = try Bench()
    try bench.scratch.write("out.txt", "hello")
    var artifact = try JSON.parse(members)
    artifact.modifyObject { $0["name"] = "result" }
    let saved = try bench.save(artifact, from: "out.txt")
    #expect(saved.at("local", "key")?.string == key)
    #expect(saved["s3"] == nil)
    #expect(saved["name"] == "result")
    #expect(bench.scratch.kind("store/" + key) == .file)
    try bench.load(saved)
    #expect(try bench.scratch.read("in/data") == "hello")
    #expect(try bench.scratch.names("in") == ["data"])
    #expect(try bench.scratch.names("store").allSatisfy { !$0.hasPrefix(".") })
  }

  @Test func `a directory without an archive is kept as a directory`() throws {
    let bench = try Bench()
    try bench.scratch.write("out/a/b", "deep")
    try bench.scratch.write("out/c", "flat")
    let artifact: JSON = ["name": "dir", "archive": ["none": [:]]]
    let saved = try bench.save(artifact, from: "out")
    #expect(try bench.scratch.read("store/flow/flow-1/out/a/b") == "deep")
    try bench.load(saved)
    #expect(try bench.scratch.read("in/data/a/b") == "deep")
    // Saved again, the old one is gone as a whole.
    Files.remove(bench.scratch.path + "/out/c")
    _ = try bench.save(artifact, from: "out")
    #expect(try bench.scratch.names("store/flow/flow-1/out") == ["a"])
  }

  @Test func `links that lead out of a directory without an archive are left out, others stay`() throws {
    let bench = try Bench()
    try bench.scratch.write("out/sub/file", "x")
    for (name, target) in [("sub/absolute", "/etc/passwd"), ("up", "../../x"), ("over", "sub/absolute"), ("near", "sub/file")] {
      #expect(symlink(target, bench.scratch.path + "/out/" + name) == 0)
    }
    let saved = try bench.save(["name": "dir", "archive": ["none": [:]]], from: "out")
    #expect(try bench.scratch.names("store/flow/flow-1/out") == ["near", "sub"])
    try bench.load(saved)
    #expect(try bench.scratch.names("in/data/sub") == ["file"])
    #expect(try bench.scratch.read("in/data/near") == "x")
    // A directory that is such a link has nothing to keep.
    #expect(symlink("/etc", bench.scratch.path + "/link") == 0)
    #expect(throws: ArtifactFailure.self) { try bench.save(["name": "dir", "archive": ["none": [:]]], from: "link") }
  }

  @Test func `bytes stay as they are with archive none, and a zip that is not declared`() throws {
    let bench = try Bench()
    try bench.scratch.write("out", "hello")
    for form in ["tar", "zip"] {
      _ = try bench.save(["name": "a", "archive": .object([form: [:]]), "local": ["key": .string(form)]], from: "out")
    }
    try bench.load(["name": "a", "archive": ["none": [:]], "local": ["key": "tar"]], to: "in/tar")
    try bench.load(["name": "a", "local": ["key": "zip"]], to: "in/zip")
    #expect(try FileSource(try Descriptor(bench.scratch.path + "/in/tar", O_RDONLY), name: "").bytes(2) == [0x1f, 0x8b])
    #expect(try FileSource(try Descriptor(bench.scratch.path + "/in/zip", O_RDONLY), name: "").bytes(2) == Array("PK".utf8))
  }

  @Test func `gzip that holds no tar is not unpacked`() throws {
    let bench = try Bench()
    let memory = MemorySink()
    let deflate = try DeflateSink(memory, form: .gzip, level: 6)
    try deflate.write(Array("just text".utf8))
    try deflate.finish()
    try bench.store.put(key: "text.gz") { path throws(ArtifactFailure) in try Files.write(memory.bytes, to: path, mode: 0o644) }
    try bench.load(["name": "a", "local": ["key": "text.gz"]])
    #expect(FileStatus(bench.scratch.path + "/in/data")?.size == UInt64(memory.bytes.count))
  }

  @Test func `raw data becomes a file, a file or an empty directory there is replaced`() throws {
    let bench = try Bench()
    let artifact: JSON = ["name": "a", "raw": ["data": "some text\n"]]
    try bench.load(artifact)
    try bench.load(artifact)
    #expect(try bench.scratch.read("in/data") == "some text\n")
    try Files.makeDirectories(bench.scratch.path + "/in/empty")
    try bench.load(artifact, to: "in/empty")
    #expect(bench.scratch.kind("in/empty") == .file)
    try bench.scratch.write("in/full/file", "")
    #expect(throws: ArtifactFailure.self) { try bench.load(artifact, to: "in/full") }
    #expect(try bench.scratch.names("in") == ["data", "empty", "full"])
  }

  @Test(arguments: [#"{"mode":384}"#, #"{"mode":"0600"}"#, #"{"mode":"0o600"}"#])
  func `mode is a number or octal text`(members: String) throws {
    let bench = try Bench()
    var artifact = try JSON.parse(members)
    artifact.modifyObject { $0["raw"] = ["data": "x"] }
    try bench.load(artifact)
    #expect(bench.scratch.mode("in/data") == 0o600)
  }

  @Test(arguments: [false, true])
  func `mode goes down the tree only when asked`(recurse: Bool) throws {
    let bench = try Bench()
    try bench.scratch.write("out/sub/file", "x")
    chmod(bench.scratch.path + "/out/sub", 0o755)
    let saved = try bench.save(["name": "a"], from: "out")
    var artifact = saved
    artifact.modifyObject {
      $0["mode"] = 0o700
      $0["recurseMode"] = .bool(recurse)
    }
    try bench.load(artifact)
    #expect(bench.scratch.mode("in/data") == 0o700)
    #expect(bench.scratch.mode("in/data/sub") == (recurse ? 0o700 : 0o755))
    #expect(bench.scratch.mode("in/data/sub/file") == (recurse ? 0o700 : 0o644))
    artifact.modifyObject { $0["mode"] = 512 }
    #expect(throws: ArtifactFailure.self) { try bench.load(artifact, to: "in/other") }
  }

  @Test(arguments: [#"{"archive":{"none":{}}}"#, "{}"])
  func `subPath takes a part of what is kept`(members: String) throws {
    let bench = try Bench()
    try bench.scratch.write("out/sub/file", "part")
    var artifact = try JSON.parse(members)
    artifact.modifyObject { $0["name"] = "a" }
    var saved = try bench.save(artifact, from: "out")
    saved.modifyObject { $0["subPath"] = "sub/file" }
    try bench.load(saved)
    #expect(try bench.scratch.read("in/data") == "part")
    saved.modifyObject { $0["subPath"] = "sub/none" }
    #expect(throws: ArtifactFailure.self) { try bench.load(saved, to: "in/two") }
    saved.modifyObject { $0["subPath"] = "../../x" }
    #expect(throws: ArtifactFailure.self) { try bench.load(saved, to: "in/two") }
    #expect(try bench.scratch.names("in") == ["data"])
  }

  @Test func `what is missing is notFound`() throws {
    let bench = try Bench()
    func isNotFound(_ body: () throws -> Void) -> Bool {
      do { try body() } catch ArtifactFailure.notFound { return true } catch {}
      return false
    }
    #expect(isNotFound { try bench.load(["name": "a", "local": ["key": "nothing/here"]]) })
    #expect(isNotFound { _ = try bench.save(["name": "a"], from: "nothing") })
    #expect(try bench.scratch.names("in") == [])
  }

  @Test(arguments: ["hdfs", "plugin"])
  func `places that have no driver say why`(kind: String) throws {
    let bench = try Bench()
    let artifact: JSON = .object([kind: ["addresses": ["a"], "name": "b", "key": "k"]])
    #expect(try bench.refusal(artifact).contains("\(kind) artifacts are not supported"))
  }

  @Test func `the repository lists the keys below a key, and deletes them`() throws {
    let bench = try Bench()
    for name in ["a/b/2", "a/b/1", "a/bc", "z"] { try bench.scratch.write("store/" + name, "x") }
    func list(_ key: String) throws -> [String] {
      try bench.transfer.list(["name": "l", "s3": ["key": .string(key)]], context: bench.context)
    }
    #expect(try list("a/b") == ["a/b/1", "a/b/2"])
    #expect(try list("a") == ["a/b/1", "a/b/2", "a/bc"])
    #expect(try list("z") == [])
    #expect(try bench.transfer.list(["name": "all"], context: bench.context) == ["a/b/1", "a/b/2", "a/bc", "z"])
    for _ in 0..<2 { try bench.transfer.delete(["name": "d", "local": ["key": "a/b"]], context: bench.context) }
    #expect(throws: ArtifactFailure.notFound("artifact \"a/b\" is not in the repository")) { try list("a/b") }
    #expect(try list("a") == ["a/bc"])
    #expect(throws: ArtifactFailure.self) { try bench.transfer.delete(["name": "d"], context: bench.context) }
  }

  @Test(arguments: [#"{"raw":{"data":"x"}}"#, #"{"http":{"url":"http://127.0.0.1:1/"}}"#, #"{"git":{"repo":"/tmp"}}"#])
  func `places without keys list and delete nothing, in Argo's words`(location: String) throws {
    let bench = try Bench()
    let artifact = try JSON.parse(location)
    #expect(
      throws: ArtifactFailure.failed(
        "ListObjects is currently not supported for this artifact type, but it will be in a future version")
    ) { try bench.transfer.list(artifact, context: bench.context) }
    #expect(throws: ArtifactFailure.failed("delete not supported for this artifact storage")) {
      try bench.transfer.delete(artifact, context: bench.context)
    }
  }

  @Test(arguments: ["../x", "a/../../x", "a/..", "", "/", ".argosy-tmp-1/new", "a\u{0}b"])
  func `keys that lead out are refused`(key: String) throws {
    #expect(throws: ArtifactFailure.self) { try LocalArtifactStore.clean(key) }
  }

  @Test func `links do not lead out of the repository or off the user's files`() throws {
    let bench = try Bench()
    try bench.scratch.write("secret", "host")
    try bench.scratch.write("work/real", "mine")
    try bench.scratch.write("store/there", "x")
    let root = bench.scratch.path
    #expect(symlink("../secret", root + "/work/out") == 0)
    #expect(symlink("real", root + "/work/latest") == 0)
    #expect(symlink(root, root + "/store/link") == 0)
    #expect(throws: ArtifactFailure.self) { _ = try bench.save(["name": "a"], from: "work/out") }
    _ = try bench.save(["name": "a", "archive": ["none": [:]]], from: "work")
    #expect(try bench.scratch.names("store/flow/flow-1/work") == ["latest", "real"])
    #expect(throws: ArtifactFailure.self) { try bench.load(["name": "a", "local": ["key": "link/secret"]]) }
    #expect(throws: ArtifactFailure.self) { _ = try bench.save(["name": "a", "local": ["key": "link/new"]], from: "secret") }
    #expect(throws: ArtifactFailure.self) { _ = try bench.save(["name": "a", "local": ["key": "there/new"]], from: "secret") }
    try bench.load(try bench.save(["name": "a"], from: "work/latest"))
    #expect(try bench.scratch.read("in/data") == "mine")
  }

  @Test func `a key is removed with all below it`() throws {
    let bench = try Bench()
    try bench.scratch.write("out/f", "x")
    try bench.store.put(bench.scratch.path + "/out", key: "a/b")
    try bench.store.remove(key: "a/b")
    try bench.store.remove(key: "a/b")
    #expect(throws: ArtifactFailure.self) { _ = try bench.store.path(ofKey: "a/b") }
    #expect(try bench.scratch.names("store") == [], "directories that became empty go, too")
  }
}
