import Basics
import Contracts
import HTTPAccess
import JSONValue
import KubeModel
import Testing

@testable import AgentService

@Suite(.enabled(if: isInstalled("python3"), "no python3"))
struct HTTPTests {
  @Test("the body is the result; without a method it is a GET without a body")
  func get() async throws {
    let server = try PythonServer()
    try await Bench.with { bench in
      let echo = try await bench.echo(["url": .string(server.url + "/echo?a=1&b=x%20y")])
      #expect(echo.method == "GET")
      #expect(echo.path == "/echo?a=1&b=x%20y")
      #expect(echo.body.isEmpty)
      #expect(echo.header("Content-Length").isEmpty)
      #expect(echo.header("User-Agent") == ["argosy"])
      #expect(try bench.told("wf-1")?["message"] == nil)
    }
  }

  @Test("method, headers, body and host are sent as Go's client sends them")
  func request() async throws {
    let server = try PythonServer()
    try await Bench.with { bench in
      let echo = try await bench.echo([
        "method": "PUT", "url": .string(server.url + "/echo"), "body": "héllo",
        "headers": [
          ["name": "x-request-id", "value": "7"], ["name": "X-Request-Id", "value": "8"], ["name": "HOST", "value": "elsewhere.example"],
          ["name": "content-length", "value": "99"], ["name": "user-agent", "value": "mine"],
        ],
      ])
      #expect(echo.method == "PUT")
      #expect(echo.body == Array("héllo".utf8))
      #expect(echo.header("X-Request-Id") == ["7", "8"])
      #expect(echo.header("Host") == ["elsewhere.example"])
      #expect(echo.header("User-Agent") == ["mine"])
      #expect(echo.header("Content-Length").first?.lowercased() == "6" || echo.header("content-length") == ["6"])
    }
  }

  @Test("bodyFrom.bytes goes before body, and is sent byte by byte")
  func bytes() async throws {
    let server = try PythonServer()
    try await Bench.with { bench in
      let echo = try await bench.echo([
        "method": "POST", "url": .string(server.url + "/echo"), "body": "not this",
        "bodyFrom": ["bytes": .string(Base64.encode([0, 255, 10, 128]))],
      ])
      #expect(echo.body == [0, 255, 10, 128])
    }
  }

