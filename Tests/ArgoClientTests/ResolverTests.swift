import Basics
import Glibc
import HTTPAccess
import Testing

@testable import ArgoClient

@Suite("Finding the server") struct ResolverTests {
  /// A directory of a test's own.
  private final class Home {
    let path: String
    init() throws {
      var template = Array("/tmp/argosy-client-XXXXXX".utf8CString)
      try #require(mkdtemp(&template) != nil)
      path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    deinit { LocalFiles.removeTree(path) }

    func write(_ text: String, _ name: String) throws -> String {
      let file = "\(path)/\(name)"
      if let parent = LocalFiles.parent(of: file) { try LocalFiles.makeDirectories(parent) }
      try LocalFiles.write(Array(text.utf8), to: file)
      return file
    }
  }

  private static let local = LocalServer(
    url: "https://127.0.0.1:2746", directory: "/data", authority: "CA", certificate: "CERT", key: "KEY")

  private func resolve(
    _ options: ConnectionOptions = ConnectionOptions(), _ variables: [String: String] = [:], local: LocalServer? = nil
  ) throws -> ServerConnection? {
    try ConnectionResolver(options, environment: { variables[$0] }, local: { local }).resolve()
  }

  private static let config = """
    apiVersion: v1
    kind: Config
    current-context: main
    clusters:
    - {name: c, cluster: {server: "https://build.example.org:2746/", certificate-authority-data: Q0E=}}
    - {name: other, cluster: {server: "https://other.example.org", insecure-skip-tls-verify: true, tls-server-name: inner, proxy-url: "http://p:3128"}}
    - {name: mine, cluster: {server: "https://localhost:2746"}}
    contexts:
    - {name: main, context: {cluster: c, user: u, namespace: team}}
    - {name: bare, context: {cluster: other, user: t}}
    - {name: mine, context: {cluster: mine, user: t, namespace: own}}
    - {name: cloud, context: {cluster: c, user: cloud}}
    users:
    - {name: u, user: {client-certificate-data: Q0VSVA==, client-key: key.pem}}
    - {name: t, user: {token: sesame}}
    - {name: basic, user: {username: me, password: secret}}
    - {name: cloud, user: {exec: {command: gcloud}}}
    """

  @Test("nothing anywhere is no server")
  func nothing() throws {
    #expect(try resolve() == nil)
    #expect(try resolve(.init(), ["KUBECONFIG": "/dev/null"]) == nil)
  }

  @Test("the server of this machine is found by itself, with the administrator's certificate")
  func localServer() throws {
    let connection = try #require(try resolve(local: Self.local))
    #expect(connection.url == "https://127.0.0.1:2746" && connection.namespace == "default" && connection.authorization == nil)
    #expect(connection.origin == .local(directory: "/data"))
    #expect(connection.settings.tls.authorities == Array("CA".utf8) && connection.settings.tls.certificate == Array("CERT".utf8))
  }

  @Test("a token in place of the administrator's certificate makes one somebody else")
  func token() throws {
    for (given, expected) in [("abc", "Bearer abc"), ("Bearer abc", "Bearer abc"), ("Basic eA==", "Basic eA==")] {
      var options = ConnectionOptions()
      options.token = given
      let named = try #require(try resolve(options, local: Self.local))
      #expect(named.authorization == expected)
      #expect(named.settings.tls.certificate == nil && named.settings.tls.authorities == Array("CA".utf8))
    }
  }

  @Test("an address is HOST:PORT or a URL; a server of this machine is known by it")
  func address() throws {
    var options = ConnectionOptions()
    options.argoServer = "build.example.org:2746"
    #expect(try resolve(options, local: Self.local)?.url == "https://build.example.org:2746")
    #expect(try resolve(options, local: Self.local)?.settings.tls == HTTPTLS())
    options.isSecure = false
    options.baseHref = "/argo/"
    #expect(try resolve(options)?.url == "http://build.example.org:2746/argo")
    options = .init()
    options.argoServer = "localhost:2746"
    #expect(try resolve(options, local: Self.local)?.settings.tls.certificate == Array("CERT".utf8))
    options.argoServer = "localhost:2747"
    #expect(try resolve(options, local: Self.local)?.settings.tls.certificate == nil)
    options.argoServer = "ftp://x"
    #expect(throws: ClientFailure.self) { try resolve(options) }
  }

  @Test("a kubeconfig that is named counts more than the server of this machine")
  func kubeconfig() throws {
    let home = try Home()
    _ = try home.write("KEYTEXT", "key.pem")
    let file = try home.write(Self.config, "kc")
    let connection = try #require(try resolve(.init(), ["KUBECONFIG": file], local: Self.local))
    #expect(connection.url == "https://build.example.org:2746" && connection.namespace == "team")
    #expect(connection.settings.tls.authorities == Array("CA".utf8) && connection.settings.tls.certificate == Array("CERT".utf8))
    #expect(connection.settings.tls.key == Array("KEYTEXT".utf8), "a path in a kubeconfig is relative to it")
    var options = ConnectionOptions()
    (options.kubeconfig, options.context) = (file, "bare")
    let bare = try #require(try resolve(options))
    #expect(bare.url == "https://other.example.org" && bare.namespace == "default" && bare.authorization == "Bearer sesame")
    #expect(bare.settings.tls.skipsVerification && bare.settings.serverName == "inner" && bare.settings.proxy == "http://p:3128")
    (options.context, options.user, options.namespace) = ("main", "basic", "given")
    let basic = try #require(try resolve(options))
    #expect(basic.authorization == "Basic bWU6c2VjcmV0" && basic.namespace == "given" && basic.settings.tls.certificate == nil)
  }

