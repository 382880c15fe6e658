import JSONValue
import Testing

/// Each manifest of the gallery in `examples/` runs and does what its first lines say.
@Suite("The gallery of examples", .needs())
struct GalleryTests {
  private func run(_ name: String, status: Int32 = 0, _ location: SourceLocation = #_sourceLocation) async throws -> WorkflowView {
    let bench = try Bench()
    let outcome = try await bench.argosy("run", "\(Project.examples)/\(name).yaml", "-o", "json")
    #expect(outcome.status == status, "\(outcome)", sourceLocation: location)
    let left = await bench.settled()
    #expect(left.isEmpty, "processes are left: \(left)", sourceLocation: location)
    return try outcome.workflow(location)
  }

  @Test("steps: later groups read what earlier ones printed")
  func steps() async throws {
    let workflow = try await run("steps")
    #expect(workflow.phase == "Succeeded")
    #expect(try workflow.node("first").result == "hello one")
    #expect(try workflow.node("second-a").input("message") == "hello one, then a")
    #expect(try workflow.node("second-b").input("message") == "hello one, then b")
    #expect(workflow.pods.count == 3)
  }

  @Test("dag-diamond: the last task reads both before it")
  func diamond() async throws {
    let workflow = try await run("dag-diamond")
    #expect(try workflow.node("d").input("message") == "b and c")
    #expect(workflow.pods.allSatisfy { $0.phase == "Succeeded" } && workflow.pods.count == 4)
  }

  @Test("loops: items, a sequence and a printed list")
  func loops() async throws {
    let workflow = try await run("loops")
    let messages = Set(workflow.nodes(of: "say").compactMap { $0.input("message") })
    #expect(messages == ["lemon is yellow", "plum is blue", "no-01", "no-02", "no-03", "got x", "got y", "got z"])
    #expect(workflow.nodes(named: "count(1:no-02)").count == 1)
    #expect(workflow.nodes(named: "fruit(0:colour:yellow,name:lemon)").count == 1)
  }

  @Test("retry: the third attempt succeeds")
  func retry() async throws {
    let workflow = try await run("retry")
    let attempts = workflow.pods.sorted { $0.name < $1.name }
    #expect(attempts.map(\.phase) == ["Failed", "Failed", "Succeeded"], "\(workflow.table)")
    #expect(attempts.map(\.display) == ["\(workflow.name)(0)", "\(workflow.name)(1)", "\(workflow.name)(2)"])
    #expect(workflow.nodes.filter { $0.type == "Retry" }.map(\.phase) == ["Succeeded"])
  }

  @Test("suspend: goes on by itself after its duration")
  func suspend() async throws {
    let workflow = try await run("suspend")
    #expect(try workflow.node("wait").type == "Suspend")
    #expect(workflow.nodes.allSatisfy { $0.phase == "Succeeded" }, "\(workflow.table)")
  }

  @Test("artifacts: a directory and a raw artifact arrive")
  func artifacts() async throws {
    let workflow = try await run("artifacts")
    #expect(try workflow.node("read").output("all") == "A Book one two ", "\(workflow.table)")
  }

  @Test("exit-handler: the workflow fails, its handler runs and knows it")
  func exitHandler() async throws {
    let workflow = try await run("exit-handler", status: 1)
    #expect(workflow.phase == "Failed")
    #expect(try workflow.node("mourn").input("message") == "\(workflow.name): Failed")
    #expect(try workflow.node("celebrate").phase == "Skipped")
    #expect(workflow.nodes.contains { $0.name == "\(workflow.name).onExit" })
  }

  @Test("daemon: runs beside the next step and is ended with its template")
  func daemon() async throws {
    let workflow = try await run("daemon")
    #expect(workflow.phase == "Succeeded", "\(workflow.table)")
    #expect(try workflow.node("counter").phase == "Succeeded", "\(workflow.table)")
  }

  @Test("configmap-parameters: value and default")
  func configMap() async throws {
    let bench = try Bench()
    let outcome = try await bench.argosy("run", Project.examples + "/configmap-parameters.yaml", "--log")
    #expect(outcome.status == 0 && outcome.out.contains("hello from a ConfigMap!"), "\(outcome)")
  }

  @Test(
    "all examples pass lint",
    arguments: [
      "hello-world", "steps", "dag-diamond", "loops", "retry", "suspend", "artifacts", "exit-handler", "daemon", "configmap-parameters",
      "ec2", "account-factory", "account-factory/aws", "cluster-factory/manifests",
    ])
  func lint(name: String) async throws {
    let bench = try Bench()
    let path = "\(Project.examples)/\(name)"
    // The factory's code is no manifest; only the files beside it are.
    let files =
      switch name {
      case "account-factory": [path + "/workflow.yaml", path + "/fixtures.yaml"]
      case "account-factory/aws": [path + "/template.yaml", path + "/resources.yaml"]
      default: [Files.exists(path) ? path : path + ".yaml"]
      }
    let outcome = try await bench.argosy(["lint"] + files)
    #expect(outcome.status == 0, "\(outcome)")
  }
}
