import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Testing

@testable import AgentService

/// A plugin in Python: `answer` is the body of a function of the call's arguments `args`, the number `n` of the call, and the handler `self`,
/// whose result is sent as JSON.
private func sidecar(port: Int, _ answer: String, log: Scratch) -> JSON {
  let body = answer.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
  let script = """
    import http.server, json, os
    calls = []
    def answer(self, args, n):
    \(body)
    class Plugin(http.server.BaseHTTPRequestHandler):
      def log_message(self, *args): pass
      def status(self, code, text=''):
        self.send_response(code)
        self.end_headers()
        self.wfile.write(text.encode())
      def do_POST(self):
        args = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        calls.append(args)
        with open('\(log.path)/calls', 'a') as out:
          out.write('%s %s %s\\n' % (self.path, self.headers['Authorization'] == 'Bearer ' + os.environ['TOKEN'], json.dumps(args)))
        reply = answer(self, args, len(calls))
        if reply != 'sent': self.status(200, reply if isinstance(reply, str) else json.dumps(reply))
    http.server.ThreadingHTTPServer(('127.0.0.1', \(port)), Plugin).serve_forever()
    """
  return [
    "container": [
      "name": "plugin", "image": "python", "command": ["python3", "-c"], "args": [.string(script)],
      "ports": [["containerPort": .int(Int64(port))]], "resources": ["requests": ["cpu": "1"], "limits": ["cpu": "1"]],
      "securityContext": [:],
    ]
  ]
}

private func inline(_ name: String, _ sidecar: JSON) -> JSON { [["metadata": ["name": .string(name)], "spec": ["sidecar": sidecar]]] }

private let template: JSON = ["inputs": [:], "outputs": [:], "metadata": [:], "plugin": ["hello": ["who": "you"]]]

@Suite(.enabled(if: isInstalled("python3"), "no python3"))
struct PluginTests {
  private func with(
    _ change: (inout AgentSettings) -> Void = { _ in }, _ body: (Bench, FakeKubelet, Scratch) async throws -> Void
  ) async throws {
    let scratch = try Scratch()
    try await Bench.with(change) { bench in
      let kubelet = FakeKubelet(bench.store)
      do { try await body(bench, kubelet, scratch) } catch {
        kubelet.stop()
        throw error
      }
      kubelet.stop()
    }
  }

  private func calls(_ scratch: Scratch) throws -> [JSON] {
    try scratch.text("calls").split(separator: "\n").map { line in
      let words = line.split(separator: " ", maxSplits: 2)
      #expect(words[0] == "/api/v1/template.execute")
      #expect(words[1] == "True", "the token is not the plugin's")
      return try JSON.parse(String(words[2]))
    }
  }

  private func install(_ bench: Bench, _ name: String, namespace: String = "default", _ sidecar: JSON) throws {
    try bench.store.create(
      Resource(
        .configMap,
        json: [
          "metadata": [
            "name": .string(name + "-executor-plugin"), "namespace": .string(namespace),
            "labels": ["workflows.argoproj.io/configmap-type": "ExecutorPlugin"],
          ],
          "data": [
            "sidecar.container": .string((sidecar["container"] ?? .null).text(.pretty)), "sidecar.automountServiceAccountToken": "true",
          ],
        ]))
  }

  private func finishWorkflow(_ bench: Bench, _ name: String) throws {
    try bench.store.create(
      Resource(
        .workflow,
        json: [
          "metadata": [
            "name": .string(name), "namespace": "default", "uid": .string("uid-\(name)"),
            "labels": ["workflows.argoproj.io/completed": "true"],
          ]
        ]))
  }