  @Test("of the kubeconfig in the home only what is of the same server is taken, and it stands last")
  func homeConfig() throws {
    let home = try Home()
    _ = try home.write("KEYTEXT", ".kube/key.pem")
    _ = try home.write(Self.config, ".kube/config")
    let variables = ["HOME": home.path]
    #expect(try resolve(.init(), variables)?.url == "https://build.example.org:2746")
    let local = try #require(try resolve(.init(), variables, local: Self.local))
    #expect(local.origin == .local(directory: "/data") && local.namespace == "default")
    _ = try home.write(Self.config.replacing("current-context: main", with: "current-context: mine"), ".kube/config")
    let same = try #require(try resolve(.init(), variables, local: Self.local))
    #expect(same.origin == .local(directory: "/data") && same.namespace == "own", "its context's namespace is the server's")
    var options = ConnectionOptions()
    options.argoServer = "elsewhere.example.org:2746"
    let elsewhere = try #require(try resolve(options, variables))
    #expect(elsewhere.authorization == nil, "no token is sent to a server that the kubeconfig does not know")
  }

  @Test(
    "what cannot be used is said",
    arguments: [
      ("missing", "", "context \"missing\" does not exist"), ("cloud", "", "logs in by a program"),
      ("main", "soon", "--request-timeout must be a duration"),
    ])
  func refusals(context: String, timeout: String, expected: String) throws {
    let home = try Home()
    _ = try home.write("KEYTEXT", "key.pem")
    var options = ConnectionOptions()
    options.kubeconfig = try home.write(Self.config, "kc")
    (options.context, options.requestTimeout) = (context, timeout)
    let failure = try #require(throws: ClientFailure.self) { try resolve(options) }
    #expect(failure.message.contains(expected), "\(failure)")
  }

  @Test("headers, impersonation and time limits")
  func rest() throws {
    var options = ConnectionOptions()
    options.headers = ["X-A: 1,X-B:2", "X-C: a:b"]
    (options.impersonatedUser, options.impersonatedGroups, options.requestTimeout) = ("jane", ["dev", "ops"], "90")
    let connection = try #require(try resolve(options, local: Self.local))
    #expect(
      connection.headers.map { "\($0.name)=\($0.value)" }
        == ["X-A=1", "X-B=2", "X-C=a:b", "Impersonate-User=jane", "Impersonate-Group=dev", "Impersonate-Group=ops"])
    #expect(connection.requestLimit == TimeSpan(seconds: 90))
    options.headers = ["nothing"]
    #expect(throws: ClientFailure.self) { try resolve(options, local: Self.local) }
    options = .init()
    options.clientCertificate = "/x"
    let failure = try #require(throws: ClientFailure.self) { try resolve(options, local: Self.local) }
    #expect(failure.message == "--client-certificate and --client-key must be provided together")
  }
}

@Suite("The proxy of the environment") struct ProxyTests {
  @Test(
    "is taken by scheme, and not for this machine or what NO_PROXY has",
    arguments: [
      ("https://build.example.org:2746/argo", "http://secure:3128"), ("http://build.example.org", "http://plain:3128"),
      ("https://127.0.0.1:2746", nil), ("https://localhost", nil), ("https://[::1]:1", nil), ("https://inner.corp", nil),
      ("https://a.inner.corp:8", nil), ("https://notinner.corp", "http://secure:3128"), ("https://x.dotted.net", nil),
      ("https://10.0.0.7", nil),
    ] as [(String, String?)])
  func choice(url: String, expected: String?) {
    let variables = [
      "HTTPS_PROXY": "secure:3128", "http_proxy": "http://plain:3128", "NO_PROXY": "inner.corp, .dotted.net,10.0.0.7",
    ]
    #expect(EnvironmentProxy.url(for: url) { variables[$0] } == expected)
    #expect(EnvironmentProxy.url(for: url) { $0 == "NO_PROXY" ? "*" : variables[$0] } == nil)
  }
}

@Suite("The wire") struct WireTests {
  @Test("lines come whole however they are cut, and a line without an end is bounded")
  func lines() {
    var reader = LineReader(limit: 8)
    #expect(reader.append(Array("ab".utf8)) == [])
    #expect(reader.append(Array("c\r\n\nde".utf8))?.map { String(decoding: $0, as: UTF8.self) } == ["abc", ""])
    #expect(reader.append(nil)?.map { String(decoding: $0, as: UTF8.self) } == ["de"])
    #expect(reader.append(nil) == [])
    #expect(reader.append(Array("123456789".utf8)) == nil)
  }

  @Test("a name is one segment whatever is in it")
  func escaping() {
    #expect(ArgoClient.escaped("a/b?c#d e") == "a%2Fb%3Fc%23d%20e")
    #expect(ArgoClient.escaped("..") == "%2E%2E" && ArgoClient.escaped("@latest") == "@latest")
    #expect(ArgoClient.escaped("ü") == "%C3%BC")
  }

  @Test("an error is told in the server's words")
  func errors() {
    let argo = ClientFailure(status: 404, body: Array(#"{"code":5,"message":"workflows.argoproj.io \"x\" not found"}"#.utf8))
    #expect(argo.message == "workflows.argoproj.io \"x\" not found" && argo.isNotFound && argo.code == 5)
    let kubernetes = ClientFailure(status: 404, body: Array(#"{"kind":"Status","code":404,"message":"no"}"#.utf8))
    #expect(kubernetes.message == "no" && kubernetes.code == nil && kubernetes.isNotFound)
    #expect(
      ClientFailure(status: 502, body: Array("<html>\nbad</html>".utf8)).message
        == "the server answered with HTTP status 502: <html> bad</html>")
    #expect(ClientFailure(status: 503, body: []).isTransient)
  }
}
