import JSONValue
import ServerKit
import Testing

@testable import ArgoAPI

/// WorkflowTemplates, ClusterWorkflowTemplates and CronWorkflows.
@Suite struct ObjectRouteTests {
  private static func template(_ name: String, calls: String = "main") -> JSON {
    [
      "metadata": ["name": .string(name)],
      "spec": [
        "entrypoint": "main",
        "templates": [
          ["name": "main", "container": ["image": "x", "command": ["echo", "hi"]]],
          ["name": "caller", "steps": [[["name": "one", "template": .string(calls)]]]],
        ],
      ],
    ]
  }

  private static func cron(_ name: String) -> JSON {
    [
      "metadata": ["name": .string(name)],
      "spec": [
        "schedules": ["0 5 * * *"],
        "workflowSpec": ["entrypoint": "main", "templates": [["name": "main", "container": ["image": "x", "command": ["echo"]]]]],
      ],
    ]
  }

  private static let kinds: [(path: String, member: String, kind: String, make: @Sendable (String) -> JSON)] = [
    ("/api/v1/workflow-templates/n", "template", "WorkflowTemplate", { template($0) }),
    ("/api/v1/cluster-workflow-templates", "template", "ClusterWorkflowTemplate", { template($0) }),
    ("/api/v1/cron-workflows/n", "cronWorkflow", "CronWorkflow", { cron($0) }),
  ]

  @Test("every kind is made, listed, read, linted, replaced and deleted", arguments: 0..<3) func verbs(index: Int) async throws {
    let (path, member, kind, make) = Self.kinds[index]
    try await withArgo { server in
      let made = try await server.expect(200, "POST", path, body: .object([member: make("one")]))
      #expect(made.json["kind"]?.string == kind)
      #expect(made.json.at("metadata", "uid")?.string?.isEmpty == false)
      #expect(made.json.at("metadata", "labels", "workflows.argoproj.io/creator") == "admin")
      let again = try await server.expect(409, "POST", path, body: .object([member: make("one")]))
      #expect(again.code == 6)

      let list = try await server.expect(200, "GET", path)
      #expect(list.json["kind"]?.string == kind + "List")
      #expect(list.json["items"]?.array?.compactMap { $0.at("metadata", "name")?.string } == ["one"])
      let others = try await server.expect(200, "GET", path + "?listOptions.labelSelector=a%3Db")
      #expect(others.json["items"] == [])

      var changed = made.json
      changed["metadata"]?["annotations"] = ["seen": "yes"]
      let updated = try await server.expect(200, "PUT", path + "/one", body: .object([member: changed]))
      #expect(updated.json.at("metadata", "annotations", "seen") == "yes")
      #expect(updated.json.at("metadata", "labels", "workflows.argoproj.io/action") == "Update")
      #expect(updated.json.at("metadata", "labels", "workflows.argoproj.io/creator") == "admin")
      // The version that was replaced is no longer there.
      try await server.expect(409, "PUT", path + "/one", body: .object([member: changed]))
      // Without a version the last word counts.
      try await server.expect(200, "PUT", path + "/one", body: .object([member: make("one")]))
      try await server.expect(400, "PUT", path + "/one", body: .object([member: make("other")]))
      try await server.expect(404, "PUT", path + "/none", body: .object([member: make("none")]))

      let lint = try await server.expect(200, "POST", path + "/lint", body: .object([member: make("two")]))
      #expect(lint.json.at("metadata", "name") == "two")
      try await server.expect(404, "GET", path + "/two")

      try await server.expect(200, "DELETE", path + "/one?deleteOptions.dryRun=All")
      let deleted = try await server.expect(200, "DELETE", path + "/one")
      #expect(deleted.json == [:])
      try await server.expect(404, "GET", path + "/one")
      let gone = try await server.expect(404, "DELETE", path + "/one")
      #expect(gone.code == 5)
    }
  }

  @Test("without an object in the body nothing can be done", arguments: 0..<3) func empty(index: Int) async throws {
    let path = Self.kinds[index].path
    try await withArgo { server in
      for body in [nil, [:]] as [JSON?] {
        let reply = try await server.expect(400, "POST", path, body: body)
        #expect(reply.message.hasSuffix("was not found in the request body"))
        try await server.expect(400, "POST", path + "/lint", body: body)
        try await server.expect(400, "PUT", path + "/x", body: body)
      }
    }
  }

  @Test("what breaks the rules of lint is refused with lint's words") func rules() async throws {
    try await withArgo { server in
      let wrong: JSON = ["template": Self.template("bad", calls: "hell0")]
      for path in ["/api/v1/workflow-templates/n/lint", "/api/v1/workflow-templates/n", "/api/v1/cluster-workflow-templates/lint"] {
        let reply = try await server.expect(400, "POST", path, body: wrong)
        #expect(reply.code == 3)
        #expect(reply.message.contains("template name 'hell0' undefined"), "\(reply.text)")
      }
      var cron = Self.cron("c")
      cron["spec"]?["schedules"] = ["nonsense"]
      let reply = try await server.expect(400, "POST", "/api/v1/cron-workflows/n/lint", body: ["cronWorkflow": cron])
      #expect(reply.message.contains("nonsense"), "\(reply.text)")
    }
  }

