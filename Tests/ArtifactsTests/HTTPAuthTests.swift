import Basics
import Contracts
import Glibc
import HTTPAccess
import JSONValue
import Testing

@testable import Artifacts

@Suite("HTTP artifacts: who is there", .enabled(if: isInstalled("python3") && isInstalled("openssl"), "no python3 or no openssl"))
struct HTTPAuthTests {
  /// Plain HTTP with a token server, or HTTPS that wants a certificate of its authority where there is a file `want-client`.
  private static let server = #"""
    import base64, http.server, json, os, ssl, sys, urllib.parse
    root = sys.argv[1]
    class Handler(http.server.BaseHTTPRequestHandler):
      protocol_version = 'HTTP/1.1'
      def log_message(self, *args): pass
      def reply(self, status, body='', headers=()):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in headers: self.send_header(name, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
      def do_POST(self):
        form = urllib.parse.parse_qsl(self.rfile.read(int(self.headers['Content-Length'])).decode())
        with open(root + '/asked', 'a') as out: out.write(json.dumps(sorted(form)) + '\n')
        form = dict(form)
        basic = 'Basic ' + base64.b64encode(b'the+id:sec%2Bret').decode()
        good = self.headers.get('Authorization') == basic if self.path.startswith('/basic') else (form.get('client_id'), form.get('client_secret')) == ('the id', 'sec+ret')
        if not good or form.get('grant_type') != 'client_credentials': return self.reply(401, '{"error":"invalid_client"}')
        self.reply(200, json.dumps({'access_token': 'tkn', 'token_type': 'bearer'}))
      def do_GET(self):
        if self.path == '/token-wanted' and self.headers.get('Authorization') != 'Bearer tkn': return self.reply(401, 'who?')
        if self.path == '/moved': return self.reply(307, '', [('Location', '/kept')])
        if self.path == '/artifactory' and self.headers.get('Authorization') != 'Basic ' + base64.b64encode(b'me:pass').decode(): return self.reply(403, 'who?')
        cert = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        self.reply(200, 'hello ' + dict(x[0] for x in cert['subject'])['commonName'] if cert else 'hello')
      def do_PUT(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        if self.path == '/moved': return self.reply(307, '', [('Location', '/kept')])
        if self.path == '/artifactory' and self.headers.get('Authorization') != 'Basic ' + base64.b64encode(b'me:pass').decode(): return self.reply(403, 'who?')
        with open(root + self.path, 'wb') as out: out.write(body)
        self.reply(201)
    """# + WebServer.secure + WebServer.start

  /// An authority, a server's certificate for 127.0.0.1 and a client's.
  static func certificates(in scratch: Scratch) throws {
    let script = """
      set -e
      openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority 2>/dev/null
      for name in server client; do
        openssl req -newkey rsa:2048 -nodes -keyout $name.key -out $name.csr -subj /CN=$name 2>/dev/null
        printf 'subjectAltName=IP:127.0.0.1\\n' > $name.ext
        openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out $name.pem -days 2 -extfile $name.ext 2>/dev/null
      done
      """
    _ = try run("sh", ["-c", script], in: scratch.path)
  }

  @Test("a client's certificate from Secrets is shown, and alone where there is OAuth too")
  func clientCertificate() throws {
    let files = try Scratch()
    try Self.certificates(in: files)
    try files.write("want-client", "")
    let server = try WebServer(Self.server, root: files.path)
    let secrets = ["default/tls/cert": try files.read("client.pem"), "default/tls/key": try files.read("client.key")]
    let bench = try Bench(secrets: secrets)
    // The artifact has no field for an authority, so the certificate is tried through the fetcher that the driver uses.
    var request = HTTPRequest(url: "https://127.0.0.1:\(server.port)/x")
    request.tls.authorities = Array(try files.read("ca.pem").utf8)
    let http = HTTPFetcher()
    #expect(throws: HTTPFailure.self) { try http.fetch(request, bodyLimit: 100) }
    request.tls.certificate = Array(try files.read("client.pem").utf8)
    request.tls.key = Array(try files.read("client.key").utf8)
    #expect(String(decoding: try http.fetch(request, bodyLimit: 100).body, as: UTF8.self) == "hello client")
    // And the driver refuses a server whose authority nobody knows, without saying anything of the key.
    let auth: JSON = [
      "clientCert": ["clientCertSecret": ["name": "tls", "key": "cert"], "clientKeySecret": ["name": "tls", "key": "key"]],
      "oauth2": ["clientIDSecret": ["name": "no", "key": "no"]],
    ]
    let artifact: JSON = ["http": ["url": .string("https://127.0.0.1:\(server.port)/x"), "auth": auth]]
    let message = try bench.refusal(artifact)
    #expect(message.contains("failed: ") && !message.contains("PRIVATE KEY"))
  }

  @Test("a certificate that is none is refused before anything is sent")
  func brokenCertificate() throws {
    let bench = try Bench(secrets: ["default/tls/cert": "no certificate", "default/tls/key": "no key"])
    let auth: JSON = [
      "clientCert": ["clientCertSecret": ["name": "tls", "key": "cert"], "clientKeySecret": ["name": "tls", "key": "key"]]
    ]
    #expect(try bench.refusal(["http": ["url": "https://127.0.0.1:1/", "auth": auth]]).contains("failed"))
  }

  private func oauth(_ path: String, _ server: WebServer, _ more: [(String, JSON)] = []) throws -> (Bench, JSON) {
    let secrets = [
      "default/o/id": "the id", "default/o/secret": "sec+ret", "default/o/url": "http://127.0.0.1:\(server.port)/\(path)?a=Secret-In-URL",
    ]
    let members: [(String, JSON)] = [
      ("clientIDSecret", ["name": "o", "key": "id"]), ("clientSecretSecret", ["name": "o", "key": "secret"]),
      ("tokenURLSecret", ["name": "o", "key": "url"]),
    ]
    let artifact: JSON = [
      "http": [
        "url": .string("http://127.0.0.1:\(server.port)/token-wanted"),
        "headers": [["name": "authorization", "value": "replaced by the token"]], "auth": ["oauth2": .object(JSONObject(members + more))],
      ]
    ]
    return (try Bench(secrets: secrets), artifact)
  }

  @Test("OAuth's token is asked for with scopes and parameters, and sent")
  func tokens() throws {
    let files = try Scratch()
    let server = try WebServer(Self.server, root: files.path)
    let more: [(String, JSON)] = [("scopes", ["read", "write"]), ("endpointParams", [["key": "audience", "value": "a b"]])]
    let (bench, artifact) = try oauth("body", server, more)
    try bench.load(artifact)
    #expect(try bench.scratch.read("in/data") == "hello")
    let asked = try files.read("asked").split(separator: "\n")
    // First with the header alone, then with the client in the body.
    #expect(asked.count == 2)
    #expect(asked[0] == #"[["audience", "a b"], ["grant_type", "client_credentials"], ["scope", "read write"]]"#)
    #expect(asked[1].contains(#"["client_id", "the id"], ["client_secret", "sec+ret"]"#))
  }

  @Test("servers that want the client in the header get it there")
  func header() throws {
    let files = try Scratch()
    let server = try WebServer(Self.server, root: files.path)
    let (bench, artifact) = try oauth("basic", server)
    try bench.load(artifact)
    #expect(try files.read("asked") == "[[\"grant_type\", \"client_credentials\"]]\n")
  }

  @Test("a token server that refuses is named without its secrets")
  func refusedToken() throws {
    let files = try Scratch()
    let server = try WebServer(Self.server, root: files.path)
    let (_, artifact) = try oauth("body", server)
    let url = "http://127.0.0.1:\(server.port)/body"
    let bench = try Bench(secrets: ["default/o/id": "x", "default/o/secret": "Wrong-Secret", "default/o/url": url + "?a=Secret-In-URL"])
    let message = try bench.refusal(artifact)
    #expect(message == "the token server \(url) answered 401; check the client's id and secret")
  }

  @Test("a PUT that is redirected is sent again, with its body")
  func redirectedPut() throws {
    let bench = try Bench()
    let files = try Scratch()
    let server = try WebServer(Self.server, root: files.path)
    try bench.scratch.write("out", String(repeating: "x", count: 1_000_000))
    let artifact: JSON = [
      "name": "a", "archive": ["none": [:]], "http": ["url": .string("http://127.0.0.1:\(server.port)/moved"), "saveStreamViaFile": true],
    ]
    _ = try bench.save(artifact, from: "out")
    #expect(try files.read("kept").utf8.count == 1_000_000)
  }

  @Test("Artifactory gets a name and a password, and errors of the server are told")
  func artifactory() throws {
    let bench = try Bench(secrets: ["default/c/u": "me", "default/c/p": "pass", "default/c/wrong": "Wrong-Secret"])
    let files = try Scratch()
    let server = try WebServer(Self.server, root: files.path)
    try bench.scratch.write("out", "x")
    func artifact(_ password: String, archive: JSON = ["none": [:]]) -> JSON {
      [
        "name": "a", "archive": archive,
        "artifactory": [
          "url": .string("http://127.0.0.1:\(server.port)/artifactory"), "usernameSecret": ["name": "c", "key": "u"],
          "passwordSecret": ["name": "c", "key": .string(password)],
        ],
      ]
    }
    _ = try bench.save(artifact("p"), from: "out")
    #expect(try files.read("artifactory") == "x")
    try bench.load(artifact("p"))
    #expect(try bench.scratch.read("in/data") == "hello")
    let message = bench.message { _ = try bench.save(artifact("wrong"), from: "out") }
    #expect(message == "PUT http://127.0.0.1:\(server.port)/artifactory answered 403: who?")
    #expect(bench.message { try bench.delete(artifact("p")) }.contains("delete not supported"))
    let bare: JSON = ["artifactory": ["url": "http://127.0.0.1:1/"]]
    #expect(bench.message { try bench.load(bare, to: "in/two") }.contains("needs usernameSecret and passwordSecret"))
  }

  @Test("S3 behind TLS is trusted by its caSecret alone, and a customer's key goes only that way")
  func s3Authority() throws {
    let files = try Scratch()
    try Self.certificates(in: files)
    let server = try WebServer(Self.server, root: files.path)
    let bench = try Bench(secrets: ["default/s/a": "id", "default/s/s": "secret", "default/s/ca": try files.read("ca.pem")])
    func artifact(_ more: [(String, JSON)]) -> JSON {
      let members: [(String, JSON)] = [
        ("endpoint", .string("127.0.0.1:\(server.port)")), ("bucket", "b"), ("key", "k"), ("region", "us-east-1"),
        ("accessKeySecret", ["name": "s", "key": "a"]), ("secretKeySecret", ["name": "s", "key": "s"]),
      ]
      return ["name": "a", "archive": ["none": [:]], "s3": .object(JSONObject(members + more))]
    }
    try bench.load(artifact([("caSecret", ["name": "s", "key": "ca"])]))
    #expect(try bench.scratch.read("in/data") == "hello")
    #expect(bench.message { try bench.load(artifact([]), to: "in/two") }.hasPrefix("cannot load s3://b/k at https://127.0.0.1"))
  }
}
