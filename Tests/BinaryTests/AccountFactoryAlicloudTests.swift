import Testing

/// The Alibaba Cloud form of the account factory, as far as it can be checked without that cloud.
@Suite("Account factory on Alibaba Cloud", .needs())
struct AccountFactoryAlicloudTests {
  private static let folder = Project.examples + "/account-factory-alicloud"

  @Test("both workflows pass the check", arguments: ["workflow-secret.yaml", "workflow-kms.yaml"])
  func lint(file: String) async throws {
    let bench = try Bench()
    let outcome = try await bench.argosy("lint", Self.folder + "/" + file)
    #expect(outcome.status == 0, "\(outcome)")
  }

  @Test("the code is formatted, and terraform can read it", .needs("terraform"))
  func code() async throws {
    let bench = try Bench(environment: ["CHECKPOINT_DISABLE": "1"])
    let formatted = try await bench.run([
      "terraform", "fmt", "-check", "-recursive", Self.folder, Project.examples + "/account-factory/aws",
    ])
    #expect(formatted.status == 0, "\(formatted)")
    // Without the provider terraform gets no further than naming it; wrong blocks and references to themselves are found before.
    for step in Files.names(Self.folder + "/repository/step") {
      try await bench.shell("cp -r \(Self.folder)/repository/step/\(step) \(step) && sed -i '/backend \"http\"/d' \(step)/backend.tf")
      let outcome = try await bench.run(["terraform", "-chdir=\(step)", "providers"])
      #expect(outcome.status == 0 && outcome.out.contains("aliyun/alicloud"), "\(step): \(outcome)")
    }
  }

  @Test("the keys from the KMS become assignments that the shell reads as they are", .needs("python3"))
  func keys() async throws {
    let bench = try Bench(environment: [
      "PYTHONPATH": "stand-in", "ALICLOUD_SECRET_NAME": "acs/ram/user/terraform", "AZURE_SECRET_NAME": "terraform-ak-azure",
    ])
    try bench.file("stand-in/alibaba_cloud_secretsmanager_client/__init__.py", "")
    try bench.file(
      "stand-in/alibaba_cloud_secretsmanager_client/secret_manager_cache_client_builder.py",
      """
      import json, types
      values = {
          "acs/ram/user/terraform": {"AccessKeyId": "LTAI", "AccessKeySecret": "$(touch broken) 'x' \\"y\\""},
          "terraform-ak-azure": {k: k + " value" for k in ("arm_subscription_id", "arm_tenant_id", "arm_client_id", "arm_client_secret")},
      }
      class SecretManagerCacheClientBuilder:
          @classmethod
          def new_client(cls): return cls()
          def get_secret_info(self, name): return types.SimpleNamespace(secret_value=json.dumps(values[name]))
      """)
    try bench.file("show", "printf '%s\\n' \"$ALICLOUD_ACCESS_KEY\" \"$ALICLOUD_SECRET_KEY\" \"$ARM_TENANT_ID\"")
    bench.set("PYTHONPATH", bench.path("stand-in"))
    let text = try await bench.shell(
      "sh -c 'secrets=$(python3 \(Self.folder)/repository/extension/kms_secret.py) && eval \"$secrets\" && exec sh ./show'")
    #expect(text == "LTAI\n$(touch broken) 'x' \"y\"\narm_tenant_id value\n")
    #expect(!bench.exists("broken"))
  }
}
