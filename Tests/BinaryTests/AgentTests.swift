import Glibc
import JSONValue
import Testing

/// `http` and `plugin` templates, run by the program against real servers.
@Suite("HTTP and plugin templates", .needs("python3"))
struct AgentTests {
  /// A web server that writes a line for each request into the file `hits`. `/fetch` wants a token, `/flaky` fails twice, `/hang` answers once the
  /// file `go` is there.
  private func server(_ bench: Bench) async throws -> Server {
    let script = """
      import http.server, json, os, time
      class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *args): pass
        def reply(self, status, body):
          self.send_response(status)
          self.end_headers()
          self.wfile.write(body.encode())
        def answer(self):
          body = self.rfile.read(int(self.headers.get('Content-Length') or 0)).decode()
          with open('\(bench.path("hits"))', 'a') as out: out.write('%s %s %s\\n' % (self.command, self.path, body))
          count = sum(1 for line in open('\(bench.path("hits"))') if line.split()[1] == self.path)
          if self.path == '/fetch':
            return self.reply(200 if self.headers.get('Authorization') == 'Bearer s3cr3t' else 401, json.dumps({'id': 42}))
          if self.path == '/flaky': return self.reply(200 if count > 2 else 503, 'try %d' % count)
          if self.path == '/hang':
            while not os.path.exists('\(bench.path("go"))'): time.sleep(0.02)
            return self.reply(200, 'at last')
          self.reply(201, body)
        do_GET = do_POST = answer
      server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
      print('http://127.0.0.1:%d' % server.server_address[1], flush=True)
      server.serve_forever()
      """
    return try await Server(["python3", "-c", script])
  }

  private static func manifest(_ templates: String, extra: String = "") -> String {
    """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: flow}
    spec:
      entrypoint: main
    \(extra)
      templates:
    \(templates.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }.joined(separator: "\n"))
    """
  }