  @Test("a plugin gets the template and the workflow, and its answer is the node's")
  func execute() async throws {
    try await with { bench, kubelet, scratch in
      let plugins = inline(
        "hello",
        sidecar(
          port: freePort(),
          "return {'node': {'phase': 'Succeeded', 'message': 'Hello', 'outputs': {'parameters': [{'name': 'foo', 'value': 'bar'}]}}}",
          log: scratch))
      try bench.add("wf-1", template, plugins: plugins)
      let result = try await bench.result("wf-1")
      #expect(result["phase"] == "Succeeded")
      #expect(result["message"] == "Hello")
      #expect(result.at("outputs", "parameters")?[0]?["value"] == "bar")
      let call = try #require(try calls(scratch).first)
      #expect(call.at("workflow", "metadata") == ["name": "wf", "namespace": "default", "uid": "uid-wf"])
      #expect(call.at("template", "plugin") == ["hello": ["who": "you"]])
      #expect(call.at("template", "inputs") == [:])
      // The same program serves the next task and another workflow of the namespace, and ends with the last of them.
      try bench.add("wf-2", template, plugins: plugins)
      try bench.add("other-1", template, run: "other", plugins: plugins)
      _ = try await bench.result("wf-2")
      _ = try await bench.result("other-1")
      #expect(kubelet.started.count == 1)
      try finishWorkflow(bench, "wf")
      #expect(kubelet.running.count == 1)
      try finishWorkflow(bench, "other")
      try await eventually("the plugin ends and leaves nothing") {
        let pods = try bench.store.list(.pod, namespace: nil, labels: .everything)
        return try kubelet.running.isEmpty && pods.isEmpty && bench.store.list(.secret, namespace: nil, labels: .everything).isEmpty
      }
    }
  }

  @Test("a plugin that wants more time is called again, and says meanwhile how it stands")
  func requeue() async throws {
    try await with { bench, _, scratch in
      let answer = """
        import os, time
        if n == 1: return {'node': {'phase': 'Running', 'message': 'begun'}, 'requeue': '1ms'}
        while not os.path.exists('\(scratch.path)/go'): time.sleep(0.01)
        if n == 2: return {'node': {}, 'requeue': '1ms'}
        if n == 3: return {'node': {'phase': 'Pending', 'message': 'waits', 'outputs': {'result': 'x'}}, 'requeue': '1ms'}
        return {'node': {'phase': 'Failed', 'message': 'gave up'}, 'requeue': '1ms'}
        """
      try bench.add("wf-1", template, plugins: inline("p", sidecar(port: freePort(), answer, log: scratch)))
      try await eventually("it runs") { try bench.told("wf-1")?["phase"] == "Running" }
      #expect(try bench.told("wf-1")?["message"] == "begun")
      try LocalFiles.write([], to: scratch.path + "/go")
      let result = try await bench.result("wf-1")
      #expect(result["phase"] == "Failed")
      #expect(result["message"] == "gave up")
      #expect(result["outputs"]?.object?.isEmpty != false, "outputs of an earlier answer are gone: \(result)")
      #expect(try calls(scratch).count == 4)
    }
  }

  @Test("a plugin that does not know the template leaves it to the next; one that answers 404 is not asked again")
  func order() async throws {
    try await with { bench, _, scratch in
      let (second, third) = (try Scratch(), try Scratch())
      try install(bench, "a", sidecar(port: freePort(), "return {}", log: scratch))
      try install(bench, "b", sidecar(port: freePort(), "self.status(404)\nreturn 'sent'", log: second))
      try install(bench, "c", namespace: "argo", sidecar(port: freePort(), "return {'node': {'phase': 'Succeeded'}}", log: third))
      // Of the same name in both namespaces the workflow's counts.
      try install(bench, "a", namespace: "argo", sidecar(port: freePort(), "return {'node': {'phase': 'Error'}}", log: scratch))
      for node in ["wf-1", "wf-2"] {
        try bench.add(node, template)
        #expect(try await bench.result(node)["phase"] == "Succeeded")
      }
      #expect(try calls(scratch).count == 2)
      #expect(try calls(second).count == 1)
      #expect(try calls(third).count == 2)
      try bench.add("other-1", template, run: "other")
      _ = try await bench.result("other-1")
      #expect(try calls(second).count == 2, "another workflow asks anew")
    }
  }

