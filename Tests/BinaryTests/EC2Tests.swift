import JSONValue
import Testing

/// The article's automation: list the instances of an account, then stop each, with the real AWS CLI. One account, moto's, is filled on the
/// way, so the tests run one after the other.
@Suite("EC2 instances are listed and stopped", .needs("aws", "moto", "python3"), .moto, .serialized)
struct EC2Tests {
  private static let region = "ap-northeast-1"

  /// A bench whose AWS commands, and the Secret `awskey` made of files, point at the suite's moto.
  private func bench() throws -> Bench {
    let url = try SharedServer.required().url
    let bench = try Bench(environment: [
      "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": Self.region, "AWS_ENDPOINT_URL": url,
      "AWS_PAGER": "",
    ])
    let credentials = "[default]\naws_access_key_id = testing\naws_secret_access_key = testing\n"
    let config = "[default]\nregion = \(Self.region)\nendpoint_url = \(url)\n"
    // As `kubectl create secret generic awskey --from-file=credentials --from-file=config` writes it.
    try bench.file(
      "secret.yaml",
      """
      apiVersion: v1
      kind: Secret
      metadata: {name: awskey}
      type: Opaque
      data:
        credentials: \(base64(credentials))
        config: \(base64(config))
      """)
    return bench
  }

  private func states(_ bench: Bench) async throws -> [String: String] {
    let text = try await bench.shell(
      "aws ec2 describe-instances --query 'Reservations[].Instances[].[InstanceId,State.Name]' --output text")
    return Dictionary(
      uniqueKeysWithValues: text.split(separator: "\n").map { line in
        let fields = line.split(separator: "\t")
        return (String(fields[0]), String(fields[1]))
      })
  }

  private func fill(_ bench: Bench) async throws -> [String] {
    let script = """
      curl -s -X POST "$AWS_ENDPOINT_URL/moto-api/reset" >/dev/null || python3 -c "import urllib.request as u; u.urlopen(u.Request('$AWS_ENDPOINT_URL/moto-api/reset', method='POST'))"
      image=$(aws ec2 describe-images --query 'Images[0].ImageId' --output text)
      aws ec2 run-instances --image-id "$image" --count 3 --instance-type t3.micro --query 'Instances[].InstanceId' --output text
      """
    return try await bench.shell(script).split { $0 == "\t" || $0 == "\n" }.map(String.init).sorted()
  }

  @Test("an empty account: the loop stops none and the workflow succeeds")
  func emptyAccount() async throws {
    let bench = try bench()
    let outcome = try await bench.argosy("run", "--with", "secret.yaml", Project.examples + "/ec2/stop-instances.yaml", "-o", "json")
    #expect(outcome.status == 0, "\(outcome)")
    let workflow = try outcome.workflow()
    #expect(workflow.phase == "Succeeded", "\(workflow.table)")
    #expect(workflow.pods.count == 1, "only the listing ran: \(workflow.table)")
    #expect(try workflow.node("list").result == "[]")
  }

  @Test("the listing relies on the image's entry point and prints the identifiers of three instances")
  func listing() async throws {
    let bench = try bench()
    let identifiers = try await fill(bench)
    try #require(identifiers.count == 3)
    let outcome = try await bench.argosy(
      "run", "--with", "secret.yaml", Project.examples + "/ec2/list-instances.yaml", "--log", "--name", "list")
    #expect(outcome.status == 0, "\(outcome)")
    for identifier in identifiers { #expect(outcome.out.contains("\"\(identifier)\""), "\(outcome)") }
  }

  @Test("list, then stop in parallel: the account says that all three are stopped")
  func stopping() async throws {
    let bench = try bench()
    let identifiers = try await fill(bench)
    #expect(try await Set(states(bench).values) == ["running"])
    let outcome = try await bench.argosy("run", "--with", "secret.yaml", Project.examples + "/ec2/stop-instances.yaml", "-o", "json")
    #expect(outcome.status == 0, "\(outcome)")
    let workflow = try outcome.workflow()
    #expect(workflow.phase == "Succeeded", "\(workflow.table)")
    let stops = workflow.nodes(of: "stop-instance").filter { $0.type == "Pod" }
    #expect(stops.compactMap { $0.input("instance") }.sorted() == identifiers, "\(workflow.table)")
    #expect(try await states(bench) == Dictionary(uniqueKeysWithValues: identifiers.map { ($0, "stopped") }))
    // All three start before one of them ends.
    let starts = stops.compactMap { $0.json["startedAt"]?.string }
    let ends = stops.compactMap { $0.json["finishedAt"]?.string }
    #expect((starts.max() ?? "9") <= (ends.min() ?? "0"), "in parallel: \(starts) \(ends)")
  }

  @Test("an instance that does not exist: the step fails with the CLI's exit code, its text is in the log")
  func unknownInstance() async throws {
    let bench = try bench()
    let outcome = try await bench.argosy(
      "run", "--with", "secret.yaml", Project.examples + "/ec2/stop-instances.yaml", "--entrypoint", "stop-instance", "-p",
      "instance=i-0123456789abcdef0", "--log")
    #expect(outcome.status == 1, "\(outcome)")
    #expect(outcome.out.contains("InvalidInstanceID.NotFound"), "\(outcome)")
    #expect(outcome.out.contains("Error (exit code 25"), "the exit code is in the tree: \(outcome)")
  }

  @Test("the commands of the README work as they stand")
  func readme() async throws {
    let bench = try bench()
    _ = try await fill(bench)
    let server = try SharedServer.required()
    try await bench.shell("cp -r \(Project.examples)/ec2 example && sed -i 's/5055/\(server.port)/' example/secret.yaml")
    let commands = try Readme.commands(Project.examples + "/ec2/README.md").replacing(all: "5055", with: "\(server.port)")
    await Slots.shared.take()
    let output = try? await bench.shell("cd example\n" + commands)
    await Slots.shared.give()
    let text = try #require(output, "the commands fail: \(bench.text("logs/3.out")) \(bench.text("logs/3.err"))")
    let states = text.split(separator: "\n").suffix(6).map { $0.split(separator: "\t") }
    #expect(states.count == 6 && states.allSatisfy { $0.first?.hasPrefix("i-") == true && $0.last == "stopped" }, "\(text)")
  }
}
