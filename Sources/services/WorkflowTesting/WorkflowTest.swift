import ArgoModel
import Basics
import JSONValue
import KubeModel
import Validation
import WorkflowCore
import YAMLText

/// One case of a test file, ready to run.
package struct WorkflowTest: Sendable {
  /// `suite` or `suite/case`.
  package var name: String
  package var file: String
  package var position: SourcePosition
  /// The file of the workflow, for coverage.
  package var workflowFile: String
  package var workflow: Resource
  package var resources: [Resource]
  /// The case laid over what the suite says for all.
  package var spec: JSON
  /// How many of the mocks are the case's own.
  package var ownMocks: Int
}

/// Reads test files: documents of the kind WorkflowTest, and the workflows that they are about.
package struct WorkflowTestLoader {
  /// Why a file's tests cannot run.
  package struct Failure: Error, CustomStringConvertible {
    package var description: String
  }

  /// Reads a file; throws what is wrong with it.
  private let read: (String) throws -> [UInt8]
  private var loaded: [String: ManifestLoader.Result] = [:]
  /// All files that were read.
  package private(set) var files: Set<String> = []

  package init(read: @escaping (String) throws -> [UInt8]) { self.read = read }

  /// The cases of one file's tests; `diagnostics` gets what is wrong with the file and with the workflows.
  package mutating func tests(in file: String, diagnostics: inout [Diagnostic]) throws -> [WorkflowTest] {
    let result = try load(file)
    if result.tests.isEmpty {
      // What is to be a test and is none must not pass for one that passed.
      if Self.isTestFile(file) || result.diagnostics.contains(where: { $0.kind.lowercased() == "workflowtest" }) {
        diagnostics += result.diagnostics.filter { $0.severity == .error }
      }
      return []
    }
    diagnostics += result.diagnostics
    if result.diagnostics.hasErrors { return [] }
    var tests: [WorkflowTest] = []
    for document in result.tests { tests += try self.tests(of: document, beside: result, &diagnostics) }
    return tests
  }

  /// Whether a file is one of tests by its name.
  package static func isTestFile(_ name: String) -> Bool {
    [".test.yaml", ".test.yml", "_test.yaml", "_test.yml"].contains(where: name.hasSuffix)
  }

  private mutating func load(_ file: String) throws -> ManifestLoader.Result {
    if let held = loaded[file] { return held }
    let result = ManifestLoader(defaultNamespace: "default").load(try read(file), file: file)
    loaded[file] = result
    files.insert(file)
    return result
  }

  private mutating func tests(
    of document: TestDocument, beside own: ManifestLoader.Result, _ diagnostics: inout [Diagnostic]
  ) throws -> [WorkflowTest] {
    let spec = document.value["spec"] ?? [:]
    let directory = document.file.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    func place(_ name: String) -> String { name.hasPrefix("/") || directory.isEmpty ? name : "\(directory)/\(name)" }
    var workflowFile = document.file
    var main = own
    if let named = spec["workflow"]?.string {
      workflowFile = place(named)
      main = try load(workflowFile)
    } else if own.manifests.isEmpty, let sibling = Self.sibling(of: document.file) {
      workflowFile = sibling
      main = try load(workflowFile)
    }
    var manifests = main.manifests
    var found = workflowFile == document.file ? [] : main.diagnostics
    for name in spec["files"]?.array?.compactMap(\.string) ?? [] {
      let more = try load(place(name))
      manifests += more.manifests
      found += more.diagnostics
    }
    guard let workflow = Self.workflow(in: main.manifests) else {
      throw Failure(
        description: "\(workflowFile): has no Workflow, CronWorkflow or WorkflowTemplate to test (\(document.name) of \(document.file))")
    }
    let resources = manifests.map(\.resource)
    let catalog = resources
    let validator = WorkflowValidator(
      .init(
        mode: .lint,
        catalog: { name, isClusterScope in
          catalog.first { $0.kind == (isClusterScope ? .clusterWorkflowTemplate : .workflowTemplate) && $0.name == name }
        }))
    found += manifests.flatMap { validator.diagnostics(for: $0) }
    diagnostics += found.filter { $0.severity == .error && !diagnostics.contains($0) }
    let cases = spec["cases"]?.array ?? []
    func test(_ name: String, _ spec: JSON, _ path: FieldPath, own: Int) -> WorkflowTest {
      WorkflowTest(
        name: name, file: document.file, position: document.position(of: path), workflowFile: workflowFile, workflow: workflow,
        resources: resources, spec: spec, ownMocks: own)
    }
    if cases.isEmpty { return [test(document.name, spec, FieldPath("spec"), own: spec["mocks"]?.array?.count ?? 0)] }
    return cases.enumerated().map { index, item in
      let name = item["name"]?.string ?? "case \(index + 1)"
      return test(
        "\(document.name)/\(name)", Self.laid(item, over: spec), FieldPath("spec", "cases")[index], own: item["mocks"]?.array?.count ?? 0)
    }
  }

  /// `a.test.yaml` is about `a.yaml`.
  private static func sibling(of file: String) -> String? {
    for ending in [".test.yaml", ".test.yml", "-test.yaml", "_test.yaml"] where file.hasSuffix(ending) {
      return String(file.dropLast(ending.count)) + (ending.hasSuffix(".yml") ? ".yml" : ".yaml")
    }
    return nil
  }

  /// What runs: the first Workflow, else the one of a CronWorkflow, else one made from a WorkflowTemplate.
  private static func workflow(in manifests: [Manifest]) -> Resource? {
    let resources = manifests.map(\.resource)
    if let workflow = resources.first(where: { $0.kind == .workflow }) { return workflow }
    if let cron = resources.first(where: { $0.kind == .cronWorkflow }) {
      var metadata = cron.spec["workflowMetadata"] ?? [:]
      metadata["name"] = .string("\(cron.name)-1")
      metadata["namespace"] = .string(cron.namespace)
      return Resource(.workflow, json: ["metadata": metadata, "spec": cron.spec["workflowSpec"] ?? [:]])
    }
    guard let template = resources.first(where: { $0.kind == .workflowTemplate || $0.kind == .clusterWorkflowTemplate }) else { return nil }
    var reference: JSONObject = ["name": .string(template.name)]
    if template.kind == .clusterWorkflowTemplate { reference["clusterScope"] = true }
    return Resource(
      .workflow,
      json: [
        "metadata": ["name": .string("\(template.name)-1"), "namespace": "default"], "spec": ["workflowTemplateRef": .object(reference)],
      ])
  }

  /// A case over its suite: arguments and expected nodes by name, its mocks first, its actions besides.
  private static func laid(_ own: JSON, over base: JSON) -> JSON {
    var result = base
    result["cases"] = nil
    for (key, value) in own.object ?? [:] {
      switch key {
      case "arguments": result[key] = merged(base[key], value)
      case "mocks": result[key] = .array((value.array ?? []) + (base[key]?.array ?? []))
      case "actions": result[key] = .array((base[key]?.array ?? []) + (value.array ?? []))
      case "expect":
        var expect = merged(base[key], value)
        if let nodes = base[key]?["nodes"], let ownNodes = value["nodes"] { expect["nodes"] = merged(nodes, ownNodes) }
        result[key] = expect
      default: result[key] = value
      }
    }
    return result
  }

  private static func merged(_ base: JSON?, _ own: JSON) -> JSON {
    var result = base?.object ?? [:]
    for (key, value) in own.object ?? [:] { result[key] = value }
    return .object(result)
  }
}

