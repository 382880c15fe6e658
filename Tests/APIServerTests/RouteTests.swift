import Basics
import Contracts
import JSONValue
import KubeAPI
import KubeModel
import ServerKit
import Testing

@testable import APIServer

@Suite struct RouteTests {
  @Test("objects are made, read, listed, changed and deleted") func verbs() async throws {
    try await withServer { server in
      let path = "/api/v1/namespaces/n/configmaps"
      let made = try await server.call(
        "POST", path, body: #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"x":"1"}},"data":{"k":"v"}}"#)
      #expect(made.status == 201)
      #expect(made["content-type"] == "application/json")
      #expect(made["audit-id"]?.isEmpty == false)
      #expect(made.json.at("data", "k")?.string == "v")
      let again = try await server.call("POST", path, body: #"{"metadata":{"name":"a"}}"#)
      #expect(again.status == 409)
      #expect(again.message == "configmaps \"a\" already exists")
      #expect(again.json.at("details", "kind")?.string == "configmaps")
      let yaml = try await server.call(
        "PUT", path + "/a", headers: [("Content-Type", "application/yaml")], body: "metadata:\n  name: a\ndata:\n  k: w\n")
      #expect(yaml.status == 200)
      #expect(yaml.json.at("data", "k")?.string == "w")
      let patched = try await server.call(
        "PATCH", path + "/a", headers: [("Content-Type", "application/merge-patch+json")], body: #"{"data":{"m":"1"}}"#)
      #expect(patched.status == 200)
      #expect(patched.json.at("data", "m")?.string == "1")
      let list = try await server.call("GET", path + "?labelSelector=x%3D1")
      #expect(list.json["kind"]?.string == "ConfigMapList")
      #expect(list.json["items"]?.array?.count == 0, "a replaced object lost its labels")
      let all = try await server.call("GET", "/api/v1/configmaps")
      #expect(all.json["items"]?.array?.count == 1)
      let gone = try await server.call("DELETE", path + "/a")
      #expect(gone.status == 200)
      #expect(gone.json["status"]?.string == "Success")
      #expect(gone.json.at("details", "uid")?.string == made.json.at("metadata", "uid")?.string)
      let missing = try await server.call("GET", path + "/a")
      #expect(missing.status == 404)
      #expect(missing.message == "configmaps \"a\" not found")
    }
  }

  @Test("tables, metadata only, YAML and indented JSON are given as the client asks") func negotiation() async throws {
    try await withServer { server in
      let path = "/api/v1/namespaces/n/configmaps"
      _ = try await server.call("POST", path, body: #"{"metadata":{"name":"a"}}"#)
      let table = try await server.call("GET", path, headers: [("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")])
      #expect(table.json["kind"]?.string == "Table")
      #expect(table.json["columnDefinitions"]?[0]?["name"]?.string == "Name")
      #expect(table.json["rows"]?[0]?["cells"]?[0]?.string == "a")
      #expect(table.json["rows"]?[0]?.at("object", "kind")?.string == "PartialObjectMetadata")
      let partial = try await server.call(
        "GET", path, headers: [("Accept", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")])
      #expect(partial.json["kind"]?.string == "PartialObjectMetadataList")
      #expect(partial.json["items"]?[0]?["kind"]?.string == "PartialObjectMetadata")
      let yaml = try await server.call("GET", path + "/a", headers: [("Accept", "application/yaml")])
      #expect(yaml["content-type"] == "application/yaml")
      #expect(yaml.text.contains("kind: ConfigMap\n"))
      let pretty = try await server.call("GET", path + "/a?pretty=true")
      #expect(pretty.text.contains("\n  \"metadata\""))
      let protobuf = try await server.call("GET", path + "/a", headers: [("Accept", "application/vnd.kubernetes.protobuf")])
      #expect(protobuf["content-type"] == "application/json")
      let none = try await server.call("GET", path + "/a", headers: [("Accept", "text/html")])
      #expect(none.status == 406)
      #expect(none.reason == "NotAcceptable")
      let type = try await server.call("POST", path, headers: [("Content-Type", "application/vnd.kubernetes.cbor")], body: "x")
      #expect(type.status == 415)
      let patch = try await server.call("PATCH", path + "/a", headers: [("Content-Type", "text/plain")], body: "x")
      #expect(patch.status == 415)
    }
  }

  @Test("what is served is told group by group and in one document") func discovery() async throws {
    try await withServer { server in
      let core = try await server.call("GET", "/api/v1")
      #expect(core.json["resources"]?.array?.contains { $0["name"]?.string == "configmaps" } == true)
      let argo = try await server.call("GET", "/apis/argoproj.io/v1alpha1")
      #expect(argo.json["resources"]?.array?.contains { $0["name"]?.string == "workflows" } == true)
      let all = try await server.call(
        "GET", "/apis", headers: [("Accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json")])
      #expect(all["content-type"] == "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
      #expect(all.json["kind"]?.string == "APIGroupDiscoveryList")
      let plain = try await server.call("GET", "/apis")
      #expect(plain.json["kind"]?.string == "APIGroupList")
      #expect(try await server.call("GET", "/apis/nothing.example").status == 404)
      #expect(try await server.call("GET", "/version").json["major"]?.string == "1")
    }
  }

  @Test("health is told to everybody, with its parts when they are asked for") func health() async throws {
    try await withServer(parts: { $0.checks = [HealthCheck("store", isVital: true) { nil }, HealthCheck("engine") { "it hangs" }] }) {
      server in
      let live = try await server.call("GET", "/livez?verbose", token: nil)
      #expect(live.status == 200)
      #expect(live.text == "[+]ping ok\n[+]store ok\nlivez check passed\n")
      let ready = try await server.call("GET", "/readyz", token: nil)
      #expect(ready.status == 500)
      #expect(ready.text.contains("[-]engine failed: reason withheld\n"))
      #expect(try await server.call("GET", "/readyz?exclude=engine", token: nil).text == "ok")
      #expect(try await server.call("GET", "/healthz/store").text == "ok")
      #expect(try await server.call("POST", "/healthz", token: nil, body: "x").status == 403)
    }
  }

  @Test("metrics count requests by verb and resource") func metrics() async throws {
    try await withServer { server in
      _ = try await server.call("GET", "/api/v1/namespaces/n/pods")
      let text = try await server.call("GET", "/metrics").text
      let line =
        #"apiserver_request_total{verb="LIST",group="",version="v1",resource="pods",subresource="",scope="namespace",code="200"} 1"#
      #expect(text.contains(line))
      #expect(text.contains("process_resident_memory_bytes "))
    }
  }

  @Test("a page of a list leads to the next") func pages() async throws {
    try await withServer { server in
      let path = "/api/v1/namespaces/n/configmaps"
      for name in ["a", "b", "c"] { _ = try await server.call("POST", path, body: #"{"metadata":{"name":"\#(name)"}}"#) }
      let first = try await server.call("GET", path + "?limit=2")
      #expect(first.json["items"]?.array?.count == 2)
      #expect(first.json.at("metadata", "remainingItemCount")?.int == 1)
      let token = try #require(first.json.at("metadata", "continue")?.string)
      let rest = try await server.call("GET", path + "?limit=2&continue=\(token.replacing("+", with: "%2B").replacing("=", with: "%3D"))")
      #expect(rest.json["items"]?.array?.map { $0.at("metadata", "name")?.string } == ["c"])
      #expect(rest.json.at("metadata", "continue") == nil)
    }
  }

  @Test("a watch tells what is there, then changes, then ends in its time", arguments: ["whole", "table"]) func watch(shape: String)
    async throws
  {
    try await withServer { server in
      let path = "/api/v1/namespaces/n/configmaps"
      _ = try await server.call("POST", path, body: #"{"metadata":{"name":"a"}}"#)
      let accept = shape == "table" ? "application/json;as=Table;v=v1;g=meta.k8s.io" : "application/json"
      async let watched = server.call("GET", path + "?watch=1&timeoutSeconds=2", headers: [("Accept", accept)])
      // The watch may begin before or after: it tells both anyway.
      _ = try await server.call("POST", path, body: #"{"metadata":{"name":"b"}}"#)
      let events = try await watched.text.split(separator: "\n").map { try JSON.parse(String($0)) }
      #expect(events.map { $0["type"]?.string } == ["ADDED", "ADDED"])
      if shape == "table" {
        #expect(events[0].at("object", "columnDefinitions")?.array?.isEmpty == false)
        #expect(events[1].at("object", "columnDefinitions")?.array == nil)
        #expect(events[1].at("object")?["rows"]?[0]?["cells"]?[0]?.string == "b")
      } else {
        #expect(events.map { $0.at("object", "metadata", "name")?.string } == ["a", "b"])
      }
    }
  }

  @Test("a watch from a revision that is too old is told to begin anew") func expired() async throws {
    try await withServer { server in
      let reply = try await server.call("GET", "/api/v1/namespaces/n/configmaps?watch=1&resourceVersion=nonsense")
      #expect(reply.status == 400)
      let future = try await server.call("GET", "/api/v1/namespaces/n/pods?labelSelector=a%20b%20c")
      #expect(future.status == 400)
    }
  }

  @Test("reviews are answered and not stored") func reviews() async throws {
    try await withServer { server in
      let review = try await server.call(
        "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", token: "user-eve",
        body: #"{"spec":{"resourceAttributes":{"verb":"get","resource":"secrets","namespace":"n"}}}"#)
      #expect(review.status == 201)
      #expect(review.json.at("status", "allowed")?.bool == false)
      let who = try await server.call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", token: "user-eve", body: "{}")
      #expect(who.json.at("status", "userInfo", "username")?.string == "eve")
    }
  }
}

@Suite struct OpenAPIRouteTests {
  @Test("OpenAPI documents are told in version 3, in version 2, and in kubectl's protobuf; who has one is not sent it again")
  func documents() async throws {
    try await withServer { server in
      let index = try await server.call("GET", "/openapi/v3")
      let address = try #require(index.json.at("paths", "api/v1", "serverRelativeURL")?.string)
      let core = try await server.call("GET", address)
      #expect(core.json.at("components", "schemas")?.object?.isEmpty == false)
      let tag = try #require(core["etag"])
      #expect(try await server.call("GET", address, headers: [("If-None-Match", tag)]).status == 304)
      #expect(try await server.call("GET", "/openapi/v3/apis/no.such/v1").status == 404)
      let swagger = try await server.call("GET", "/openapi/v2")
      #expect(swagger.json["swagger"]?.string == "2.0")
      let protobuf = try await server.call(
        "GET", "/openapi/v2", headers: [("Accept", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf")])
      #expect(protobuf["content-type"]?.hasSuffix("+protobuf") == true)
      #expect(protobuf.body.count > 10_000)
    }
  }
}
