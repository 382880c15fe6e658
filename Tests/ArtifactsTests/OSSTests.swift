import Basics
import Contracts
import Glibc
import HTTPAccess
import JSONValue
import Testing

@testable import Artifacts

@Suite("OSS artifacts", .enabled(if: isInstalled("python3"), "no python3"))
struct OSSTests {
  /// The example of Alibaba's documentation of the signature in a header.
  @Test("the signature is that of Alibaba's documentation")
  func documentedSignature() {
    let headers = [
      (name: "Content-MD5", value: "ODBGOERFMDMzQTczRUY3NUE3NzA5QzdFNUYzMDQxNEM="), ("Content-Type", "text/html"),
      ("Date", "Thu, 17 Nov 2005 18:49:58 GMT"), ("X-OSS-Meta-Author", "foo@bar.com"), ("X-OSS-Magic", "abracadabra"),
    ]
    let value = OSSSignature.authorization(
      "PUT", resource: "/oss-example/nelson", query: [], headers: headers,
      OSSCredentials(accessKey: "44CF9590006BF252F707", secretKey: "OtxrzxIsfpFjA7SwPzILwy8Bw21TLhquhboDYROV"))
    #expect(value == "OSS 44CF9590006BF252F707:26NBxoKdsyly4EDv6inkoDft/yA=")
    #expect(HTTPDate.text(Instant(seconds: 1_132_253_398)) == "Thu, 17 Nov 2005 18:49:58 GMT")
  }