/// What came of one test.
package struct TestResult: Sendable {
  package var test: WorkflowTest
  /// What was not as expected, each with its lines; empty: passed.
  package var failures: [TestFailure]
  /// What the run came to, for people: a line a node.
  package var tree: [String]
  package var coverage: Coverage
  /// Virtual seconds.
  package var seconds: Int64
}

package struct TestFailure: Sendable, Hashable {
  /// What was looked at: `nodes.flip.phase`.
  package var what: String
  package var expected: String
  package var actual: String
}

extension WorkflowTest {
  /// Runs the workflow in virtual time and compares. Pure: the same test always has the same result.
  package func run() -> TestResult {
    var failures: [TestFailure] = []
    func fail(_ what: String, _ expected: String, _ actual: String) {
      failures.append(TestFailure(what: what, expected: expected, actual: actual))
    }
    let started = spec["start"]?.string
    if let started, Instant(rfc3339: started) == nil { fail("start", "a time such as 2024-01-01T00:00:00Z", started) }
    let start = started.flatMap(Instant.init(rfc3339:)) ?? Instant(seconds: 1_704_067_200)
    let workflow = submitted()
    var named = workflow
    if named.name.isEmpty { named.name = (workflow.generateName ?? "workflow-") + "test" }
    let mocks = Mocks(spec["mocks"]?.array ?? [], own: ownMocks, workflow: named.name)
    var rehearsal = Rehearsal(
      workflow: named, resources: resources, start: start, actions: actions(fail), suspension: { mocks.mocked($0) },
      outcome: { mocks.outcome(of: $0) })
    rehearsal.run()
    for problem in mocks.problems.prefix(5) { fail("mocks", "outcomes that can be computed", problem) }
    for name in mocks.unused { fail("mocks", "a step of \(name)", "none began") }
    for refusal in rehearsal.refusals { fail("actions", "accepted", refusal) }
    if rehearsal.state.isFinished {
      for time in rehearsal.missedActions.map({ $0.milliseconds / 1000 }).sorted() {
        fail("actions", "a run that goes on until \(time)s", "over after \((rehearsal.now - start).milliseconds / 1000)s")
      }
    }
    for name in unknownArguments { fail("arguments", "names that the workflow has", name) }
    if rehearsal.isEndless { fail("workflow", "an end", "more than \(Rehearsal.maximumEvents) events") }
    let nodes = NodeViews(rehearsal)
    Expectations(rehearsal, nodes).check(spec["expect"] ?? ["phase": "Succeeded"], fail)
    if !failures.isEmpty {
      for missing in MissingOutputs(rehearsal, named).found {
        let what = missing.parameter.map { "the output parameter '\($0)'" } ?? "a result"
        fail(
          "mocks", "\(what) of '\(missing.step)', which others read",
          "no mock gives one: add - {template: \(missing.template), outputs: {\(missing.parameter ?? "result"): …}}")
      }
    }
    return TestResult(
      test: self, failures: failures, tree: nodes.lines(waiting: !rehearsal.state.isFinished), coverage: Coverage(self, rehearsal, nodes),
      seconds: (rehearsal.now - start).milliseconds / 1000)
  }