  @Test("what nobody executes fails in Argo's words; without any plugin the message says what to do")
  func nobody() async throws {
    try await with { bench, _, scratch in
      try bench.add("wf-0", template)
      let none = try await bench.result("wf-0")
      #expect(none["phase"] == "Failed")
      let remedy = "no plugin executed the template: there is no executor plugin in the namespaces default and argo;"
      #expect(none["message"]?.string?.hasPrefix(remedy) == true, "\(none)")
      try install(bench, "broken", ["container": ["image": "x"]])
      try bench.add("wf-1", template)
      let broken = try await bench.result("wf-1")
      let reason = "(left out: default/broken-executor-plugin: sidecar is invalid: at least one port is mandatory)"
      #expect(broken["message"]?.string?.contains(reason) == true, "\(broken)")
      try install(bench, "a", sidecar(port: freePort(), "return None", log: scratch))
      try bench.add("wf-2", template)
      #expect(try await bench.result("wf-2")["message"] == "no plugin executed the template")
    }
  }

  @Test("a workflow's own plugins must be complete, else the agent cannot start, for HTTP tasks neither")
  func incomplete() async throws {
    try await with { bench, _, _ in
      let cases: [(JSON, String)] = [
        ([["spec": ["sidecar": [:]]]], "executor plugin metadata name is mandatory"),
        (inline("p", ["container": [:]]), "at least one port is mandatory"),
        (inline("p", ["container": ["ports": [["containerPort": 80]]]]), "resources requests are mandatory"),
        (inline("p", ["container": ["ports": [["containerPort": 80]], "resources": ["requests": [:]]]]), "resources limits are mandatory"),
        (
          inline("p", ["container": ["ports": [["containerPort": 80]], "resources": ["requests": [:], "limits": [:]]]]),
          "security context is mandatory"
        ),
      ]
      for (number, (plugins, message)) in cases.enumerated() {
        for (kind, task) in [("p", template), ("h", ["http": ["url": "http://127.0.0.1:1"]] as JSON)] {
          try bench.add("\(kind)-\(number)", task, plugins: plugins)
          let result = try await bench.result("\(kind)-\(number)")
          #expect(result["phase"] == "Error")
          #expect(result["message"] == .string("create agent pod failed with reason:\"\(message)\""))
        }
      }
    }
  }

  @Test("what passes is tried again, five times at most; everything else fails at once")
  func failures() async throws {
    try await with { (bench: Bench, _: FakeKubelet, scratch: Scratch) async throws in
      let answer = """
        kind = args['template']['plugin']['hello']['who']
        if kind == 'soon' and n < 4: self.status(503, 'not yet'); return 'sent'
        if kind == 'never': self.status(503, 'still not'); return 'sent'
        if kind == 'forbidden': self.status(403, 'go away'); return 'sent'
        if kind == 'text': return 'no JSON'
        if kind == 'phase': return {'node': {'phase': 'Splendid'}}
        if kind == 'hangs': return {'node': {'phase': 'Running'}}
        if kind == 'requeue': return {'node': {'phase': 'Running'}, 'requeue': 'soon'}
        return {'node': {'phase': 'Succeeded'}}
        """
      let plugins = inline("p", sidecar(port: freePort(), answer, log: scratch))
      func ask(_ kind: String) async throws -> (phase: String, message: String) {
        var task = template
        task["plugin"] = ["hello": ["who": .string(kind)]]
        try bench.add("wf-" + kind, task, plugins: plugins)
        let result = try await bench.result("wf-" + kind)
        return (result["phase"]?.string ?? "", result["message"]?.string ?? "")
      }
      #expect(try await ask("soon") == ("Succeeded", ""))
      #expect(try calls(scratch).count == 4)
      #expect(try await ask("never") == ("Failed", "still not"))
      #expect(try calls(scratch).count == 9)
      #expect(try await ask("forbidden") == ("Failed", "403 Forbidden: go away"))
      #expect(try calls(scratch).count == 10)
      #expect(try await ask("text").message.hasPrefix("the answer of plugin p is no JSON: "))
      #expect(try await ask("phase") == ("Failed", "plugin p answered with phase \"Splendid\", which there is none of"))
      #expect(try await ask("hangs") == ("Failed", "plugin p answered with phase Running and no requeue: it would never be called again"))
      #expect(try await ask("requeue").message.hasPrefix("requeue in the answer of plugin p: "))
      #expect(try await ask("good").phase == "Succeeded")
    }
  }