  @Test("lint finds what is stored") func references() async throws {
    try await withArgo { server in
      let reference: JSON = [
        "metadata": ["name": "user"],
        "spec": [
          "templates": [
            ["name": "go", "steps": [[["name": "one", "templateRef": ["name": "library", "template": "main"]]]]]
          ]
        ],
      ]
      let path = "/api/v1/workflow-templates/n/lint"
      try await server.expect(400, "POST", path, body: ["template": reference])
      try await server.expect(200, "POST", "/api/v1/workflow-templates/n", body: ["template": Self.template("library")])
      try await server.expect(200, "POST", path, body: ["template": reference])
    }
  }

  @Test("an object of another namespace than the path's is refused") func namespaces() async throws {
    try await withArgo { server in
      var template = Self.template("one")
      template["metadata"]?["namespace"] = "argo"
      try await server.expect(400, "POST", "/api/v1/workflow-templates/n", body: ["template": template])
      let none = try await server.expect(404, "POST", "/api/v1/workflow-templates/none", body: ["template": Self.template("one")])
      #expect(none.message == "namespaces \"none\" not found")
    }
  }

  @Test("an empty namespace lists those of all") func allNamespaces() async throws {
    try await withArgo { server in
      for namespace in ["n", "argo"] {
        try await server.expect(
          200, "POST", "/api/v1/workflow-templates/\(namespace)", body: ["template": Self.template("in-\(namespace)")])
      }
      for path in ["/api/v1/workflow-templates/", "/api/v1/workflow-templates"] {
        let names = try await server.expect(200, "GET", path).json["items"]?.array?.compactMap { $0.at("metadata", "name")?.string }
        #expect(names == ["in-argo", "in-n"])
      }
    }
  }

  @Test("namePattern picks by a part of the name, in pages, the newest first") func pattern() async throws {
    try await withArgo { server in
      for name in ["build-a", "test-a", "build-b", "build-c"] {
        try await server.expect(200, "POST", "/api/v1/workflow-templates/n", body: ["template": Self.template(name)])
      }
      func page(_ query: String) async throws -> (names: [String], token: String) {
        let json = try await server.expect(200, "GET", "/api/v1/workflow-templates/n?namePattern=uild&" + query).json
        return (
          (json["items"]?.array ?? []).compactMap { $0.at("metadata", "name")?.string }, json.at("metadata", "continue")?.string ?? ""
        )
      }
      let all = try await page("")
      #expect(all.names == ["build-c", "build-b", "build-a"])
      let first = try await page("listOptions.limit=2")
      #expect(first.names == ["build-c", "build-b"])
      let second = try await page("listOptions.limit=2&listOptions.continue=\(first.token)")
      #expect(second.names == ["build-a"])
      #expect(second.token.isEmpty)
      try await server.expect(400, "GET", "/api/v1/workflow-templates/n?namePattern=uild&listOptions.continue=x")
    }
  }

  @Test("pages of a list follow each other by their token") func pages() async throws {
    try await withArgo { server in
      for name in ["a", "b", "c"] {
        try await server.expect(200, "POST", "/api/v1/cron-workflows/n", body: ["cronWorkflow": Self.cron(name)])
      }
      let first = try await server.expect(200, "GET", "/api/v1/cron-workflows/n?listOptions.limit=2").json
      let token = try #require(first.at("metadata", "continue")?.string)
      #expect(first["items"]?.array?.count == 2)
      let second = try await server.expect(200, "GET", "/api/v1/cron-workflows/n?listOptions.limit=2&listOptions.continue=\(token)").json
      #expect(second["items"]?.array?.compactMap { $0.at("metadata", "name")?.string } == ["c"])
    }
  }

  @Test("a cron workflow is suspended and resumed, with who did it") func suspend() async throws {
    try await withArgo { server in
      let path = "/api/v1/cron-workflows/n/tick"
      try await server.expect(200, "POST", "/api/v1/cron-workflows/n", body: ["cronWorkflow": Self.cron("tick")])
      let suspended = try await server.expect(200, "PUT", path + "/suspend", body: [:])
      #expect(suspended.json.at("spec", "suspend") == true)
      #expect(suspended.json.at("metadata", "labels", "workflows.argoproj.io/actor") == "admin")
      #expect(suspended.json.at("metadata", "labels", "workflows.argoproj.io/action") == "Suspend")
      let resumed = try await server.expect(200, "PUT", path + "/resume")
      #expect(resumed.json.at("spec", "suspend") == false)
      #expect(resumed.json.at("metadata", "labels", "workflows.argoproj.io/action") == "Resume")
      try await server.expect(404, "PUT", "/api/v1/cron-workflows/n/none/suspend")
    }
  }
}