  /// Arguments that neither the workflow nor its entrypoint has.
  private var unknownArguments: [String] {
    if workflow.spec["workflowTemplateRef"]?.isNull == false { return [] }
    let entrypoint = spec["entrypoint"]?.string ?? workflow.spec["entrypoint"]?.string
    let template = workflow.spec["templates"]?.array?.first { $0["name"]?.string == entrypoint }
    let known = (workflow.spec.at("arguments", "parameters")?.array ?? []) + (template?.at("inputs", "parameters")?.array ?? [])
    let names = Set(known.compactMap { $0["name"]?.string })
    return (spec["arguments"]?.object ?? [:]).keys.filter { !names.contains($0) }
  }

  /// The workflow as `argosy run -p` would submit it.
  private func submitted() -> Resource {
    var workflow = workflow
    var submit = workflow.spec
    if let entrypoint = spec["entrypoint"] { submit["entrypoint"] = entrypoint }
    let given = spec["arguments"]?.object ?? [:]
    if !given.isEmpty {
      var arguments = submit["arguments"] ?? [:]
      var parameters = (arguments["parameters"]?.array ?? []).map { parameter -> JSON in
        guard let name = parameter["name"]?.string, let value = given[name] else { return parameter }
        var result = parameter
        result["value"] = .string(value.string ?? value.text(.go))
        result["valueFrom"] = nil
        return result
      }
      let known = Set(parameters.compactMap { $0["name"]?.string })
      for (name, value) in given where !known.contains(name) {
        parameters.append(["name": .string(name), "value": .string(value.string ?? value.text(.go))])
      }
      arguments["parameters"] = .array(parameters)
      submit["arguments"] = arguments
    }
    workflow.json["spec"] = submit
    return workflow
  }

  private func actions(_ fail: (String, String, String) -> Void) -> [RehearsalAction] {
    (spec["actions"]?.array ?? []).enumerated().compactMap { index, action in
      let text = action["at"].map { $0.string ?? $0.text(.go) } ?? "0s"
      guard let at = try? GoDuration(argo: text).timeSpan else {
        fail("actions[\(index)].at", "a duration such as 5m", text)
        return nil
      }
      let message = action["message"]?.string
      let selector = action["node"]?.string.map { $0.contains("=") ? $0 : "displayName=\($0)" }
      let chosen = selector.flatMap { NodeSelector($0) }
      let command: RunCommand
      switch action["do"]?.string {
      case "stop": command = .stop(message: message, selector: chosen)
      case "terminate": command = .terminate
      case "suspend": command = .suspend
      case "resume": command = .resume(selector: chosen)
      default:
        guard let chosen else {
          fail("actions[\(index)].node", "the node to set", "none")
          return nil
        }
        var outputs: [String: String] = [:]
        for (name, value) in action["outputs"]?.object ?? [:] { outputs[name] = value.string ?? value.text(.go) }
        command = .set(selector: chosen, outputParameters: outputs, message: message, phase: action["phase"]?.string)
      }
      return RehearsalAction(at: at, command: command)
    }
  }
}