  @Test("a plugin that ends is started again for the next task; one that ends before it listens is an Error")
  func crash() async throws {
    try await with { bench, kubelet, scratch in
      let good = inline("p", sidecar(port: freePort(), "return {'node': {'phase': 'Succeeded'}}", log: scratch))
      try bench.add("wf-1", template, plugins: good)
      _ = try await bench.result("wf-1")
      let pod = try #require(kubelet.started.first)
      try kubelet.crash(pod)
      try bench.add("wf-2", template, plugins: good)
      #expect(try await bench.result("wf-2")["phase"] == "Succeeded")
      #expect(kubelet.started.count == 2)

      var broken = sidecar(port: freePort(), "return {}", log: scratch)
      broken["container"]?["args"] = ["import time; time.sleep(3600)"]
      try bench.add("wf-3", template, plugins: inline("q", broken))
      try await eventually("it starts") { kubelet.started.count == 3 }
      try kubelet.crash(kubelet.started[2])
      let result = try await bench.result("wf-3")
      #expect(result["phase"] == "Error")
      #expect(result["message"] == "agent pod failed with reason:\"main: Error (exit code 1)\"")
    }
  }

  @Test("after a restart the program that runs already is called")
  func restart() async throws {
    try await with { bench, kubelet, scratch in
      try bench.store.create(Resource(.workflow, json: ["metadata": ["name": "wf", "namespace": "default", "uid": "uid-wf"]]))
      let plugins = inline("p", sidecar(port: freePort(), "return {'node': {'phase': 'Succeeded'}}", log: scratch))
      try bench.add("wf-1", template, plugins: plugins)
      _ = try await bench.result("wf-1")
      try bench.restart()
      try bench.add("wf-2", template, plugins: plugins)
      _ = try await bench.result("wf-2")
      #expect(kubelet.started.count == 1)
      #expect(try calls(scratch).count == 2)
      // When no workflow is left the next start ends it.
      bench.stop()
      try bench.store.commit([
        .patch(
          ResourceKey(.workflow, namespace: "default", name: "wf"),
          ["metadata": ["labels": ["workflows.argoproj.io/completed": "true"]]])
      ])
      try bench.restart()
      try await eventually("it ends") { kubelet.running.isEmpty }
    }
  }

  @Test("a plugin waits while somebody else has its port, and says so")
  func port() async throws {
    try await with { bench, kubelet, scratch in
      let port = freePort()
      let other = try ChildProcess([
        "python3", "-c",
        "import socket, sys, time\ns = socket.create_server(('127.0.0.1', \(port)))\nopen('\(scratch.path)/up', 'w')\nwhile True: s.accept()[0].close()",
      ])
      try await eventually("the port is taken") { LocalFiles.exists(scratch.path + "/up") }
      try bench.add("wf-1", template, plugins: inline("p", sidecar(port: port, "return {'node': {'phase': 'Succeeded'}}", log: scratch)))
      try await eventually("it waits") { try bench.told("wf-1") != nil }
      #expect(try bench.told("wf-1")?["phase"] == "Pending")
      #expect(
        try bench.told("wf-1")?["message"] == .string("plugin p waits for port \(port): something on this machine listens there"))
      #expect(kubelet.started.isEmpty)
      other.end()
      #expect(try await bench.result("wf-1")["phase"] == "Succeeded")
    }
  }
}
