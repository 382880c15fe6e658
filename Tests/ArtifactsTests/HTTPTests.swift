import Basics
import Contracts
import Glibc
import HTTPAccess
import JSONValue
import Testing

@testable import Artifacts

@Suite(.enabled(if: isInstalled("python3"), "no python3"))
struct HTTPTests {
  private static let server =
    """
    import base64, http.server, os, sys
    class Handler(http.server.BaseHTTPRequestHandler):
      protocol_version = 'HTTP/1.1'
      def log_message(self, *args): pass
      def reply(self, status, body=b'', headers=()):
        self.send_response(status)
        for key, value in headers: self.send_header(key, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
      def do_GET(self):
        name = self.path.strip('/')
        if name == 'moved': return self.reply(302, b'', [('Location', '/hello')])
        if name == 'round': return self.reply(302, b'', [('Location', '/round')])
        if name == 'broken': return self.reply(500, b'it is\\n broken')
        if name == 'head': return self.reply(200, (self.headers.get('X-One') or '').encode())
        if name == 'auth': return self.reply(200, (self.headers.get('Authorization') or '').encode())
        if name == 'big': return self.reply(200, b'0123456789' * 300000)
        if name == 'cut':
          self.send_response(200)
          self.send_header('Content-Length', '1000')
          self.end_headers()
          self.wfile.write(b'short')
          self.close_connection = True
          return
        path = os.path.join(sys.argv[1], name)
        if not os.path.isfile(path): return self.reply(404, b'no such file')
        with open(path, 'rb') as f: self.reply(200, f.read())
      def do_PUT(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        if self.path == '/denied': return self.reply(403, b'not for you')
        with open(os.path.join(sys.argv[1], self.path.strip('/')), 'wb') as f: f.write(body)
        self.reply(201)
    """ + WebServer.start

  private func start(_ bench: Bench) throws -> WebServer {
    try bench.scratch.write("www/hello", "hello from afar")
    return try WebServer(Self.server, root: bench.scratch.path + "/www")
  }

  private func at(_ server: WebServer, _ path: String, _ more: [(String, JSON)] = []) -> JSON {
    .object(["name": "a", "http": .object(JSONObject([("url", .string("http://127.0.0.1:\(server.port)/\(path)"))] + more))])
  }

  @Test func `a file is loaded, also through a redirect`() throws {
    let bench = try Bench()
    let server = try start(bench)
    for path in ["hello", "moved"] {
      try bench.load(at(server, path), to: "in/" + path)
      #expect(try bench.scratch.read("in/" + path) == "hello from afar")
    }
    try bench.load(at(server, "big"), to: "in/big")
    #expect(FileStatus(bench.scratch.path + "/in/big")?.size == 3_000_000)
    #expect(try bench.scratch.names("in") == ["big", "hello", "moved"])
  }

  @Test func `headers and basic authentication are sent`() throws {
    let bench = try Bench(secrets: ["default/c/u": "me", "default/c/p": "secret"])
    let server = try start(bench)
    try bench.load(at(server, "head", [("headers", [["name": "X-One", "value": "1"]])]), to: "in/head")
    #expect(try bench.scratch.read("in/head") == "1")
    let basic: JSON = ["basicAuth": ["usernameSecret": ["name": "c", "key": "u"], "passwordSecret": ["name": "c", "key": "p"]]]
    try bench.load(at(server, "auth", [("auth", basic)]), to: "in/auth")
    #expect(try bench.scratch.read("in/auth") == "Basic bWU6c2VjcmV0")
  }

  @Test(arguments: [("", ""), ("a", "YQ=="), ("ab", "YWI="), ("abc", "YWJj"), ("abcd", "YWJjZA==")])
  func `base64 follows RFC 4648`(plain: String, encoded: String) {
    #expect(Base64.encode(Array(plain.utf8)) == encoded)
  }

  @Test func `what is not 2xx fails with the status, 404 is notFound`() throws {
    let bench = try Bench()
    let server = try start(bench)
    #expect(try bench.refusal(at(server, "broken")).hasSuffix("/broken answered 500: it is broken"))
    #expect(try bench.refusal(at(server, "cut")).contains("failed"))
    #expect(try bench.refusal(at(server, "round")).contains("failed"))
    var missing = false
    do { try bench.load(at(server, "nothing")) } catch ArtifactFailure.notFound { missing = true }
    #expect(missing)
    #expect(try bench.scratch.names("in") == [])
  }

  @Test func `files and packed directories are saved, a plain directory is not`() throws {
    let bench = try Bench()
    let server = try start(bench)
    try bench.scratch.write("out/f", String(repeating: "x", count: 1_500_000))
    var artifact = at(server, "saved.tgz")
    #expect(try bench.save(artifact, from: "out") == artifact)
    try bench.load(artifact)
    #expect(FileStatus(bench.scratch.path + "/in/data/f")?.size == 1_500_000)
    artifact.modifyObject { $0["archive"] = ["none": [:]] }
    #expect(throws: ArtifactFailure.self) { _ = try bench.save(artifact, from: "out") }
    _ = try bench.save(artifact, from: "out/f")
    #expect(FileStatus(bench.scratch.path + "/www/saved.tgz")?.size == 1_500_000)
    var message = ""
    do { _ = try bench.save(at(server, "denied"), from: "out/f") } catch { message = "\(error)" }
    #expect(message.hasSuffix("/denied answered 403: not for you"))
  }

  @Test func `a body over the limit, another scheme and a dead port fail`() throws {
    var limits = ExtractionLimits()
    limits.bytes = 1000
    let bench = try Bench(limits: limits)
    let server = try start(bench)
    #expect(try bench.refusal(at(server, "big")).contains("more than 1000 bytes"))
    for url in ["file:///etc/passwd", "http+unix://%2Fvar%2Frun%2Fdocker.sock/info", "http://127.0.0.1:1/x", "nonsense", "http://"] {
      #expect(try bench.refusal(["http": ["url": .string(url)]]) != "")
    }
  }

  @Test func `a fetch into memory gives status, headers and body of any reply`() throws {
    let bench = try Bench()
    let server = try start(bench)
    let fetcher = HTTPFetcher()
    let reply = try fetcher.fetch(HTTPRequest(url: "http://127.0.0.1:\(server.port)/broken"), bodyLimit: 100)
    #expect(reply.status == 500)
    #expect(reply.body == Array("it is\n broken".utf8))
    #expect(reply.header("content-length") == "13")
    #expect(throws: HTTPFailure.tooLarge(10)) {
      try fetcher.fetch(HTTPRequest(url: "http://127.0.0.1:\(server.port)/hello"), bodyLimit: 10)
    }
  }

  @Test(arguments: [
    ("https://u:p@host/a?sig=1#x", "https://host/a"), ("https://host:1/a@b", "https://host:1/a@b"), ("plain", "plain"),
  ])
  func `URLs in messages keep no secret`(url: String, shown: String) {
    #expect(HTTPRequest.withoutSecrets(url) == shown)
  }
}