  @Test("requests follow each other: a result read by an expression, a condition, a retry, a header from a Secret")
  func chain() async throws {
    let bench = try Bench()
    let server = try await server(bench)
    try bench.file(
      "secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: cred}\nstringData: {token: Bearer s3cr3t}\n")
    try bench.file(
      "flow.yaml",
      Self.manifest(
        """
        - name: main
          steps:
            - [{name: fetch, template: fetch}]
            - - name: store
                template: store
                arguments: {parameters: [{name: id, value: "{{=jsonpath(steps.fetch.outputs.result, '$.id')}}"}]}
              - {name: flaky, template: flaky}
            - [{name: say, template: say, arguments: {parameters: [{name: said, value: "{{steps.store.outputs.result}}/{{steps.flaky.outputs.result}}"}]}}]
        - name: fetch
          http:
            url: \(server.url)/fetch
            headers: [{name: authorization, valueFrom: {secretKeyRef: {name: cred, key: token}}}]
        - name: store
          inputs: {parameters: [{name: id}]}
          http:
            url: \(server.url)/store
            method: POST
            body: "number {{inputs.parameters.id}}"
            successCondition: "response.statusCode == 201 && request.body == response.body"
        - name: flaky
          retryStrategy: {limit: 5, backoff: {duration: 10ms}}
          http: {url: \(server.url)/flaky}
        - name: say
          inputs: {parameters: [{name: said}]}
          container: {image: busybox, command: [test], args: ["{{inputs.parameters.said}}", "=", "number 42/try 3"]}
        """))
    let outcome = try await bench.argosy("run", "flow.yaml", "--with", "secret.yaml", "-o", "json")
    #expect(outcome.status == 0, "\(outcome)")
    let workflow = try outcome.workflow()
    #expect(workflow.phase == "Succeeded", "\(workflow.table)")
    #expect(try workflow.node("fetch").type == "HTTP")
    #expect(try workflow.node("flaky").type == "Retry")
    #expect(workflow.nodes(named: "flaky(0)").first?.message == "received non-2xx response code: 503")
    #expect(workflow.json.at("status", "progress") == "4/6", "two attempts came to nothing")
    #expect(
      bench.lines("hits").sorted() == ["GET /fetch ", "GET /flaky ", "GET /flaky ", "GET /flaky ", "POST /store number 42"])
    #expect(!outcome.out.contains("s3cr3t") && !outcome.err.contains("s3cr3t"))
    let tree = try await bench.argosy("run", "flow.yaml", "--with", "secret.yaml")
    #expect(tree.out.contains("✔ fetch"), "\(tree)")
  }

  @Test("a request that hangs is made again by the next run, and nothing else is")
  func killed() async throws {
    let bench = try Bench()
    let server = try await server(bench)
    try bench.file(
      "flow.yaml",
      Self.manifest(
        """
        - name: main
          steps:
            - [{name: first, template: first}]
            - [{name: hang, template: hang}]
        - name: first
          http: {url: \(server.url)/first}
        - name: hang
          http: {url: \(server.url)/hang}
        """))
    let child = try bench.start([Parts.argosy, "run", "flow.yaml", "--state", "state"])
    try await eventually("it hangs", else: { "\(child.outcome)" }) { bench.lines("hits").count == 2 || !child.isRunning }
    child.signal(SIGKILL, group: false)
    #expect(try await child.wait().status == 137)
    let second = try bench.start([Parts.argosy, "run", "--state", "state", "--resume", "-o", "json"])
    try await eventually("it hangs again", else: { "\(second.outcome)" }) { bench.lines("hits").count == 3 || !second.isRunning }
    try bench.file("go", "")
    let outcome = try await second.wait()
    #expect(outcome.status == 0, "\(outcome)")
    #expect(try outcome.workflow().node("hang").result == "at last")
    #expect(bench.lines("hits") == ["GET /first ", "GET /hang ", "GET /hang "])
  }

  @Test("Ctrl-C does not wait for a request that hangs, and the exit handler still calls")
  func stopped() async throws {
    let bench = try Bench()
    let server = try await server(bench)
    try bench.file(
      "flow.yaml",
      Self.manifest(
        """
        - name: main
          http: {url: \(server.url)/hang}
        - name: bye
          http: {url: \(server.url)/bye, method: POST, body: "{{workflow.status}}"}
        """, extra: "  onExit: bye"))
    let child = try bench.start([Parts.argosy, "run", "flow.yaml", "-o", "json"])
    try await eventually("it hangs", else: { "\(child.outcome)" }) { bench.lines("hits").count == 1 || !child.isRunning }
    child.signal(SIGINT, group: false)
    let outcome = try await child.wait()
    let workflow = try outcome.workflow()
    #expect(workflow.phase == "Failed", "\(workflow.table)")
    #expect(try workflow.node("flow").message == "Stopped with strategy 'Stop'")
    #expect(bench.lines("hits").last == "POST /bye Failed")
  }

  // MARK: Plugins

  private static let plugin = """
    import http.server, json, sys
    token = open('/var/run/argo/token').read()
    state = {'go': False}
    class Plugin(http.server.BaseHTTPRequestHandler):
      def do_GET(self):
        state['go'] = True
        self.reply(200, '')
      def do_POST(self):
        args = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        kind = args['template']['plugin']
        if self.headers['Authorization'] != 'Bearer ' + token: return self.reply(403, 'who are you')
        if self.path != '/api/v1/template.execute': return self.reply(404, '')
        if 'hello' not in kind: return self.reply(200, '{}')
        answer = {'node': {'phase': 'Succeeded', 'message': 'Hello template!', 'outputs': {'parameters': [{'name': 'foo', 'value': 'bar'}]}}}
        if kind['hello'].get('slow') and not state['go']:
          answer = {'node': {'phase': 'Running', 'message': 'not yet'}, 'requeue': '50ms'}
        self.reply(200, json.dumps(answer))
      def reply(self, status, text):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())
    http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Plugin).serve_forever()
    """

  private func configMap(port: Int) -> String {
    """
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: hello-executor-plugin
      namespace: argo
      labels: {workflows.argoproj.io/configmap-type: ExecutorPlugin}
    data:
      sidecar.automountServiceAccountToken: "false"
      sidecar.container: |
        name: hello-executor-plugin
        image: python:alpine
        command: [python3, -u, -c]
        args:
        - |
    \(Self.plugin.split(separator: "\n").map { "      " + $0 }.joined(separator: "\n"))
        - "\(port)"
        ports: [{containerPort: \(port)}]
        resources: {requests: {cpu: 100m, memory: 32Mi}, limits: {cpu: 500m, memory: 256Mi}}
        securityContext: {allowPrivilegeEscalation: false}
    """
  }

  private static let greeting = """
    - name: main
      steps:
        - [{name: greet, template: greet}]
        - [{name: say, template: say, arguments: {parameters: [{name: said, value: "{{steps.greet.outputs.parameters.foo}}"}]}}]
    - name: greet
      plugin: {hello: {}}
      outputs: {parameters: [{name: foo, valueFrom: {supplied: {}}}]}
    - name: say
      inputs: {parameters: [{name: said}]}
      container: {image: busybox, command: [test], args: ["{{inputs.parameters.said}}", "=", "bar"]}
    """

  @Test("a plugin from a ConfigMap runs in a sandbox, knows its token, takes no pod's place, and ends with the workflow")
  func plugin() async throws {
    let bench = try Bench()
    try bench.file("plugin.yaml", configMap(port: try Self.freePort()))
    try bench.file("flow.yaml", Self.manifest(Self.greeting))
    let outcome = try await bench.argosy("run", "flow.yaml", "--with", "plugin.yaml", "--max-pods", "1", "-o", "json")
    #expect(outcome.status == 0, "\(outcome)")
    let greet = try outcome.workflow().node("greet")
    #expect(greet.type == "Plugin")
    #expect(greet.message == "Hello template!")
    #expect(greet.output("foo") == "bar")
    #expect(await bench.settled().isEmpty, "the plugin has ended")
  }

  @Test("a plugin goes on over a crash, and the next run calls the same program")
  func pluginKilled() async throws {
    let bench = try Bench()
    let port = try Self.freePort()
    try bench.file("plugin.yaml", configMap(port: port))
    let slow = Self.greeting.replacing("{hello: {}}", with: "{hello: {slow: true}}")
    try bench.file("flow.yaml", Self.manifest(slow))
    let child = try bench.start([Parts.argosy, "run", "flow.yaml", "--with", "plugin.yaml", "--state", "state"])
    try await eventually("the plugin works", else: { "\(child.outcome)" }) { child.outcome.out.contains("not yet") || !child.isRunning }
    child.signal(SIGKILL, group: false)
    #expect(try await child.wait().status == 137)
    let second = try bench.start([Parts.argosy, "run", "--state", "state", "--resume", "-o", "json"])
    try await Task.sleep(for: .seconds(1))
    #expect(second.isRunning, "\(second.outcome)")
    let go = try await bench.run(["python3", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:\(port)/go')"])
    #expect(go.status == 0, "the program of the first run listens: \(go)")
    let outcome = try await second.wait()
    #expect(outcome.status == 0, "\(outcome)")
    #expect(try outcome.workflow().node("greet").message == "Hello template!")
    #expect(await bench.settled().isEmpty)
  }

  @Test("without a plugin the node fails and says what to do")
  func noPlugin() async throws {
    let bench = try Bench()
    try bench.file("flow.yaml", Self.manifest(Self.greeting))
    let outcome = try await bench.argosy("run", "flow.yaml", "-o", "json")
    #expect(outcome.status == 1, "\(outcome)")
    #expect(try outcome.workflow().node("greet").message.hasPrefix("no plugin executed the template: there is no executor plugin in "))
    // Looked for where the controller is, as its configuration says.
    try bench.file(
      "controller.yaml",
      """
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: workflow-controller-configmap, namespace: machinery}
      """)
    let other = try await bench.argosy("run", "flow.yaml", "--with", "controller.yaml", "-o", "json")
    #expect(try other.workflow().node("greet").message.contains("in the namespaces default and machinery"), "\(other)")
  }

  /// A port that is free now.
  private static func freePort() throws -> Int {
    let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(number) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(number, $0, size) == 0 && getsockname(number, $0, &size) == 0 }
    }
    guard isBound else { throw KitError(call: "bind", "127.0.0.1") }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
