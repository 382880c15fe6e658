import Contracts
import JSONValue
import KubeModel
import ServerKit
import Testing

@testable import ArgoAPI

@Suite struct AuthModeTests {
  private static let refusal = "token not valid. see https://argo-workflows.readthedocs.io/en/latest/faq/"
  private static let templates = "/api/v1/workflow-templates/n"

  @Test("client mode wants a credential, and says so in Argo's words") func clientWithout() async throws {
    try await withArgo { server in
      for (token, headers) in [
        (nil, []), ("nonsense", []), (nil, [("Authorization", "Digest x")]), (nil, [("Cookie", "authorization=Bearer%20bad")]),
      ] as [(String?, [(String, String)])] {
        for path in [Self.templates, "/api/v1/version"] {
          let reply = try await server.call("GET", path, token: token, headers: headers)
          #expect(reply.status == 401)
          #expect(reply.code == 16)
          #expect(reply.message == Self.refusal)
        }
      }
    }
  }

  @Test("client mode lets the sender's rights decide") func clientRights() async throws {
    try await withArgo { server in
      let refused = try await server.call("GET", Self.templates, token: "user-ann")
      #expect(refused.status == 403)
      #expect(refused.code == 7)
      #expect(
        refused.message.hasPrefix(
          "workflowtemplates.argoproj.io is forbidden: User \"ann\" cannot list resource \"workflowtemplates\" in API group \"argoproj.io\" "
            + "in the namespace \"n\""))
      try await onThread {
        try server.store.create(
          Resource(
            ResourceKind(group: "rbac.authorization.k8s.io", version: "v1", kind: "Role", plural: "roles"),
            json: [
              "metadata": ["name": "reader", "namespace": "n"],
              "rules": [["apiGroups": ["argoproj.io"], "resources": ["workflowtemplates"], "verbs": ["list"]]],
            ]))
        try server.store.create(
          Resource(
            ResourceKind(group: "rbac.authorization.k8s.io", version: "v1", kind: "RoleBinding", plural: "rolebindings"),
            json: [
              "metadata": ["name": "reader", "namespace": "n"],
              "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"],
              "subjects": [["kind": "User", "name": "ann", "apiGroup": "rbac.authorization.k8s.io"]],
            ]))
      }
      try await server.expect(200, "GET", Self.templates, token: "user-ann")
      try await server.expect(403, "GET", "/api/v1/workflow-templates", token: "user-ann")
      try await server.expect(403, "GET", Self.templates + "/x", token: "user-ann")
    }
  }

  @Test("a client certificate counts as a token does: with both modes its owner is the sender, with the server's alone it is passed over")
  func certificates() throws {
    struct NoTokens: Authenticating {
      func authenticate(_ credential: Credential) throws(KubeStatus) -> UserInfo { throw KubeStatus(.unauthorized, "none") }
    }
    func user(_ modes: Set<AuthMode>, hasCertificate: Bool) throws(KubeStatus) -> UserInfo? {
      var settings = ArgoSettings()
      settings.modes = modes
      return try ArgoIdentification(settings, authenticator: NoTokens()).user(
        of: UnadmittedRequest(
          method: "GET", path: Self.templates, fields: HeaderFields([("Host", "localhost")]), peer: "", hasCertificate: hasCertificate))
    }
    let server = ArgoSettings().serverUser
    #expect(try user([.client, .server], hasCertificate: true) == nil)
    #expect(try user([.client, .server], hasCertificate: false) == server)
    #expect(try user([.server], hasCertificate: true) == server)
    #expect(try user([.client], hasCertificate: true) == nil)
  }

  @Test("a token comes as Bearer, as the password of Basic, or in a cookie") func carriers() async throws {
    try await withArgo { server in
      // admin:, :admin and x:admin in base64.
      for headers in [
        [("Authorization", "Basic YWRtaW46")], [("Authorization", "Basic OmFkbWlu")], [("Authorization", "Basic eDphZG1pbg==")],
        [("authorization", "bearer admin")], [("Cookie", "a=b; authorization=Bearer%20admin")],
        [("Cookie", "authorization=\"Bearer admin\"")],
      ] {
        try await server.expect(200, "GET", Self.templates, token: nil, headers: headers)
      }
      let both = try await server.call("GET", Self.templates, token: "nonsense", headers: [("Cookie", "authorization=Bearer admin")])
      #expect(both.status == 401)
    }
  }

  @Test("a page of another site cannot use a cookie") func cookies() async throws {
    try await withArgo { server in
      let cookie = ("Cookie", "authorization=Bearer admin")
      for stranger in [[("Origin", "https://evil.example")], [("Sec-Fetch-Site", "cross-site")]] {
        let reply = try await server.call(
          "POST", Self.templates, token: nil, headers: [cookie] + stranger, body: ["template": ["metadata": ["name": "x"]]])
        #expect(reply.status == 403)
      }
      try await server.expect(200, "GET", Self.templates, token: nil, headers: [cookie, ("Origin", "http://localhost")])
    }
    try await withArgo({ $0.allowedOrigin = "https://ui.example" }) { server in
      let headers = [("Cookie", "authorization=Bearer admin"), ("Origin", "https://ui.example"), ("Sec-Fetch-Site", "cross-site")]
      try await server.expect(404, "DELETE", Self.templates + "/x", token: nil, headers: headers)
    }
  }

  @Test("server mode needs no token, ignores one, and acts as argo-server") func server() async throws {
    try await withArgo({ $0.modes = [.server] }) { server in
      for token in [nil, "nonsense", "user-ann"] {
        let reply = try await server.call("GET", "/api/v1/userinfo", token: token)
        #expect(reply.status == 200)
        #expect(
          reply.json == [
            "subject": "system:serviceaccount:argo:argo-server", "issuer": "https://issuer", "serviceAccountNamespace": "argo",
            "serviceAccountName": "argo-server",
          ])
        try await server.expect(200, "GET", Self.templates, token: token)
      }
      let made = try await server.call(
        "POST", Self.templates, token: nil,
        body: [
          "template": [
            "metadata": ["name": "t"], "spec": ["templates": [["name": "main", "container": ["image": "x", "command": ["a"]]]]],
          ]
        ])
      #expect(made.status == 200, "\(made.text)")
      #expect(
        made.json.at("metadata", "labels") == ["workflows.argoproj.io/creator": "system-serviceaccount-argo-argo-server"])
      // The Kubernetes API beside it is as it was.
      try await server.expect(403, "GET", "/api/v1/namespaces/n/secrets", token: nil)
    }
  }

  @Test("server mode answers neither pages of other sites nor other names of this machine") func strangers() async throws {
    try await withArgo({ $0.modes = [.server] }) { server in
      for headers in [
        [("Host", "rebound.example")], [("Origin", "https://evil.example")],
        [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")],
      ] {
        let reply = try await server.call("GET", Self.templates, token: nil, headers: headers)
        #expect(reply.status == 403, "\(headers)")
      }
      for host in ["127.0.0.1:2746", "[::1]:2746", "localhost", "argosy.localhost"] {
        try await server.expect(200, "GET", Self.templates, token: nil, headers: [("Host", host)])
      }
    }
  }

  @Test("with both modes a token is the client's") func both() async throws {
    try await withArgo({ $0.modes = [.client, .server] }) { server in
      try await server.expect(200, "GET", Self.templates, token: nil)
      try await server.expect(403, "GET", Self.templates, token: "user-ann")
      try await server.expect(401, "GET", Self.templates, token: "nonsense")
    }
  }

  @Test("one namespace is all that a namespaced server shows") func managed() async throws {
    try await withArgo({ $0.managedNamespace = "n" }) { server in
      try await server.expect(200, "GET", Self.templates)
      for path in ["/api/v1/workflow-templates/argo", "/api/v1/workflow-templates"] {
        try await server.expect(403, "GET", path)
      }
    }
  }

  @Test("without single sign-on its paths say so") func signOn() async throws {
    try await withArgo { server in
      for path in ["/oauth2/redirect", "/oauth2/callback"] {
        let reply = try await server.expect(501, "GET", path, token: nil)
        #expect(reply.code == 12)
      }
    }
  }

  @Test("links of other schemes than those allowed are not passed on") func links() async throws {
    try await withArgo { server in
      let reply = try await server.call("GET", "/api/v1/info")
      #expect(reply.json["links"] == [["name": "a", "scope": "workflow", "url": "https://a"]])
      #expect(reply.json["navColor"] == "red")
    }
  }
}
