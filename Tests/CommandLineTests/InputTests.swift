import Basics
import Glibc
import JSONValue
import KubeModel
import Testing

@testable import CommandLine

@Suite("What the command line takes in") struct InputTests {
  /// A directory that is removed afterwards.
  private func withDirectory(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/argosy-input-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SubmitFailure("no temporary directory") }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { erase(path) }
    try body(path)
  }

  /// Removes a file, or a directory with everything in it.
  private func erase(_ path: String) {
    if let stream = opendir(path) {
      while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        var status = stat()
        if name == "." || name == ".." || lstat("\(path)/\(name)", &status) != 0 { continue }
        if status.st_mode & S_IFMT == S_IFDIR { erase("\(path)/\(name)") } else { unlink("\(path)/\(name)") }
      }
      closedir(stream)
    }
    rmdir(path)
  }

  private func write(_ path: String, _ text: String) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    DescriptorSink(descriptor).write(text)
    close(descriptor)
  }

  @Test("A directory gives its manifests in order, below it too; a file counts whatever its name; none twice")
  func collection() throws {
    try withDirectory { directory in
      mkdir("\(directory)/sub", 0o700)
      for name in ["b.yml", "a.yaml", "c.json", "notes.txt", ".yaml", "sub/d.yaml"] { write("\(directory)/\(name)", name) }
      symlink(directory, "\(directory)/sub/loop")
      symlink("/nowhere", "\(directory)/gone.yaml")
      let files = try InputFiles.collect(["\(directory)/notes.txt", directory, "\(directory)/a.yaml"])
      let names = files.map { String($0.name.dropFirst(directory.count + 1)) }
      #expect(names == ["notes.txt", "a.yaml", "b.yml", "c.json", "sub/d.yaml"])
      #expect(files.map { String(decoding: $0.bytes, as: UTF8.self) } == names)
    }
  }

  @Test("A missing file, a large file and a directory in a file's place are named")
  func failures() throws {
    try withDirectory { directory in
      let missing = "\(directory)/none.yaml"
      #expect(throws: InputFailure.missing(missing)) { try InputFiles.collect([missing]) }
      #expect(InputFailure.missing("x.yaml").description.hasPrefix("x.yaml: no such file"))
      let large = "\(directory)/large.yaml"
      write(large, "0123456789")
      #expect(throws: InputFailure.tooLarge(large, limit: 9)) { try InputFiles.collect([directory], maximumSize: 9) }
      let files = try InputFiles.collect([large], maximumSize: 10)
      #expect(files.count == 1)
      #expect(throws: InputFailure.self) { try InputFiles.read(directory) }
      #expect(throws: InputFailure.tooLarge("/dev/zero", limit: 1 << 20)) { try InputFiles.read("/dev/zero", maximumSize: 1 << 20) }
    }
  }

  @Test(
    "A parameter is split at the first equals sign",
    arguments: [("a=b", "a", "b"), ("a=b=c", "a", "b=c"), ("a=", "a", ""), ("=b", "", "b"), ("msg={\"x\": 1}\n", "msg", "{\"x\": 1}\n")])
  func parameter(text: String, name: String, value: String) throws {
    #expect(try ParameterArgument(parsing: text) == ParameterArgument(name: name, value: value))
  }

  @Test("A parameter without an equals sign is refused in Argo's words")
  func badParameter() {
    #expect(throws: SubmitFailure("expected parameter of the form: NAME=VALUE. Received: abc")) {
      try ParameterArgument(parsing: "abc")
    }
  }

  @Test("A parameter file is a map; what is no string is taken as JSON")
  func parameterFile() throws {
    let document: JSON = ["a": "text", "n": 3, "yes": true, "list": [1, "x"], "nothing": nil]
    let parameters = try ParameterArgument.file(document, name: "p.yaml")
    #expect(parameters.map(\.name) == ["a", "n", "yes", "list", "nothing"])
    #expect(parameters.map(\.value) == ["text", "3", "true", "[1,\"x\"]", "null"])
    #expect(throws: SubmitFailure.self) { try ParameterArgument.file(["a"], name: "p.yaml") }
    #expect(try ParameterArgument.file(.null, name: "p.yaml").isEmpty)
  }

  @Test("Given parameters go before a file's, and the last value of a name wins")
  func merging() {
    func list(_ pairs: [(String, String)]) -> [ParameterArgument] { pairs.map { ParameterArgument(name: $0.0, value: $0.1) } }
    let merged = ParameterArgument.merged(
      files: list([("a", "file"), ("b", "1"), ("b", "2")]), given: list([("c", "x"), ("a", "given"), ("c", "y")]))
    #expect(merged == list([("c", "y"), ("a", "given"), ("b", "2")]))
  }

  @Test("Labels")
  func labels() throws {
    #expect(try LabelArgument.list("a=b,c=") == [LabelArgument(name: "a", value: "b"), LabelArgument(name: "c", value: "")])
    #expect(try LabelArgument.list("").isEmpty)
    for bad in ["a", "a=b,", "=x", "a=b=c"] { #expect(throws: SubmitFailure.self) { try LabelArgument.list(bad) } }
  }

  @Test("Options are applied to a workflow: overrides first and bare, the others untouched behind")
  func apply() {
    let workflow = Resource(
      .workflow,
      json: [
        "metadata": ["generateName": "x-", "labels": ["keep": "1"]],
        "spec": [
          "entrypoint": "main",
          "arguments": [
            "parameters": [["name": "a", "value": "1", "enum": ["1", "2"]], ["name": "b", "value": "2", "description": "d"]]
          ],
        ],
      ])
    let options = SubmitOptions(
      entrypoint: "other", name: "n", namespace: "ns", labels: [LabelArgument(name: "l", value: "v")],
      parameters: [ParameterArgument(name: "new", value: "0"), ParameterArgument(name: "a", value: "9")])
    let result = options.apply(to: workflow)
    #expect(result.name == "n" && result.generateName == "x-" && result.namespace == "ns")
    #expect(result.labels == ["keep": "1", "l": "v"])
    #expect(result.spec["entrypoint"] == "other")
    #expect(
      result.spec.at("arguments", "parameters")?.text()
        == #"[{"name":"new","value":"0"},{"name":"a","value":"9"},{"name":"b","value":"2","description":"d"}]"#)
    #expect(SubmitOptions().apply(to: workflow) == workflow)
    #expect(SubmitOptions(namespace: "other").apply(to: result).namespace == "ns")
  }

  @Test(
    "A template to submit from",
    arguments: [
      ("workflowtemplate/a", false), ("wftmpl/a", false), ("WorkflowTemplate/a", false), ("clusterworkflowtemplate/a", true),
      ("cwft/a", true),
    ])
  func source(text: String, isClusterWide: Bool) throws {
    let workflow = try SubmitSource(parsing: text).workflow
    #expect(workflow.generateName == "a-")
    #expect(workflow.spec.at("workflowTemplateRef", "name") == "a")
    #expect(workflow.spec.at("workflowTemplateRef", "clusterScope")?.bool == (isClusterWide ? true : nil))
    #expect(workflow.labels == ["workflows.argoproj.io/\(isClusterWide ? "cluster-" : "")workflow-template": "a"])
  }

  @Test("Other kinds to submit from are refused", arguments: ["a", "workflowtemplate/", "/a", "pod/a"])
  func badSource(text: String) {
    #expect(throws: SubmitFailure.self) { try SubmitSource(parsing: text) }
  }

  @Test(
    "Durations on the command line",
    arguments: [
      ("90s", 90_000), ("5m", 300_000), ("1h30m", 5_400_000), ("250ms", 250), ("1.5h", 5_400_000), ("7", 7000), ("0", 0),
    ] as [(String, Int64)])
  func timeSpan(text: String, milliseconds: Int64) {
    #expect(TimeSpan(argument: text)?.milliseconds == milliseconds)
  }

  @Test("What is no duration", arguments: ["", "x", "5x", "-1s", "1h30", "99999999999999h", "m", "1..2s"])
  func badTimeSpan(text: String) {
    #expect(TimeSpan(argument: text) == nil)
  }
}
