import ArgoServer
import Contracts
import JSONValue
import KubeModel
import ServerKit
import Testing

@testable import ArgoAPI

@Suite struct ConventionTests {
  private static let template: JSON = [
    "metadata": ["name": "hello"],
    "spec": ["entrypoint": "main", "templates": [["name": "main", "container": ["image": "x", "command": ["echo"]]]]],
  ]

  @Test(
    "failures have gRPC's numbers and the gateway's status",
    arguments: [
      (KubeStatus.Reason.badRequest, 3, 400), (.invalid, 3, 400), (.expired, 3, 400), (.unauthorized, 16, 401), (.forbidden, 7, 403),
      (.notFound, 5, 404), (.alreadyExists, 6, 409), (.conflict, 6, 409), (.tooManyRequests, 8, 429), (.internalError, 13, 500),
      (.unknown, 13, 500), (.serviceUnavailable, 14, 503), (.timeout, 4, 504), (.methodNotAllowed, 12, 405),
      (.requestEntityTooLarge, 11, 413),
    ])
  func failures(reason: KubeStatus.Reason, code: Int, status: Int) {
    let failure = KubeStatus(reason, "text")
    #expect(failure.grpcCode.rawValue == code)
    #expect(failure.argoStatus == status)
  }

  @Test("an error's body has code, message and error") func errorBody() async throws {
    try await withArgo { server in
      let reply = try await server.call("GET", "/api/v1/workflow-templates/n/none")
      #expect(reply.status == 404)
      let text: JSON = "workflowtemplates.argoproj.io \"none\" not found"
      #expect(reply.json == ["code": 5, "message": text, "error": text])
      #expect(reply["argo-version"] == nil)
    }
  }

  @Test("what was done is told with the version, as it is and as of the gateway") func headers() async throws {
    try await withArgo { server in
      let reply = try await server.call("GET", "/api/v1/version")
      #expect(reply.status == 200)
      #expect(reply["argo-version"] == "v0.0.0+test")
      #expect(reply["grpc-metadata-argo-version"] == "v0.0.0+test")
      #expect(reply["x-frame-options"] == "DENY")
      #expect(reply["x-ratelimit-limit"] == "1000")
      #expect(reply.json["version"] == "v0.0.0+test")
    }
  }

  @Test("an address that sends too much is told when to come again") func rate() async throws {
    try await withArgo({ $0.requestsPerSecond = 1 }) { server in
      var refused: Reply?
      // A second ends between two requests now and then.
      for _ in 0..<50 where refused == nil {
        let reply = try await server.call("GET", "/api/v1/version")
        if reply.status != 200 { refused = reply }
      }
      let reply = try #require(refused)
      #expect(reply.status == 429)
      #expect(reply.code == 8)
      #expect(reply["x-ratelimit-remaining"] == "0")
      #expect(reply["retry-after"]?.hasSuffix("GMT") == true)
    }
  }

  @Test("unknown query keys and members are passed over, wrongly typed ones refused") func types() async throws {
    try await withArgo { server in
      try await server.expect(200, "GET", "/api/v1/workflow-templates/n?what=ever&listOptions.none=1")
      let limit = try await server.call("GET", "/api/v1/workflow-templates/n?listOptions.limit=many")
      #expect(limit.status == 400)
      #expect(limit.message == "type mismatch, parameter: listOptions.limit, error: strconv.ParseInt: parsing \"many\": invalid syntax")
      let flag = try await server.call("GET", "/api/v1/workflow-templates/n?listOptions.watch=perhaps")
      #expect(flag.status == 400)

      var template = Self.template
      template["spec"]?["whatever"] = 1
      let made = try await server.call("POST", "/api/v1/workflow-templates/n", body: ["template": template, "more": true])
      #expect(made.status == 200)
      #expect(made.json.at("spec", "whatever") == nil)

      let wrong = try await server.call("POST", "/api/v1/workflow-templates/n", body: ["template": ["metadata": ["name": 3]]])
      #expect(wrong.status == 400)
      #expect(wrong.message == "json: cannot unmarshal number into Go struct field ObjectMeta.template.metadata.name of type string")
      try await server.expect(400, "POST", "/api/v1/workflow-templates/n", body: [1, 2])
      let selector = try await server.call("GET", "/api/v1/workflow-templates/n?listOptions.labelSelector=a%20b%20c")
      #expect(selector.status == 400)
    }
  }

  @Test("fields trims answers") func fields() async throws {
    try await withArgo { server in
      _ = try await server.call("POST", "/api/v1/workflow-templates/n", body: ["template": Self.template])
      let one = try await server.call("GET", "/api/v1/workflow-templates/n/hello?fields=metadata.name")
      #expect(one.json == ["metadata": ["name": "hello"], "spec": [:]])
      let list = try await server.call("GET", "/api/v1/workflow-templates/n?fields=items.metadata.name,items.spec.entrypoint")
      #expect(list.json["items"] == [["metadata": ["name": "hello"], "spec": ["entrypoint": "main"]]])
      let rest = try await server.call("GET", "/api/v1/workflow-templates/n/hello?fields=-metadata,spec.templates")
      #expect(rest.json["spec"] == ["entrypoint": "main"])
    }
  }

