import Glibc
import JSONValue
import Testing

/// The account factory on a real server: git with a password, a stand-in for AWS with an organization, the Secrets, the claim, the template.
final class AccountFactory: Sendable {
  static let steps = [
    "account-create", "auth-authorize-role", "auth-create-idp", "auth-create-role", "auth-create-user", "network-create-vpc-subnet",
  ]
  static let folder = Project.examples + "/account-factory/aws"

  let cluster: ServedCluster
  let git: Server
  let moto: Server
  /// As in the article: `Bearer …`.
  let token: String
  var bench: Bench { cluster.bench }

  /// A directory with terraform's provider for AWS, as `terraform init -plugin-dir` takes it; nil: this machine has none.
  static let plugins: String? = {
    let bases = ["/opt", "/usr/local/share", "/usr/share", "/var/lib", (Parts.environment["HOME"] ?? "/root") + "/.terraform.d"]
    for base in bases {
      for name in Files.names(base) where Files.exists("\(base)/\(name)/registry.terraform.io/hashicorp/aws") { return "\(base)/\(name)" }
    }
    return nil
  }()

  init() async throws {
    let bench = try Bench(environment: [
      "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "AWS_ACCESS_KEY_ID": "testing",
      "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1", "AWS_PAGER": "",
    ])
    try await bench.shell(
      """
      git init -q -b main code && cp -r \(Self.folder)/repository/. code && git -C code add -A
      git -C code -c user.name=test -c user.email=test@example.com commit -q -m 'Describe an account'
      mkdir repos && git clone -q --bare code repos/account-base.git
      """)
    git = try await GitServer.start(bench.path("repos"), bench: bench)
    moto = try await Server(["env", "MOTO_IAM_LOAD_MANAGED_POLICIES=true", "python3", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"])
    bench.set("AWS_ENDPOINT_URL", moto.url)
    try await bench.shell("aws organizations create-organization --feature-set ALL >/dev/null")
    cluster = try await ServedCluster(bench: bench)
    #expect(symlink(Kubectl.path(Kubectl.newest), bench.path("bin/kubectl")) == 0)
    #expect(symlink(Parts.argosy, bench.path("bin/argo")) == 0)
    let printed = try await bench.shell(
      """
      kubectl create ns argo
      kubectl create secret generic git-terraform-creds -n argo --from-literal=username='\(GitServer.user)' --from-literal=password='\(GitServer.password)'
      kubectl create secret generic terraform-ak-aws -n argo --from-literal=access_key=testing --from-literal=secret_key=testing
      kubectl apply -n argo -f \(Self.folder)/resources.yaml -f \(Self.folder)/template.yaml
      until kubectl get role argo-server-role -n argo >/dev/null 2>&1; do sleep 0.1; done
      kubectl create sa sa-argo-server-admin -n argo
      kubectl create rolebinding rb-argo-server-admin -n argo --role=argo-server-role --serviceaccount=argo:sa-argo-server-admin
      until SECRET=$(kubectl get sa sa-argo-server-admin -n argo -o=jsonpath='{.secrets[0].name}') && [ -n "$SECRET" ] \
        && [ -n "$(kubectl get secret $SECRET -n argo -o=jsonpath='{.data.token}')" ]; do sleep 0.1; done
      SECRET=$(kubectl get sa sa-argo-server-admin -n argo -o=jsonpath='{.secrets[0].name}')
      ARGO_TOKEN="Bearer $(kubectl get secret $SECRET -n argo -o=jsonpath='{.data.token}' | base64 --decode)"
      echo $ARGO_TOKEN
      """, within: .seconds(240))
    token = printed.split(separator: "\n").last.map(String.init) ?? ""
    #expect(token.hasPrefix("Bearer ey"), "\(printed)")
  }

  /// What the article's user sends and gets: `curl -k -H "Authorization: $ARGO_TOKEN"`.
  func curl(_ method: String, _ path: String, _ body: String? = nil) async throws -> (status: Int, json: JSON, text: String) {
    let data = body.map { ["-d", $0] } ?? []
    let outcome = try await bench.run(
      ["curl", "-sk", "-X", method, "-H", "Authorization: \(token)", "-w", "\n%{http_code}"] + data + [cluster.url + path])
    let lines = outcome.out.split(separator: "\n", omittingEmptySubsequences: false)
    let text = lines.dropLast().joined(separator: "\n")
    return (lines.last.flatMap { Int($0) } ?? 0, (try? JSON.parse(text)) ?? .null, text)
  }

  /// The article's submit body.
  func submission(_ account: String, endpoint: String? = nil, network: Int = 16) -> String {
    let parameters = [
      "repo=\(git.url)/account-base.git", "account_name=\(account)", "account_name_prefix=\(account)",
      "vpc_cidr_block=10.\(network).0.0/16", "subnet_cidr_block=10.\(network).0.0/21", "zone_id=us-east-1b",
      "endpoint=\(endpoint ?? moto.url)", "plugins=\(Self.plugins ?? "")",
    ]
    return """
      {"resourceKind": "WorkflowTemplate", "resourceName": "terraform-workflow", "submitOptions": {
        "labels": "workflows.argoproj.io/workflow-template=terraform-workflow",
        "parameters": [\(parameters.map { "\"\($0)\"" }.joined(separator: ","))]}}
      """
  }

  /// Submits the template for an account. Gives the workflow's name.
  func submit(_ account: String, endpoint: String? = nil, network: Int = 16) async throws -> String {
    let answer = try await curl(
      "POST", "/api/v1/workflows/argo/submit", submission(account, endpoint: endpoint, network: network))
    #expect(answer.status == 200, "\(answer.text)")
    return try #require(answer.json.at("metadata", "name")?.string, "\(answer.text)")
  }

  func phase(_ workflow: String) async throws -> String {
    try await curl("GET", "/api/v1/workflows/argo/\(workflow)?fields=status.phase").json.at("status", "phase")?.string ?? ""
  }

  /// Waits for a workflow's end and gives its phase.
  func end(_ workflow: String, within limit: Duration = .seconds(1800)) async throws -> String {
    var last = ""
    try await eventually("\(workflow) is over", within: limit, else: { last }) {
      last = try await phase(workflow)
      return ["Succeeded", "Failed", "Error"].contains(last)
    }
    return last
  }

  /// What became of a workflow's nodes, and what they said at last.
  func story(of workflow: String) async throws -> String {
    let nodes = try await curl("GET", "/api/v1/workflows/argo/\(workflow)?fields=status.nodes").json.at("status", "nodes")?.object ?? [:]
    let logs = try await bench.run([Parts.argosy, "logs", workflow, "-n", "argo", "--tail", "40", "--no-color"])
    return nodes.map { _, node in
      ["displayName", "phase", "message", "startedAt", "finishedAt"].map { node[$0]?.string ?? "" }.joined(separator: " ")
    }.joined(separator: "\n") + "\n" + logs.out + logs.err
  }

  /// The states that the server keeps: the account, the step, and whether it is locked.
  func states() async throws -> [(account: String, step: String, isLocked: Bool)] {
    let outcome = try await bench.run([Parts.argosy, "tfstate", "list", "-n", "argo", "-o", "json"])
    guard outcome.status == 0, let items = try? JSON.parse(outcome.out).array else { return [] }
    return items.compactMap { item in
      guard let parts = item["key"]?.string?.split(separator: "/").map(String.init), parts.count == 2 else { return nil }
      return (parts[0], parts[1], item["lock"]?.isNull == false)
    }
  }

  /// What is in each member account of the stand-in, by the account's name: fetched by boto3, as an assumed role.
  func baselines() async throws -> [String: JSON] {
    let outcome = try await bench.run(["python3", "-c", Self.inspection], within: .seconds(240))
    try #require(outcome.status == 0, "\(outcome)")
    return Dictionary(uniqueKeysWithValues: (try JSON.parse(outcome.out).object ?? [:]).map { ($0.key, $0.value) })
  }

  /// The baseline that every account has.
  static func baseline(network: Int) -> JSON {
    [
      "roles": ["administrator", "reader"], "providers": ["corporate"], "users": ["terraform"], "policies": ["baseline"],
      "reader": ["ReadOnlyAccess", "baseline"], "terraform": ["baseline"], "vpcs": [.string("10.\(network).0.0/16")],
      "subnets": [.string("10.\(network).0.0/21 us-east-1b")],
    ]
  }

  private static let inspection = """
    import boto3, json
    result = {}
    for account in boto3.client("organizations").list_accounts()["Accounts"]:
        if account["Name"] == "master":
            continue
        keys = boto3.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account['Id']}:role/OrganizationAccountAccessRole", RoleSessionName="look")["Credentials"]
        session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        iam, ec2 = session.client("iam"), session.client("ec2")
        ours = lambda tags: {t["Key"]: t["Value"] for t in tags or []}.get("Name", "").startswith("baseline")
        attached = lambda answer: sorted(p["PolicyName"] for p in answer["AttachedPolicies"])
        roles = sorted(r["RoleName"] for r in iam.list_roles()["Roles"] if "saml" in json.dumps(r["AssumeRolePolicyDocument"]).lower())
        users = sorted(u["UserName"] for u in iam.list_users()["Users"])
        result[account["Name"]] = {
            "roles": roles, "providers": sorted(p["Arn"].split("/")[-1] for p in iam.list_saml_providers()["SAMLProviderList"]), "users": users,
            "policies": sorted(p["PolicyName"] for p in iam.list_policies(Scope="Local")["Policies"]),
            "reader": attached(iam.list_attached_role_policies(RoleName="reader")) if "reader" in roles else [],
            "terraform": attached(iam.list_attached_user_policies(UserName="terraform")) if "terraform" in users else [],
            "vpcs": sorted(v["CidrBlock"] for v in ec2.describe_vpcs()["Vpcs"] if ours(v.get("Tags"))),
            "subnets": sorted(f"{s['CidrBlock']} {s['AvailabilityZone']}" for s in ec2.describe_subnets()["Subnets"] if ours(s.get("Tags"))),
        }
    print(json.dumps(result))
    """
}

extension Trait where Self == ConditionTrait {
  /// Skips where terraform has no provider for AWS without the network, or git cannot serve over HTTP.
  static var needsAccountFactory: Self {
    .enabled(
      if: AccountFactory.plugins != nil && GitServer.isPossible && Parts.succeeds("python3 -c 'import boto3'"),
      "missing here: a plugin directory with terraform-provider-aws, git http-backend, or boto3")
  }
}
