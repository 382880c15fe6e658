import Basics
import Contracts
import Glibc
import HTTPAccess
import JSONValue
import Testing

@testable import Artifacts

@Suite("Azure artifacts", .enabled(if: isInstalled("python3"), "no python3"))
struct AzureTests {
  /// The string to sign of Azure's reference "Authorize with Shared Key", for its example of listing a container.
  @Test("what is signed is that of Azure's documentation")
  func documentedText() {
    let text = AzureClient.signedText(
      "GET", account: "myaccount", path: "/mycontainer",
      query: [("comp", "metadata"), ("restype", "container"), ("timeout", "20")],
      headers: [("x-ms-version", "2015-02-21"), ("x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT")], length: 0)
    #expect(
      text == "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n"
        + "/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20")
  }

  /// Blob storage in memory, with the emulator's account and key, that computes each signature anew by Python's own means.
  static let server = #"""
    import base64, hashlib, hmac, http.server, json, os, sys, urllib.parse
    from xml.sax.saxutils import escape
    KEY = base64.b64decode('Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==')
    blobs, blocks, noted = {}, {}, []
    class Handler(http.server.BaseHTTPRequestHandler):
      protocol_version = 'HTTP/1.1'
      def log_message(self, *args): pass
      def reply(self, status=200, body=b'', headers=()):
        if isinstance(body, str): body = body.encode()
        self.send_response(status)
        for name, value in headers: self.send_header(name, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
      def fail(self, status, code): self.reply(status, '\ufeff<?xml version="1.0"?><Error><Code>%s</Code><Message>no</Message></Error>' % code, [('x-ms-error-code', code)])
      def authorized(self, path, query):
        h = lambda name: self.headers.get(name, '')
        auth = h('Authorization')
        if auth == 'Bearer the-token': return True
        if not auth: return query.get('sig') == 'the+signature' and query.get('sv') == '2020'
        own = ''.join('%s:%s\n' % (k.lower(), v) for k, v in sorted(self.headers.items(), key=lambda h: h[0].lower()) if k.lower().startswith('x-ms-'))
        length = h('Content-Length')
        lines = [self.command, h('Content-Encoding'), h('Content-Language'), '' if length == '0' else length, h('Content-MD5'), h('Content-Type'),
          h('Date'), h('If-Modified-Since'), h('If-Match'), h('If-None-Match'), h('If-Unmodified-Since'), h('Range')]
        resource = '/devstoreaccount1' + path + ''.join('\n%s:%s' % (k.lower(), v) for k, v in sorted(query.items()))
        signed = '\n'.join(lines) + '\n' + own + resource
        return auth == 'SharedKey devstoreaccount1:' + base64.b64encode(hmac.new(KEY, signed.encode(), hashlib.sha256).digest()).decode()
      def serve(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        path, _, text = self.path.partition('?')
        query = dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
        if path == '/tenant/oauth2/v2.0/token':
          form = dict(urllib.parse.parse_qsl(body.decode()))
          good = form['grant_type'] == 'client_credentials' and form['scope'] == 'https://storage.azure.com/.default' and form['client_id'] == 'app'
          good = good and (form.get('client_secret') == 'sec ret' or form.get('client_assertion') == 'federated')
          return self.reply(200, json.dumps({'access_token': 'the-token'})) if good else self.reply(401, json.dumps({'error': 'invalid_client'}))
        if not self.authorized(path, query): return self.fail(403, 'AuthenticationFailed')
        if body and 'Content-MD5' in self.headers and self.headers['Content-MD5'] != base64.b64encode(hashlib.md5(body).digest()).decode(): return self.fail(400, 'Md5Mismatch')
        _, account, container, name = (urllib.parse.unquote(path) + '/').split('/', 3)
        name = name[:-1]
        if container != 'box': return self.fail(404, 'ContainerNotFound')
        if query.get('comp') == 'list':
          names = sorted(k for k in blobs if k.startswith(query.get('prefix', '')))
          start = int(query.get('marker', '0'))
          page, more = names[start:start + 2], start + 2 < len(names)
          return self.reply(200, '<?xml version="1.0"?><EnumerationResults><Blobs>%s</Blobs><NextMarker>%s</NextMarker></EnumerationResults>' % (
            ''.join('<Blob><Name>%s</Name></Blob>' % escape(k) for k in page), str(start + 2) if more else ''))
        if query.get('comp') == 'block': blocks[query['blockid']] = body
        elif query.get('comp') == 'blocklist':
          ids = [part.split('<')[0] for part in body.decode().split('<Latest>')[1:]]
          blobs[name] = b''.join(blocks[i] for i in ids)
          blobs['count'] = str(len(ids)).encode()
        elif self.command == 'PUT':
          if self.headers['x-ms-blob-type'] != 'BlockBlob': return self.fail(400, 'MissingRequiredHeader')
          blobs[name] = body
        elif name not in blobs: return self.fail(404, 'BlobNotFound')
        elif self.command == 'DELETE':
          del blobs[name]
          return self.reply(202)
        else: return self.reply(200, blobs[name])
        self.reply(201)
      do_GET = do_PUT = do_POST = do_DELETE = serve
    """# + WebServer.start

  private static let key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
  private static let secrets = ["default/s/key": key, "default/s/sas": "?sv=2020&sig=the%2Bsignature"]

  private func artifact(
    _ server: WebServer, _ blob: String, _ credentials: (String, JSON) = ("accountKeySecret", ["name": "s", "key": "key"]),
    container: String = "box"
  ) -> JSON {
    let members: [(String, JSON)] = [
      ("endpoint", .string("http://127.0.0.1:\(server.port)/devstoreaccount1")), ("container", .string(container)), ("blob", .string(blob)),
      credentials,
    ]
    return ["name": "a", "archive": ["none": [:]], "azure": .object(JSONObject(members))]
  }

  @Test("files and directories go up and come back, with every signature verified")
  func roundTrip() throws {
    let bench = try Bench(secrets: Self.secrets)
    let server = try WebServer(Self.server, root: bench.scratch.path)
    try bench.scratch.write("out/a/b c", "deep")
    try bench.scratch.write("out/ümläut+&", "flat")
    try bench.scratch.write("out/x", "")
    let file = artifact(server, "one & only")
    _ = try bench.save(file, from: "out/ümläut+&")
    try bench.load(file)
    #expect(try bench.scratch.read("in/data") == "flat")
    let empty = artifact(server, "empty")
    _ = try bench.save(empty, from: "out/x")
    try bench.load(empty, to: "in/empty")
    #expect(FileStatus(bench.scratch.path + "/in/empty")?.size == 0)
    let directory = artifact(server, "dir")
    _ = try bench.save(directory, from: "out")
    _ = try bench.save(artifact(server, "dir2/other"), from: "out/x")
    #expect(try bench.list(artifact(server, "dir/")) == ["dir/a/b c", "dir/x", "dir/ümläut+&"])
    try bench.load(directory, to: "in/dir")
    #expect(try bench.scratch.names("in/dir") == ["a", "x", "ümläut+&"])
    #expect(try bench.scratch.read("in/dir/a/b c") == "deep")
    for _ in 0..<2 { try bench.delete(directory) }
    #expect(try bench.list(artifact(server, "")) == ["dir2/other", "empty", "one & only"])
    for _ in 0..<2 { try bench.delete(file) }
    #expect(bench.isNotFound { try bench.load(file, to: "in/again") })
    #expect(bench.isNotFound { try bench.load(directory, to: "in/again") })
  }

  @Test("a large file goes up in blocks")
  func blocks() throws {
    let scratch = try Scratch()
    let server = try WebServer(Self.server, root: scratch.path)
    try scratch.write("out", "0123456789")
    let container = try #require(URLParts("http://127.0.0.1:\(server.port)/devstoreaccount1/box"))
    var client = AzureClient(
      container: container, credentials: .sharedKey(account: "devstoreaccount1", key: try #require(Base64.decode(Self.key))), token: nil,
      http: HTTPFetcher(), limit: 1 << 20)
    client.largestPut = 9
    client.blockSize = 4
    try client.put(scratch.path + "/out", blob: "large")
    try client.get("large", to: scratch.path + "/back")
    try client.get("count", to: scratch.path + "/count")
    #expect(try scratch.read("back") == "0123456789")
    #expect(try scratch.read("count") == "3")
  }

  @Test("a shared access signature stands in for the key")
  func sharedAccessSignature() throws {
    let bench = try Bench(secrets: Self.secrets)
    let server = try WebServer(Self.server, root: bench.scratch.path)
    try bench.scratch.write("out", "x")
    let signed = artifact(server, "k", ("accountKeySecret", ["name": "s", "key": "sas"]))
    _ = try bench.save(signed, from: "out")
    try bench.load(signed)
    #expect(try bench.list(signed) == ["k"])
  }

  @Test("useSDKCreds takes an application's secret, or a federated token, from the environment")
  func identity() throws {
    let files = try Scratch()
    try files.write("federated", "federated\n")
    let server = try WebServer(Self.server, root: files.path)
    let base = ["AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "app", "AZURE_AUTHORITY_HOST": "http://127.0.0.1:\(server.port)/"]
    for proof in [["AZURE_CLIENT_SECRET": "sec ret"], ["AZURE_FEDERATED_TOKEN_FILE": files.path + "/federated"]] {
      let bench = try Bench(environment: base.merging(proof) { $1 })
      try bench.scratch.write("out", "x")
      _ = try bench.save(artifact(server, "k", ("useSDKCreds", true)), from: "out")
      try bench.load(artifact(server, "k", ("useSDKCreds", true)))
    }
    let wrong = try Bench(environment: base.merging(["AZURE_CLIENT_SECRET": "Wrong-Secret"]) { $1 })
    let message = try wrong.refusal(artifact(server, "k", ("useSDKCreds", true)))
    #expect(message.contains("401 invalid_client") && !message.contains("Wrong-Secret"))
    #expect(try Bench().refusal(artifact(server, "k", ("useSDKCreds", true))).contains("set AZURE_TENANT_ID"))
  }

  @Test("failures name the place and the remedy")
  func failures() throws {
    let bench = try Bench(secrets: Self.secrets.merging(["default/s/wrong": "d3Jvbmc=", "default/s/text": "%%%"]) { $1 })
    let server = try WebServer(Self.server, root: bench.scratch.path)
    let place = "at http://127.0.0.1:\(server.port)"
    #expect(
      try bench.refusal(artifact(server, "k", container: "none")).hasSuffix(
        "none/k \(place): 404 ContainerNotFound: no; make the container"))
    let wrong = try bench.refusal(artifact(server, "k", ("accountKeySecret", ["name": "s", "key": "wrong"])))
    #expect(wrong.contains("403 AuthenticationFailed") && wrong.contains("check accountKeySecret"))
    #expect(try bench.refusal(artifact(server, "k", ("accountKeySecret", ["name": "s", "key": "text"]))).contains("no base64"))
    #expect(try bench.refusal(artifact(server, "k", ("useSDKCreds", false))).contains("needs accountKeySecret"))
  }

  @Test(
    "a key is told from a signature by its parameters",
    arguments: [(key, false), ("sv=2020&sig=x", true), ("?sv=2020", true), ("sv=2020", false), ("a&b", false)])
  func kinds(key: String, isSignature: Bool) { #expect(AzureArtifacts.isSignature(key) == isSignature) }
}
