import Glibc
import Testing

/// The commands of `argo` that manage templates, cron workflows, limits and the archive, through a link named `argo`, against a real server.
@Suite(.needs()) struct ArgoObjectsTests {
  private static let manifests = """
    apiVersion: argoproj.io/v1alpha1
    kind: WorkflowTemplate
    metadata: {name: job, labels: {team: build}}
    spec:
      entrypoint: main
      templates: [{name: main, container: {image: alpine, command: [echo, hi]}}]
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: ClusterWorkflowTemplate
    metadata: {name: shared}
    spec:
      entrypoint: main
      templates: [{name: main, container: {image: alpine, command: [echo, hi]}}]
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: CronWorkflow
    metadata: {name: nightly}
    spec:
      schedules: ["0 3 * * *"]
      concurrencyPolicy: Replace
      workflowSpec:
        entrypoint: main
        arguments: {parameters: [{name: cronScheduleTime, value: none}, {name: env, value: test}]}
        templates:
        - name: main
          container: {image: alpine, command: [echo, "{{workflow.parameters.env}} at {{workflow.parameters.cronScheduleTime}}"]}

    """

  /// A server, its manifests in `all.yaml`, and `argo` on the path.
  private func served() async throws -> ServedCluster {
    let cluster = try await ServedCluster()
    try cluster.bench.link("argo")
    try cluster.bench.file("all.yaml", Self.manifests)
    return cluster
  }

  @Test("plain numbers and booleans where text is wanted are sent as text")
  func plainValues() async throws {
    let cluster = try await served()
    let spec = """
      spec:
        entrypoint: yes
        templates:
        - name: yes
          container: {image: alpine, command: [echo, 5, off], env: [{name: N, value: 7}]}

      """
    try cluster.bench.file(
      "plain.yaml",
      "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: plain, labels: {round: 3}}\n\(spec)---\n"
        + "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata: {name: plain, labels: {round: 3}}\n\(spec)")
    #expect(try await cluster.argo("submit plain.yaml --wait -o name") == "plain\n")
    #expect(try await cluster.argo("logs plain").contains("5 false"))
    #expect(try await cluster.argo("template create plain.yaml -o name") == "plain\n")
    #expect(try await cluster.argo("template list -l round=3 -o name") == "plain\n")
  }

  @Test("a field of version 3 is refused, not left out: the workflow would run without its lock")
  func removedFields() async throws {
    let cluster = try await served()
    try cluster.bench.file(
      "locked.yaml",
      "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: locked}\nspec:\n  entrypoint: main\n"
        + "  synchronization: {mutex: {name: one}}\n  templates: [{name: main, suspend: {}}]\n")
    try await cluster.argoFails(
      "submit locked.yaml", "locked.yaml:6:21: ", "field \"spec.synchronization.mutex\" was removed in Argo Workflows v4")
    try await cluster.argoFails("get locked", "not found")
  }

  @Test("templates are created, listed, shown, replaced, checked and deleted in argo's words")
  func templates() async throws {
    let cluster = try await served()
    let created = try await cluster.argo("template create all.yaml")
    #expect(created.contains("Name:                job\nNamespace:           default\nCreated:             "))
    #expect(try await cluster.argo("template list") == "NAME\njob   \n")
    #expect(try await cluster.argo("-n default template list -A") == "NAMESPACE   NAME\ndefault     job   \n")
    #expect(try await cluster.argo("template list -l team=build -o name") == "job\n")
    #expect(try await cluster.argo("template list -l team=other -o name") == "")
    #expect(try await cluster.argo("template get job -o json").hasPrefix("{\n    \""))
    #expect(try await cluster.argo("template get job -o yaml").contains("name: job\n"))
    #expect(try await cluster.argo("template update all.yaml -o name") == "job\n")
    #expect(try await cluster.argo("template lint all.yaml").contains("no linting errors found!"))
    try await cluster.argoFails("template create all.yaml", "Error: failed to create workflow template: ", "already exists")
    try await cluster.argoFails("template get other", "workflowtemplates.argoproj.io \"other\" not found")
    try cluster.bench.file("other.yaml", Self.manifests.replacing(all: "name: job", with: "name: other"))
    try await cluster.argoFails("template update other.yaml", "failed to get existing workflow template \"other\" to update")
    try cluster.bench.file(
      "strict.yaml", Self.manifests.replacing(all: "build}}\nspec:\n", with: "build}}\nspec:\n  nonsense: 1\n"))
    try await cluster.argoFails("template create strict.yaml", "nonsense")
    #expect(try await cluster.argo("template delete job") == "WorkflowTemplate 'job' deleted\n")
    try await cluster.argoFails("template delete job", "not found")

    #expect(try await cluster.argo("cluster-template create all.yaml -o name") == "shared\n")
    #expect(try await cluster.argo("cwft list") == "NAME\nshared   \n")
    #expect(try await cluster.argo("cwftmpl get shared").hasPrefix("Name:                shared\nCreated:             "))
    #expect(try await cluster.argo("cluster-template update all.yaml -o name") == "shared\n")
    try await cluster.argoFails("cluster-template create all.yaml", "failed to create cluster workflow template: shared,  cluster")
    #expect(try await cluster.argo("cluster-template delete --all") == "ClusterWorkflowTemplate 'shared' deleted\n")
    try cluster.bench.file("none.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
    try await cluster.argoFails("template create none.yaml", "No workflow template found in given files")
  }

  @Test("cron workflows are created with changes, suspended, resumed, replaced and deleted in argo's words")
  func crons() async throws {
    let cluster = try await served()
    let created = try await cluster.argo(
      "cron create all.yaml --schedule @daily --name other -p env=prod --serviceaccount robot --labels team=build")
    #expect(
      created.hasPrefix("Name:                          other\nNamespace:                     default\nCreated:                       "))
    #expect(created.contains("Schedules:                     @daily\nSuspended:                     false\n"))
    #expect(created.contains("ConcurrencyPolicy:             Replace\n") && created.contains("  env:                         prod\n"))
    #expect(try await cluster.argo("cron create all.yaml -o name") == "nightly\n")
    let list = try await cluster.argo("cron list")
    #expect(list.hasPrefix("NAME      AGE"), "\(list)")
    #expect(list.split(separator: "\n").count == 3)
    #expect(try await cluster.argo("cron list -l team=build -o name") == "other\n")
    #expect(try await cluster.argo("cron get other -o yaml").contains("serviceAccountName: robot"))
    #expect(try await cluster.argo("cron suspend nightly other") == "CronWorkflow 'nightly' suspended\nCronWorkflow 'other' suspended\n")
    #expect(try await cluster.argo("cron get nightly").contains("Suspended:                     true\n"))
    #expect(try await cluster.argo("cron resume nightly") == "CronWorkflow 'nightly' resumed\n")
    #expect(try await cluster.argo("cron get nightly").contains("Suspended:                     false\n"))
    try cluster.bench.file("changed.yaml", Self.manifests.replacing(all: "0 3 * * *", with: "5 5 5 * *"))
    #expect(try await cluster.argo("cron update changed.yaml").contains("Schedules:                     5 5 5 * *\n"))
    #expect(try await cluster.argo("cron lint all.yaml").contains("no linting errors found!"))
    try await cluster.argoFails("cron create all.yaml", "failed to create cron workflow: ", "already exists")
    try await cluster.argoFails("cron suspend missing", "not found")
    #expect(
      try await cluster.argo("cron delete --all").split(separator: "\n").sorted() == [
        "CronWorkflow 'nightly' deleted", "CronWorkflow 'other' deleted",
      ])
    #expect(try await cluster.argo("cron list -o name") == "")
  }

  @Test("a backfill runs the cron workflow once for each time that has passed", .needsKubectl)
  func backfill() async throws {
    let cluster = try await served()
    try await cluster.ok("create role backfill --verb=create,get,list,watch --resource=workflows.argoproj.io")
    try await cluster.ok("create rolebinding backfill --role=backfill --serviceaccount=default:default")
    try await cluster.argo("cron create all.yaml -o name")
    let printed = try await cluster.argo(
      "cron backfill nightly --name fill --start 2026-11-20 --end 2026-11-23 --format 2006-01-02")
    #expect(
      printed.hasPrefix("Created fill Backfill task for Cronworkflow nightly \n=====") && printed.contains("Total Backfill Schedule: 3 \n"))
    let monitor = try #require(printed.split(separator: "\n").last?.split(separator: " ").last)
    #expect(monitor.hasPrefix("backfill-wf-"))
    #expect(try await cluster.argo("wait \(monitor)").contains("\(monitor) Succeeded at "))
    let names = try await cluster.argo("list -l workflows.argoproj.io/cron-workflow=nightly --status Succeeded -o name").split(
      separator: "\n")
    #expect(names.count == 3 && names.allSatisfy { $0.hasPrefix("nightly-backfill-fill-") })
    var lines: Set<String> = []
    for name in names {
      let log = try await cluster.argo("logs \(name) --no-color")
      lines.insert(String(log.drop { $0 != ":" }.dropFirst(2)))
    }
    #expect(lines == Set((20...22).map { "test at 2026-11-\($0) 03:00:00 +0000 UTC\n" }))
    #expect(
      try await cluster.argo("cron backfill nightly --start 2026-11-20 --end 2026-11-20 --format 2006-01-02")
        == "There is no suitable scheduling time.")
    try await cluster.argoFails("cron backfill nightly", "start date should not be empty")
    try await cluster.argoFails("cron backfill nightly --start yesterday", "parsing time \"yesterday\"")
  }

  @Test("limits are created, shown, changed and deleted in both places")
  func limits() async throws {
    let cluster = try await served()
    #expect(
      try await cluster.argo("sync create deploys --type database --limit 3")
        == "Sync limit created\nKey: deploys\nType: database\nNamespace: default\nLimit: 3\n")
    #expect(
      try await cluster.argo("sync create k --type ConfigMap --cm-name limits --limit 2")
        == "Sync limit created\nKey: k\nType: configmap\nConfigMap Name: limits\nNamespace: default\nLimit: 2\n")
    #expect(try await cluster.argo("sync update deploys --type database --limit 5").hasSuffix("Limit: 5\n"))
    #expect(
      try await cluster.argo("sync get k --type configmap --cm-name limits")
        == "Key: k\nType: configmap\nConfigMap Name: limits\nNamespace: default\nLimit: 2\n")
    #expect(try await cluster.argo("sync get deploys --type database").hasSuffix("Limit: 5\n"))
    #expect(try await cluster.argo("sync delete deploys --type database") == "Sync limit deleted\n")
    try await cluster.argoFails("sync get deploys --type database", "failed to get sync limit: ")
    try await cluster.argoFails("sync get deploys --type redis", "--type must be either 'database' or 'configmap'")
    try await cluster.argoFails("sync get deploys --type configmap", "--cm-name is required when type is configmap")
  }

  @Test("a token that is asked for opens the API, and the version of a named server is told", .needsKubectl)
  func login() async throws {
    let cluster = try await served()
    try await cluster.argoFails("auth token", "kubectl create namespace argo")
    try await cluster.ok("create namespace argo")
    var token = ""
    try await eventually("the account argo-server has a token") {
      let outcome = try await cluster.bench.run(["argo", "auth", "token"])
      token = outcome.out
      return outcome.status == 0
    }
    #expect(token.hasPrefix("Bearer ey") && token.hasSuffix("\n"))
    let address = String(cluster.url.dropFirst("https://".count))
    cluster.bench.set("KUBECONFIG", "/dev/null")
    cluster.bench.set("ARGO_SERVER", address)
    cluster.bench.set("ARGO_INSECURE_SKIP_VERIFY", "true")
    cluster.bench.set("ARGO_NAMESPACE", "argo")
    try await cluster.argoFails("template list", "token not valid")
    cluster.bench.set("ARGO_TOKEN", String(token.dropLast()))
    #expect(try await cluster.argo("template list") == "NAME\n")
    #expect(try await cluster.argo("auth token") == token)
    let version = try await cluster.argo("version")
    #expect(version.hasPrefix("argo: v") && version.contains("\nargo-server: v") && version.contains("\n  GitCommit: "), "\(version)")
    #expect(try await cluster.argo("version --short").split(separator: "\n").count == 2)
  }
}

extension Bench {
  /// Puts `argosy` on the path by another name.
  func link(_ name: String) throws {
    guard symlink(Parts.argosy, path("bin/" + name)) == 0 else { throw KitError(call: "symlink", Parts.argosy) }
  }
}

extension ServedCluster {
  /// Runs `argo`, with words as a shell would split them at spaces; fails the test when it fails. Gives what it printed.
  @discardableResult func argo(_ words: String, _ location: SourceLocation = #_sourceLocation) async throws -> String {
    let outcome = try await bench.run(["argo"] + words.split(separator: " ").map(String.init))
    #expect(outcome.status == 0, "argo \(words)\n\(outcome)", sourceLocation: location)
    return outcome.out
  }

  /// Runs `argo`, which has to end with 1 and say this on standard error.
  func argoFails(_ words: String, _ texts: String..., location: SourceLocation = #_sourceLocation) async throws {
    let outcome = try await bench.run(["argo"] + words.split(separator: " ").map(String.init))
    #expect(outcome.status == 1, "argo \(words)\n\(outcome)", sourceLocation: location)
    for text in texts { #expect(outcome.err.contains(text), "argo \(words)\n\(outcome)", sourceLocation: location) }
  }
}