  /// A store in memory that computes each signature anew, by Python's own means. Its answers hold two keys.
  static let server = #"""
    import base64, hashlib, hmac, http.server, json, os, sys, threading, urllib.parse
    from xml.sax.saxutils import escape
    objects, buckets, uploads, noted = {}, set(), {}, []
    SUB = {'uploads', 'uploadId', 'partNumber', 'location', 'lifecycle', 'continuation-token'}
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
      def fail(self, status, code): self.reply(status, '<?xml version="1.0"?><Error><Code>%s</Code><Message>no: %s</Message></Error>' % (code, code))
      def serve(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        path, _, text = self.path.partition('?')
        query = dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
        resource = urllib.parse.unquote(path)
        sub = '&'.join(k + ('=' + v if v else '') for k, v in sorted(query.items()) if k in SUB)
        own = ''.join('%s:%s\n' % (k.lower(), v) for k, v in sorted(self.headers.items(), key=lambda h: h[0].lower()) if k.lower().startswith('x-oss-'))
        h = lambda name: self.headers.get(name, '')
        signed = '\n'.join([self.command, h('Content-MD5'), h('Content-Type'), h('Date'), own]) + resource + ('?' + sub if sub else '')
        wanted = 'OSS id:' + base64.b64encode(hmac.new(b'secret', signed.encode(), hashlib.sha1).digest()).decode()
        if h('Authorization') != wanted: return self.fail(403, 'SignatureDoesNotMatch')
        if body and h('Content-MD5') != base64.b64encode(hashlib.md5(body).digest()).decode(): return self.fail(400, 'InvalidDigest')
        if h('x-oss-security-token'): noted.append('token ' + h('x-oss-security-token'))
        bucket, _, key = resource[1:].partition('/')
        if bucket == 'flaky' and not noted.count('flaky'):
          noted.append('flaky')
          return self.fail(503, 'ServiceUnavailable')
        if not key and self.command == 'PUT' and not query:
          buckets.add(bucket)
          return self.reply()
        if bucket == 'noted': return self.reply(200, '\n'.join(noted))
        if bucket not in buckets: return self.fail(404, 'NoSuchBucket')
        if 'location' in query: return self.reply(200, '<LocationConstraint>here</LocationConstraint>')
        if 'lifecycle' in query:
          noted.append('lifecycle ' + body.decode())
          return self.reply()
        if 'list-type' in query:
          names = sorted(k for b, k in objects if b == bucket and k.startswith(query.get('prefix', '')))
          start = int(query.get('continuation-token', '0/').split('/')[0])
          page = names[start:start + 2]
          more = start + 2 < len(names)
          return self.reply(200, '<ListBucketResult><EncodingType>url</EncodingType>%s<IsTruncated>%s</IsTruncated>%s</ListBucketResult>' % (
            ''.join('<Contents><Key>%s</Key></Contents>' % escape(urllib.parse.quote(k, safe='')) for k in page), str(more).lower(),
            '<NextContinuationToken>%d/</NextContinuationToken>' % (start + 2) if more else ''))
        if 'uploads' in query:
          uploads['u1'] = {}
          return self.reply(200, '<R><UploadId>u1</UploadId></R>')
        if 'uploadId' in query and self.command == 'PUT':
          uploads[query['uploadId']][int(query['partNumber'])] = body
          return self.reply(200, b'', [('ETag', '"%s"' % query['partNumber'])])
        if 'uploadId' in query and self.command == 'POST':
          noted.append('parts %s' % body.decode().count('<Part>'))
          objects[bucket, key] = b''.join(v for _, v in sorted(uploads.pop(query['uploadId']).items()))
          return self.reply(200, '<R/>')
        if self.command == 'PUT':
          objects[bucket, key] = body
          return self.reply(200, b'', [('ETag', '"x"')])
        if self.command == 'DELETE':
          objects.pop((bucket, key), None)
          return self.reply(204)
        if (bucket, key) not in objects: return self.fail(404, 'NoSuchKey')
        self.reply(200, objects[bucket, key])
      do_GET = do_PUT = do_POST = do_DELETE = serve
    """# + WebServer.start

  private func location(_ server: WebServer, _ bucket: String, _ key: String, _ more: [(String, JSON)] = []) -> JSON {
    .object(
      JSONObject(
        [
          ("endpoint", .string("http://127.0.0.1:\(server.port)")), ("bucket", .string(bucket)), ("key", .string(key)),
          ("accessKeySecret", ["name": "s", "key": "id"]), ("secretKeySecret", ["name": "s", "key": "secret"]),
          ("createBucketIfNotPresent", true),
        ] + more))
  }

  private func artifact(_ location: JSON) -> JSON { ["name": "a", "archive": ["none": [:]], "oss": location] }

  private static let secrets = ["default/s/id": "id", "default/s/secret": "secret"]

  private func noted(_ server: WebServer) throws -> String {
    let client = OSSClient(
      place: try OSSPlace(endpoint: "127.0.0.1:\(server.port)", bucket: "noted"),
      credentials: OSSCredentials(accessKey: "id", secretKey: "secret"), http: HTTPFetcher(), limit: 1 << 20)
    let scratch = try Scratch()
    try client.get("x", to: scratch.path + "/noted")
    return try scratch.read("noted")
  }

  @Test("files and directories go up and come back, with every signature verified")
  func roundTrip() throws {
    let bench = try Bench(secrets: Self.secrets)
    let server = try WebServer(Self.server, root: bench.scratch.path)
    try bench.scratch.write("out/a/b c", "deep")
    try bench.scratch.write("out/ümläut+", "flat")
    try Files.makeDirectories(bench.scratch.path + "/out/empty")
    let file = artifact(location(server, "bucket", "k e+y", [("securityToken", "tkn")]))
    _ = try bench.save(file, from: "out/ümläut+")
    try bench.load(file)
    #expect(try bench.scratch.read("in/data") == "flat")
    let directory = artifact(location(server, "bucket", "dir"))
    _ = try bench.save(directory, from: "out")
    #expect(try bench.list(directory) == ["dir/", "dir/a/", "dir/a/b c", "dir/empty/", "dir/ümläut+"])
    try bench.load(directory, to: "in/dir")
    #expect(try bench.scratch.read("in/dir/a/b c") == "deep")
    #expect(try bench.scratch.names("in/dir") == ["a", "empty", "ümläut+"])
    for _ in 0..<2 { try bench.delete(file) }
    #expect(bench.isNotFound { try bench.load(file, to: "in/again") })
    #expect(try noted(server).contains("token tkn"))
  }

  @Test("a large file goes up in parts")
  func parts() throws {
    let scratch = try Scratch()
    let server = try WebServer(Self.server, root: scratch.path)
    try scratch.write("out", "0123456789")
    var client = OSSClient(
      place: try OSSPlace(endpoint: "127.0.0.1:\(server.port)", bucket: "parts"),
      credentials: OSSCredentials(accessKey: "id", secretKey: "secret"), http: HTTPFetcher(), limit: 1 << 20)
    client.largestPut = 9
    client.partSize = 4
    try client.makeBucket()
    try client.put(scratch.path + "/out", key: "large")
    try client.get("large", to: scratch.path + "/back")
    #expect(try scratch.read("back") == "0123456789")
    #expect(try noted(server) == "parts 3")
  }

  @Test("a lifecycle rule goes to the bucket, and days that contradict are refused")
  func lifecycle() throws {
    let bench = try Bench(secrets: Self.secrets)
    let server = try WebServer(Self.server, root: bench.scratch.path)
    try bench.scratch.write("out", "x")
    let rule: JSON = ["markInfrequentAccessAfterDays": 7, "markDeletionAfterDays": 30]
    _ = try bench.save(artifact(location(server, "rules", "k", [("lifecycleRule", rule)])), from: "out")
    let sent = try noted(server)
    #expect(sent.contains("<Prefix>k</Prefix><Status>Enabled</Status><Expiration><Days>30</Days></Expiration>"))
    #expect(sent.contains("<Transition><Days>7</Days><StorageClass>IA</StorageClass></Transition>"))
    let wrong: JSON = ["markInfrequentAccessAfterDays": 31, "markDeletionAfterDays": 30]
    #expect(try bench.refusal(artifact(location(server, "rules", "k", [("lifecycleRule", wrong)]))).contains("cannot be larger"))
  }

  @Test("a service that is busy is asked again")
  func retries() throws {
    let bench = try Bench(secrets: Self.secrets)
    let server = try WebServer(Self.server, root: bench.scratch.path)
    try bench.scratch.write("out", "x")
    _ = try bench.save(artifact(location(server, "flaky", "k")), from: "out")
    try bench.load(artifact(location(server, "flaky", "k")))
    #expect(try noted(server) == "flaky")
  }

  @Test("credentials come from the environment with useSDKCreds; failures name the place and the remedy")
  func credentials() throws {
    let variables = ["ALIBABA_CLOUD_ACCESS_KEY_ID": "id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret"]
    let bench = try Bench(environment: variables)
    let server = try WebServer(Self.server, root: bench.scratch.path)
    try bench.scratch.write("out", "x")
    let location: JSON = [
      "endpoint": .string("127.0.0.1:\(server.port)"), "bucket": "sdk", "key": "k", "useSDKCreds": true, "createBucketIfNotPresent": true,
    ]
    _ = try bench.save(artifact(location), from: "out")
    let none = try Bench()
    #expect(try none.refusal(artifact(location)).contains("set ALIBABA_CLOUD_ACCESS_KEY_ID"))
    let wrong = try Bench(secrets: ["default/s/id": "id", "default/s/secret": "Wrong-Secret"])
    let message = try wrong.refusal(artifact(self.location(server, "sdk", "k")))
    #expect(message.hasPrefix("cannot load oss://sdk/k at http://127.0.0.1:\(server.port): 403 SignatureDoesNotMatch"))
    #expect(message.contains("check accessKeySecret and secretKeySecret") && !message.contains("Wrong-Secret"))
  }

  @Test(
    "the bucket is in the host's name, but not where the host is an address",
    arguments: [
      ("oss-cn-hangzhou.aliyuncs.com", "http", "b.oss-cn-hangzhou.aliyuncs.com", "/k%20y"),
      ("https://oss.example.com/", "https", "b.oss.example.com", "/k%20y"), ("10.1.2.3:80", "http", "10.1.2.3:80", "/b/k%20y"),
    ])
  func addressing(endpoint: String, scheme: String, host: String, path: String) throws {
    let place = try OSSPlace(endpoint: endpoint, bucket: "b")
    #expect(place.scheme == scheme)
    #expect(place.url(key: "k y") == (host, path))
  }
}
