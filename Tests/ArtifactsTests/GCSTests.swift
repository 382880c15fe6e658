import Basics
import Contracts
import Glibc
import HTTPAccess
import JSONValue
import Testing

@testable import Artifacts

@Suite(
  "GCS artifacts",
  .enabled(
    if: isInstalled("python3") && system("python3 -c 'import cryptography' >/dev/null 2>&1 </dev/null") == 0, "no python3 with cryptography"
  ))
struct GCSTests {
  /// Google's JSON interface and token server in memory; the tokens of service accounts are verified with their public key.
  static let server = #"""
    import base64, hashlib, http.server, json, os, sys, time, urllib.parse
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with open(sys.argv[1] + '/key.pem', 'wb') as out:
      out.write(private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    objects = {}
    unpad = lambda text: base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))
    class Handler(http.server.BaseHTTPRequestHandler):
      protocol_version = 'HTTP/1.1'
      def log_message(self, *args): pass
      def reply(self, status=200, body=b'', kind='application/json'):
        if isinstance(body, dict): body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
      def token(self, form, url):
        if form['grant_type'] == 'refresh_token':
          return (form['client_id'], form['client_secret'], form['refresh_token']) == ('me', 'my secret', 'again')
        head, claims, signature = form['assertion'].split('.')
        private.public_key().verify(unpad(signature), (head + '.' + claims).encode(), padding.PKCS1v15(), hashes.SHA256())
        claims, head = json.loads(unpad(claims)), json.loads(unpad(head))
        return (form['grant_type'] == 'urn:ietf:params:oauth:grant-type:jwt-bearer' and head == {'alg': 'RS256', 'typ': 'JWT', 'kid': 'k1'}
          and claims['iss'] == 'me@project' and claims['scope'] == 'https://www.googleapis.com/auth/devstorage.read_write'
          and claims['aud'] == url and abs(claims['iat'] - time.time()) < 300 and claims['exp'] == claims['iat'] + 3600)
      def serve(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        path, _, text = self.path.partition('?')
        query = dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
        if path == '/token':
          try: good = self.token(dict(urllib.parse.parse_qsl(body.decode())), 'http://' + self.headers['Host'] + '/token')
          except Exception: good = False
          return self.reply(200, {'access_token': 'tkn'}) if good else self.reply(400, {'error': 'invalid_grant', 'error_description': 'Invalid JWT Signature.'})
        if path.startswith('/computeMetadata/'):
          return self.reply(200, {'access_token': 'tkn'}) if self.headers['Metadata-Flavor'] == 'Google' else self.reply(403)
        if self.headers.get('Authorization', 'Bearer tkn') != 'Bearer tkn': return self.reply(401, {'error': {'message': 'Invalid Credentials'}})
        upload = path.startswith('/upload')
        parts = (path[len('/upload'):] if upload else path).split('/')
        bucket, name = parts[4], urllib.parse.unquote(parts[6]) if len(parts) > 6 else None
        if bucket != 'bucket': return self.reply(404, {'error': {'message': 'The specified bucket does not exist.'}})
        if upload:
          objects[query['name']] = body
          return self.reply(200, {'md5Hash': base64.b64encode(hashlib.md5(body if query['name'] != 'damaged' else b'').digest()).decode()})
        if name is None:
          names = sorted(k for k in objects if k.startswith(query['prefix']))
          start = int(query.get('pageToken', '0'))
          page = {'items': [{'name': k} for k in names[start:start + 2]]}
          if start + 2 < len(names): page['nextPageToken'] = str(start + 2)
          return self.reply(200, page)
        if name not in objects: return self.reply(404, b'No such object', 'text/html')
        if self.command == 'DELETE':
          del objects[name]
          return self.reply(204)
        self.reply(200, objects[name])
      do_GET = do_PUT = do_POST = do_DELETE = serve
    """# + WebServer.start

  private func artifact(_ key: String, bucket: String = "bucket") -> JSON {
    ["name": "a", "archive": ["none": [:]], "gcs": ["bucket": .string(bucket), "key": .string(key)]]
  }

  private func serviceAccount(_ server: WebServer, _ scratch: Scratch) throws -> String {
    let json: JSON = [
      "type": "service_account", "client_email": "me@project", "private_key_id": "k1", "private_key": .string(try scratch.read("key.pem")),
      "token_uri": .string("http://127.0.0.1:\(server.port)/token"),
    ]
    return json.text()
  }

  @Test("files and directories go up to the emulator that STORAGE_EMULATOR_HOST names, and come back")
  func roundTrip() throws {
    let files = try Scratch()
    let server = try WebServer(Self.server, root: files.path)
    let bench = try Bench(environment: ["STORAGE_EMULATOR_HOST": "127.0.0.1:\(server.port)"])
    try bench.scratch.write("out/a/b c", "deep")
    try bench.scratch.write("out/ümläut+&?", "flat")
    try bench.scratch.write("out/x", "x")
    let file = artifact("one & only/ü?")
    _ = try bench.save(file, from: "out/ümläut+&?")
    try bench.load(file)
    #expect(try bench.scratch.read("in/data") == "flat")
    let directory = artifact("/dir//sub/.")
    _ = try bench.save(directory, from: "out")
    #expect(try bench.list(artifact("dir/sub")) == ["dir/sub/a/b c", "dir/sub/x", "dir/sub/ümläut+&?"])
    try bench.load(directory, to: "in/dir")
    #expect(try bench.scratch.names("in/dir") == ["a", "x", "ümläut+&?"])
    #expect(try bench.scratch.read("in/dir/a/b c") == "deep")
    for _ in 0..<2 { try bench.delete(file) }
    #expect(bench.isNotFound { try bench.load(file, to: "in/again") })
    #expect(try bench.list(artifact("none")) == [])
    #expect(bench.message { _ = try bench.save(artifact("damaged"), from: "out/x") }.contains("is not what was sent"))
  }

  @Test("a service account signs for its token, as do the other credentials of the machine")
  func tokens() throws {
    let scratch = try Scratch()
    let server = try WebServer(Self.server, root: scratch.path)
    let http = HTTPFetcher()
    let key = try serviceAccount(server, scratch)
    #expect(try GoogleCredentials(serviceAccount: key, what: "it").token(http, now: SystemClock.now()) == "tkn")
    try scratch.write("key.json", key)
    let user =
      #"{"type":"authorized_user","client_id":"me","client_secret":"my secret","refresh_token":"again","token_uri":"http://127.0.0.1:\#(server.port)/token"}"#
    try scratch.write("application_default_credentials.json", user)
    for environment in [
      ["GOOGLE_APPLICATION_CREDENTIALS": scratch.path + "/key.json"], ["CLOUDSDK_CONFIG": scratch.path],
      ["GCE_METADATA_HOST": "127.0.0.1:\(server.port)"],
    ] {
      let credentials = try GoogleCredentials.ofMachine { environment[$0] }
      #expect(try credentials.token(http, now: SystemClock.now()) == "tkn", "\(environment)")
    }
    // Another key's signature is refused.
    let other = try Scratch()
    let another = try WebServer(Self.server, root: other.path)
    let wrong = try serviceAccount(server, other)
    #expect(another.port > 0)
    #expect {
      try GoogleCredentials(serviceAccount: wrong, what: "it").token(http, now: SystemClock.now())
    } throws: { error in
      (error as? ServiceFailure)?.message.hasSuffix("/token gives no token: Invalid JWT Signature.") == true
    }
  }

  @Test("the token goes with every request")
  func bearer() throws {
    let scratch = try Scratch()
    let server = try WebServer(Self.server, root: scratch.path)
    try scratch.write("out", "x")
    var client = GCSClient(base: "http://127.0.0.1:\(server.port)", bucket: "bucket", token: "tkn", http: HTTPFetcher(), limit: 1 << 20)
    try client.put(scratch.path + "/out", key: "k")
    client = GCSClient(base: client.base, bucket: "bucket", token: "another", http: client.http, limit: 1 << 20)
    #expect { try client.names("") } throws: { error in
      (error as? ServiceFailure)?.text == "401 Invalid Credentials"
    }
  }

  @Test(
    "credentials that cannot be used are refused with the reason",
    arguments: [
      ("{", "is no JSON"), (#"{"type":"external_account"}"#, "is not of the type service_account"),
      (#"{"type":"service_account"}"#, "lacks client_email"),
      (#"{"type":"service_account","client_email":"a","private_key":"Some-Secret"}"#, "is no RSA key in PEM form"),
    ])
  func badKeys(text: String, message: String) throws {
    let bench = try Bench(secrets: ["default/s/k": text])
    var artifact = artifact("k")
    artifact.modifyObject { $0["gcs"] = ["bucket": "b", "key": "k", "serviceAccountKeySecret": ["name": "s", "key": "k"]] }
    let told = try bench.refusal(artifact)
    #expect(told.contains(message) && !told.contains("Some-Secret"))
  }

  @Test("failures name the place and the remedy")
  func failures() throws {
    let files = try Scratch()
    let server = try WebServer(Self.server, root: files.path)
    let bench = try Bench(environment: ["STORAGE_EMULATOR_HOST": "http://127.0.0.1:\(server.port)/"])
    try bench.scratch.write("out", "x")
    let message = bench.message { _ = try bench.save(artifact("k", bucket: "none"), from: "out") }
    #expect(
      message
        == "cannot save gs://none/k at http://127.0.0.1:\(server.port): 404 The specified bucket does not exist.; check the bucket's name")
    #expect(try Bench().refusal(artifact("k")).contains("give it serviceAccountKeySecret, or set GOOGLE_APPLICATION_CREDENTIALS"))
  }
}
