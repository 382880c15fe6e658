import JSONValue
import Testing

/// The four stages as WorkflowTemplates and the master workflow over them: templateRef through three levels, real bats, real
/// `aws cloudformation deploy`, and stand-ins for the cloud and the cluster.
@Suite("Cluster factory", .needs("aws", "moto", "python3", "bats", "jq", "bash"), .motoWithEKS, .serialized)
struct ClusterFactoryTests {
  /// A bench with a copy of the example whose files point at the suite's moto, which has a landing zone and nothing else.
  private func bench(flaky: Bool = false) async throws -> Bench {
    let server = try SharedServer.required()
    let bench = try Bench(environment: ["AWS_ENDPOINT_URL": server.url])
    try await bench.shell(
      """
      cp -r \(Project.examples)/cluster-factory factory
      sed -i 's/5055/\(server.port)/' factory/manifests/05-config.yaml factory/env/aws-env.sh
      python3 -c "import urllib.request as u; u.urlopen(u.Request('\(server.url)/moto-api/reset', method='POST'))"
      """)
    if flaky {
      let config = bench.text("factory/manifests/05-config.yaml")
      try bench.file(
        "factory/manifests/05-config.yaml", config.replacing(all: "  KUBE_STANDIN_DIR:", with: "  FLAKE_DIR: /state\n  KUBE_STANDIN_DIR:"))
    }
    return bench
  }

  private func landingZone(_ bench: Bench) async throws {
    try await bench.shell(
      """
      cd factory && . env/aws-env.sh
      aws cloudformation create-stack --stack-name landing-zone --template-body file://env/prereqs.yaml
      aws cloudformation wait stack-create-complete --stack-name landing-zone
      """)
  }

  private func build(_ bench: Bench, _ parameters: String...) async throws -> Outcome {
    bench.set("PATH", bench.path("factory/standin/bin") + ":" + (bench.environment["PATH"] ?? ""))
    var arguments = ["run"]
    for name in ["05-config", "30-argo-templates", "40-stages", "50-cluster-build"] {
      arguments += ["--with", "factory/manifests/\(name).yaml"]
    }
    arguments += ["--from", "workflowtemplate/cluster-build", "--state", "state", "-o", "json"]
    for parameter in ["FACTORY_DIR=\(bench.path("factory"))", "CLUSTER_NAME=demo"] + parameters { arguments += ["-p", parameter] }
    return try await bench.argosy(arguments, within: .seconds(300))
  }

  @Test("builds a cluster with its add-on; a failing preflight test is retried")
  func withAddOn() async throws {
    let bench = try await bench(flaky: true)
    try await landingZone(bench)
    let outcome = try await build(bench, "METRICS-SERVER=metrics-server-0.6", "CONTAINER_HUB=hub.example.com")
    #expect(outcome.status == 0, "\(outcome)")
    let workflow = try outcome.workflow()
    #expect(workflow.phase == "Succeeded", "\(workflow.table)")
    #expect(workflow.name.hasPrefix("cluster-build-"))

    let preflight = workflow.nodes.filter { $0.name.contains(".preflight.preflight-tests(") }
    #expect(preflight.filter { $0.type == "Retry" }.count == 4, "\(workflow.table)")
    let attempts = preflight.filter { $0.type == "Pod" }
    let failed = attempts.filter { $0.phase == "Failed" }
    #expect(failed.count == 1 && failed.first?.name.contains("dhcp.bats") == true, "one attempt fails: \(workflow.table)")
    #expect(attempts.filter { $0.name.contains("dhcp.bats") }.count == 2, "\(workflow.table)")

    // templateRef through three levels: master, stage, library.
    for name in [
      "eks-core.eks-controlplane", "eks-core.eks-nodegroup", "addons.metrics-server", "validate.test-eks-core",
      "validate.test-metrics-server",
    ] {
      let node = workflow.nodes.first { $0.name == "\(workflow.name).\(name)" }
      #expect(node?.phase == "Succeeded", "\(name): \(workflow.table)")
    }
    let cluster = try JSON.parse(try await bench.shell(". factory/env/aws-env.sh; aws eks describe-cluster --name demo --output json"))
    #expect(cluster.at("cluster", "status")?.string == "ACTIVE")
    let deployments = Files.all(below: bench.path("state")).filter { $0.hasSuffix("kube-system.Deployment.metrics-server.json") }
    let image = deployments.first.map(Files.text) ?? ""
    #expect(image.contains("hub.example.com/metrics-server"), "the add-on's registry is the parameter's: \(deployments)")
  }

  @Test("without the add-on `when` skips it and its test")
  func withoutAddOn() async throws {
    let bench = try await bench()
    try await landingZone(bench)
    let outcome = try await build(bench)
    #expect(outcome.status == 0, "\(outcome)")
    let workflow = try outcome.workflow()
    #expect(workflow.phase == "Succeeded", "\(workflow.table)")
    for name in ["addons.metrics-server", "validate.test-metrics-server"] {
      let node = workflow.nodes.first { $0.name == "\(workflow.name).\(name)" }
      #expect(node?.phase == "Skipped" && node?.message == "when ''none' != none' evaluated false", "\(workflow.table)")
    }
    #expect(workflow.nodes.first { $0.name == "\(workflow.name).validate.test-eks-core" }?.phase == "Succeeded", "\(workflow.table)")
    let status = try await bench.shell(
      ". factory/env/aws-env.sh; aws eks describe-cluster --name demo --query cluster.status --output text")
    #expect(status == "ACTIVE\n")
  }

  @Test("without a landing zone preflight fails after its retries and nothing is built")
  func withoutLandingZone() async throws {
    let bench = try await bench()
    let outcome = try await build(bench)
    #expect(outcome.status == 1, "\(outcome)")
    let workflow = try outcome.workflow()
    #expect(workflow.phase == "Failed", "\(workflow.table)")
    #expect(workflow.nodes.filter { $0.type == "Retry" && $0.phase == "Failed" }.count >= 1, "\(workflow.table)")
    #expect(workflow.pods.filter { $0.name.contains("accnt-name-export") }.count == 3, "two retries: \(workflow.table)")
    for stage in ["eks-core", "addons", "validate"] { #expect(try workflow.node(stage).phase == "Omitted", "\(workflow.table)") }
    let clusters = try await bench.shell(". factory/env/aws-env.sh; aws eks list-clusters --query 'length(clusters)'")
    #expect(clusters == "0\n")
  }

  @Test("a parameter without value is named before anything runs")
  func missingParameter() async throws {
    let bench = try await bench()
    let outcome = try await bench.argosy(
      "run", "--with", "factory/manifests", "--from", "workflowtemplate/cluster-build", "-p", "FACTORY_DIR=\(bench.path("factory"))")
    #expect(outcome.status == 2, "\(outcome)")
    #expect(outcome.err.contains("CLUSTER_NAME"), "\(outcome)")
  }

  @Test("the commands of the README work as they stand")
  func readme() async throws {
    let bench = try await bench()
    let commands = try Readme.commands(Project.examples + "/cluster-factory/README.md")
    await Slots.shared.take()
    let result: Result<String, any Error>
    do { result = .success(try await bench.shell("cd factory\n" + commands, within: .seconds(300))) } catch { result = .failure(error) }
    await Slots.shared.give()
    let text = try result.get()
    #expect(text.contains("Status:              Succeeded"), "\(text)")
    #expect(text.contains("\"status\": \"ACTIVE\""), "\(text)")
  }
}