  @Test("a method that a path does not have is no method") func wrongMethod() async throws {
    try await withArgo { server in
      let reply = try await server.call("PATCH", "/api/v1/workflow-templates/n/x")
      #expect(reply.status == 405)
      #expect(reply.code == 12)
    }
  }

  @Test("a path of Argo's that is none is not found, for whom the server knows") func unknownPaths() async throws {
    try await withArgo { server in
      for path in ["/api/v1/x", "/api/v1/workflows/n/a/b/c", "/api/v1/event-sources/n"] {
        for method in ["GET", "POST"] {
          let reply = try await server.call(method, path)
          #expect(reply.status == 404, "\(method) \(path)")
          #expect(reply.json == ["code": 5, "message": "Not Found", "error": "Not Found"])
          #expect(try await server.call(method, path, token: nil).status == 401)
        }
      }
      // Kubernetes' own stay Kubernetes'.
      for path in ["/api/v1/replicationcontrollers", "/api/v1/pods", "/api/v1/watch/pods", "/api/v2/x"] {
        #expect(try await server.call("GET", path).json["kind"] != nil, "\(path)")
      }
    }
  }

  @Test("a browser finds a page at the root that says what this is and no more; programs find what they found") func welcome() async throws
  {
    try await withArgo { server in
      let browser = [("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")]
      let page = try await server.call("GET", "/", token: nil, headers: browser)
      #expect(page.status == 200)
      #expect(page["content-type"] == "text/html; charset=utf-8")
      #expect(page.text.contains("<title>Argosy</title>") && page.text.contains("href=\"/apidocs\""))
      #expect(page["content-security-policy"]?.contains("default-src 'none'") == true)
      #expect(!page.text.contains("v0.0.0+test"), "the version is for those who may ask")
      #expect(try await server.call("GET", "/", token: nil).json["kind"] == "Status")
      #expect(try await server.call("POST", "/", token: nil, headers: browser).status != 200)
    }
  }

  @Test("pages of another origin may read answers where the server allows it") func origin() async throws {
    try await withArgo({ $0.allowedOrigin = "https://ui.example" }) { server in
      let reply = try await server.call("GET", "/api/v1/version")
      #expect(reply["access-control-allow-origin"] == "https://ui.example")
      let asked = try await server.expect(
        204, "OPTIONS", "/api/v1/workflow-templates/n/x", token: nil,
        headers: [("Origin", "https://ui.example"), ("Access-Control-Request-Method", "PUT")])
      #expect(asked["access-control-allow-origin"] == "https://ui.example")
      #expect(asked["access-control-allow-methods"] == "GET, PUT, DELETE")
      #expect(asked["access-control-allow-headers"] == "authorization, content-type")
    }
  }

  // MARK: Streams

  /// A row that tells three results, the last of them a failure.
  private static func streams(_ resources: any ResourceServing, _ settings: ArgoSettings) -> [ArgoRoute] {
    [
      ArgoRoute("GET", "/api/v1/stream/test", .known, "Test_Stream", "", query: [.fields], answer: .stream("Version")) { _ in
        .stream(
          ResultStream(trims: "object") { sink in
            for name in ["a", "b"] {
              guard sink.push(["type": "ADDED", "object": ["metadata": ["name": .string(name), "uid": "1"]]]) else { return nil }
            }
            sink.fail(KubeStatus(.expired, "too old"))
            return nil
          })
      }
    ]
  }

  @Test("a stream is a line of JSON for each result, and ends with its failure") func lines() async throws {
    try await withArgo(table: Self.streams) { server in
      let reply = try await server.call("GET", "/api/v1/stream/test")
      #expect(reply["content-type"] == "application/json")
      #expect(
        reply.text == """
          {"result":{"type":"ADDED","object":{"metadata":{"name":"a","uid":"1"}}}}
          {"result":{"type":"ADDED","object":{"metadata":{"name":"b","uid":"1"}}}}
          {"error":{"grpc_code":3,"http_code":400,"message":"too old","http_status":"Bad Request"}}

          """)
    }
  }

  @Test("browsers get server-sent events, and a sign of life between them") func events() async throws {
    try await withArgo(table: Self.streams) { server in
      let reply = try await server.call("GET", "/api/v1/stream/test", headers: [("Accept", "text/event-stream")])
      #expect(reply["content-type"] == "text/event-stream")
      let blocks = reply.text.split(separator: "\n").filter { $0 != ":" }
      #expect(blocks.count == 3)
      #expect(blocks.allSatisfy { $0.hasPrefix("data: {") })
      #expect(reply.text.contains("\"b\",\"uid\":\"1\"}}}}\n\n"))
    }
  }

  @Test("fields trims the object of each result, and its type stays") func streamFields() async throws {
    try await withArgo(table: Self.streams) { server in
      let reply = try await server.call("GET", "/api/v1/stream/test?fields=result.object.metadata.name")
      #expect(reply.text.split(separator: "\n").first == "{\"result\":{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}}")
    }
  }
}