  @Test("headers come from Secrets, which no message shows")
  func secrets() async throws {
    let server = try PythonServer()
    try await Bench.with { bench in
      func secret(_ name: String, _ value: String) throws {
        try bench.store.create(
          Resource(
            .secret,
            json: [
              "metadata": ["name": .string(name), "namespace": "default"],
              "data": ["token": .string(Base64.encode(Array(value.utf8)))],
            ]))
      }
      try secret("good", "Bearer s3cr3t")
      try secret("broken", "s3cr3t\n")
      func call(_ node: String, secret: String, key: String = "token") async throws -> JSON {
        try await bench.http(
          [
            "url": .string(server.url + "/echo"),
            "headers": [["name": "Authorization", "valueFrom": ["secretKeyRef": ["name": .string(secret), "key": .string(key)]]]],
          ], node: node)
      }
      let good = Echo(json: try JSON.parse(try await call("a", secret: "good").at("outputs", "result")?.string ?? ""))
      #expect(good.header("Authorization") == ["Bearer s3cr3t"])
      #expect(try await call("b", secret: "none")["message"] == "secrets \"none\" not found")
      #expect(try await call("c", secret: "good", key: "other")["message"] == "secret 'good' does not have the key 'other'")
      let broken = try await call("d", secret: "broken")
      #expect(
        broken["message"] == .string("Get \"\(server.url)/echo\": net/http: invalid header field value for \"Authorization\""))
      #expect(broken["phase"] == "Failed")
      #expect(server.hits.count == 1)
    }
  }

  @Test("without a condition only 2xx succeeds; the body is the result in either case")
  func status() async throws {
    let server = try PythonServer()
    try await Bench.with { bench in
      for code in [200, 201, 299, 304, 400, 404, 500] {
        let result = try await bench.http(["url": .string("\(server.url)/status/\(code)")], node: "s-\(code)")
        let isGood = code < 300
        #expect(result["phase"] == (isGood ? "Succeeded" : "Failed"))
        #expect(result["message"] == (isGood ? nil : .string("received non-2xx response code: \(code)")))
        #expect(result.at("outputs", "result") == .string(code == 304 ? "" : "status \(code)"))
      }
      let bytes = try await bench.http(["url": .string(server.url + "/bytes")])
      #expect(bytes.at("outputs", "result") == "\u{FFFD}A\u{FFFD}")
    }
  }

  @Test(
    "the condition sees the request and the reply, and no status fails by itself",
    arguments: [
      ("response.statusCode == 404", nil), ("response.body contains \"404\"", nil),
      ("request.method == \"\" && request.url endsWith \"/404\" && request.body == \"hi\"", nil),
      ("request.headers[\"x-a\"][0] == \"1\" && len(request.headers[\"x-a\"]) == 1", nil),
      ("len(response.headers[\"Content-Length\"]) == 1 && response.headers[\"Content-Length\"][0] == \"10\"", nil),
      ("request.bodyBytes == []", nil),
      ("response.statusCode == 200", "successCondition 'response.statusCode == 200' evaluated false"),
      ("response.statusCode", "unable to cast expression result '404' to bool"),
    ] as [(String, String?)])
  func condition(expression: String, message: String?) async throws {
    let server = try PythonServer()
    try await Bench.with { bench in
      let result = try await bench.http([
        "url": .string(server.url + "/status/404"), "body": "hi", "successCondition": .string(expression),
        "headers": [["name": "x-a", "value": "1"]],
      ])
      #expect(result["message"]?.string == message)
      #expect(result["phase"] == (message == nil ? "Succeeded" : "Failed"))
    }
  }

  @Test("header names of replies are written as Go writes them; a condition that cannot be evaluated fails without a result")
  func conditionNames() async throws {
    let server = try PythonServer()
    try await Bench.with { bench in
      let url: JSON = .string(server.url + "/headers")
      let good = try await bench.http(
        [
          "url": url,
          "successCondition":
            "response.headers[\"X-Lower-Case\"] == [\"one\", \"two\"] && len(response.headers[\"Server-Timing\"]) == 1",
        ], node: "a")
      #expect(good["phase"] == "Succeeded", "\(good)")
      let missing = try await bench.http(["url": url, "successCondition": "response.headers[\"X-None\"][0] == \"\""], node: "b")
      #expect(missing["phase"] == "Failed")
      #expect(missing["message"]?.string?.hasPrefix("unable to evaluate expression 'response.headers") == true, "\(missing)")
      #expect(missing["outputs"] == nil)
      let broken = try await bench.http(["url": url, "successCondition": "response.statusCode =="], node: "c")
      #expect(broken["phase"] == "Failed")
    }
  }

  @Test("redirects are followed: with GET after 301 to 303, as they were after 307 and 308, at most nine")
  func redirects() async throws {
    let server = try PythonServer()
    try await Bench.with { bench in
      for code in [301, 302, 303, 307, 308] {
        let url = "\(server.url)/redirect/\(code)?/a/../echo?q=\(code)"
        let result = try await bench.http(
          ["method": "PUT", "url": .string(url), "body": "x", "headers": [["name": "Content-Type", "value": "text/plain"]]],
          node: "r-\(code)")
        let echo = Echo(json: try JSON.parse(try #require(result.at("outputs", "result")?.string)))
        let keeps = code >= 307
        #expect(echo.method == (keeps ? "PUT" : "GET"))
        #expect(echo.path == "/echo?q=\(code)")
        #expect(echo.body == (keeps ? [0x78] : []))
        #expect(echo.header("Content-Type") == (keeps ? ["text/plain"] : []))
        #expect(echo.header("Referer") == [url])
      }
      let nowhere = try await bench.http(["url": .string(server.url + "/nowhere")], node: "n")
      #expect(nowhere["message"] == "received non-2xx response code: 302")
      let round = try await bench.http(["url": .string(server.url + "/round/0")], node: "o")
      #expect(round["message"] == "Get \"/round/10\": stopped after 10 redirects")
      #expect(server.hits.count { $0.contains("/round/") } == 10)
      let strange = try await bench.http(["url": .string(server.url + "/redirect/302?ftp://x/y")], node: "p")
      #expect(strange["message"] == "Get \"ftp://x/y\": unsupported protocol scheme \"ftp\"")
    }
  }

  @Test("credentials do not follow a redirect to another host")
  func credentials() async throws {
    let server = try PythonServer()
    try await Bench.with { bench in
      for (node, target) in [("same", "/echo"), ("other", "http://localhost:\(server.port)/echo")] {
        let result = try await bench.http(
          [
            "url": .string("\(server.url)/redirect/307?\(target)"),
            "headers": [
              ["name": "authorization", "value": "secret"], ["name": "Cookie", "value": "c=1"], ["name": "X-Other", "value": "stays"],
              ["name": "Host", "value": "my.host"],
            ],
          ], node: node)
        let echo = Echo(json: try JSON.parse(try #require(result.at("outputs", "result")?.string)))
        let isSame = node == "same"
        #expect(echo.header("Authorization") == (isSame ? ["secret"] : []))
        #expect(echo.header("Cookie") == (isSame ? ["c=1"] : []))
        #expect(echo.header("X-Other") == ["stays"])
        #expect((echo.header("Host") + echo.header("host")) == [isSame ? "my.host" : "localhost:\(server.port)"])
      }
    }
  }

  @Test("failures of the network are worded as Go's client words them")
  func transport() async throws {
    let server = try PythonServer()
    let gone = try { try PythonServer().url }()
    try await Bench.with { (bench: Bench) async throws in
      func message(_ url: String, _ more: JSONObject = [:]) async throws -> String {
        var members: JSONObject = ["url": .string(url)]
        for (key, value) in more { members[key] = value }
        let node = "n-\(fnv1a32(url))"
        let result = try await bench.http(.object(members), node: node)
        #expect(result["phase"] == "Failed")
        #expect(result["outputs"] == nil)
        return result["message"]?.string ?? ""
      }
      let port = gone.dropFirst("http://127.0.0.1:".count)
      let refused = try await message(gone)
      #expect(refused == "Get \"\(gone)\": dial tcp 127.0.0.1:\(port): connect: connection refused")
      #expect(
        try await message("http://me:pass@127.0.0.1:\(port)/x?y", ["method": "DELETE"])
          == "Delete \"http://me:***@127.0.0.1:\(port)/x?y\": dial tcp 127.0.0.1:\(port): connect: connection refused")
      let unknown = try await message("http://nothing.invalid/")
      #expect(unknown == "Get \"http://nothing.invalid/\": dial tcp: lookup nothing.invalid: no such host")
      #expect(try await message("ftp://h/x") == "Get \"ftp://h/x\": unsupported protocol scheme \"ftp\"")
      #expect(try await message("just/text") == "Get \"just/text\": unsupported protocol scheme \"\"")
      #expect(try await message("http://a b/") == "parse \"http://a b/\": invalid character \" \" in host name")
      #expect(try await message("http://h/%zz") == "parse \"http://h/%zz\": invalid URL escape \"%zz\"")
      #expect(try await message(server.url + "/echo?m", ["method": "A B"]) == "net/http: invalid method \"A B\"")
      #expect(try await message(server.url + "/drop") == "Get \"\(server.url)/drop\": EOF")
      #expect(try await message(server.url + "/cut") == "unexpected EOF")
      #expect(try await message(server.url + "/garbage").hasPrefix("Get \"\(server.url)/garbage\": net/http: HTTP/1.x transport"))
      #expect(
        try await message(server.url + "/hang", ["timeoutSeconds": 1]) == "Get \"\(server.url)/hang\": context deadline exceeded")
      #expect(try await message(server.url + "/slow", ["timeoutSeconds": 1]) == "context deadline exceeded")
    }
  }

  @Test("user and password of a URL become basic authentication")
  func basic() async throws {
    let server = try PythonServer()
    try await Bench.with { bench in
      let echo = try await bench.echo(["url": .string("http://me:p%40ss@127.0.0.1:\(server.port)/echo")])
      #expect(echo.header("Authorization") == ["Basic " + Base64.encode(Array("me:p@ss".utf8))])
    }
  }

  @Test("a body that is too large is an Error, and no more of it is read")
  func huge() async throws {
    let server = try PythonServer()
    try await Bench.with({ $0.bodyLimit = 200_000 }) { bench in
      let fits = try await bench.http(["url": .string(server.url + "/huge/3")], node: "a")
      #expect(fits.at("outputs", "result")?.string?.utf8.count == 196_608)
      let result = try await bench.http(["url": .string(server.url + "/huge/100000")], node: "b")
      #expect(result["phase"] == "Error")
      #expect(
        result["message"]
          == "HTTP request completed successfully but an error occurred when patching its result: the body has more than 200000 bytes")
    }
  }

  @Test(
    "a certificate that nobody signed is taken only on demand", .enabled(if: isInstalled("openssl"), "no openssl"))
  func tls() async throws {
    let scratch = try Scratch()
    let file = scratch.path + "/both.pem"
    let command = """
      cd \(scratch.path) && openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 2 -subj /CN=127.0.0.1 \
        -addext subjectAltName=IP:127.0.0.1 && cat c.pem k.pem > both.new && mv both.new both.pem
      """
    let maker = try ChildProcess(["sh", "-c", command])
    try await eventually("openssl makes a certificate") { LocalFiles.exists(file) }
    _ = maker
    let server = try PythonServer(certificate: file)
    let url = "https://127.0.0.1:\(server.port)/status/200"
    try await Bench.with { bench in
      let refused = try await bench.http(["url": .string(url)], node: "a")
      #expect(
        refused["message"]
          == .string("Get \"\(url)\": tls: failed to verify certificate: x509: certificate signed by unknown authority"))
      let taken = try await bench.http(["url": .string(url), "insecureSkipVerify": true], node: "b")
      #expect(taken["phase"] == "Succeeded", "\(taken)")
      let plain = try await bench.http(["url": .string("http://127.0.0.1:\(server.port)/")], node: "c")
      #expect(plain["phase"] == "Failed")
    }
  }

  @Test("sixteen calls of a run are under way at once, and other runs do not wait for them")
  func limit() async throws {
    let server = try PythonServer()
    try await Bench.with { bench in
      for number in 0..<16 { try bench.add("h-\(number)", ["http": ["url": .string(server.url + "/hang")]]) }
      try await eventually("all hang") { server.hits.count == 16 }
      try bench.add("late", ["http": ["url": .string(server.url + "/status/200")]])
      try bench.add("other", ["http": ["url": .string(server.url + "/status/201")]], run: "other")
      #expect(try await bench.result("other")["phase"] == "Succeeded")
      #expect(try bench.told("late") == nil)
      #expect(server.hits.count == 17)
      // One that is taken back makes room.
      try bench.remove("h-3")
      #expect(try await bench.result("late")["phase"] == "Succeeded")
    }
  }

  @Test("many calls to one server go on at the same time")
  func together() async throws {
    let server = try PythonServer()
    try await Bench.with { bench in
      for number in 0..<16 { try bench.add("g-\(number)", ["http": ["url": .string(server.url + "/gather/16")]]) }
      for number in 0..<16 { #expect(try await bench.result("g-\(number)").at("outputs", "result") == "16") }
    }
  }

  @Test("after a restart what has no final result is called again, and nothing else")
  func restart() async throws {
    let server = try PythonServer()
    try await Bench.with { bench in
      _ = try await bench.http(["url": .string(server.url + "/status/200")], node: "done")
      try bench.add("open", ["http": ["url": .string(server.url + "/hang")]])
      try await eventually("it hangs") { server.hits.count == 2 }
      try bench.restart()
      try await eventually("it hangs again") { server.hits.count == 3 }
      #expect(server.hits == ["GET /status/200", "GET /hang", "GET /hang"])
      #expect(try bench.told("open") == nil)
    }
  }

  @Test("a task that is deleted and made again is carried out again")
  func again() async throws {
    let server = try PythonServer()
    try await Bench.with { bench in
      try bench.add("a", ["http": ["url": .string(server.url + "/hang")]])
      try await eventually("it hangs") { server.hits.count == 1 }
      try bench.remove("a")
      let result = try await bench.http(["url": .string(server.url + "/status/200")], node: "a")
      #expect(result["phase"] == "Succeeded")
    }
  }
}
