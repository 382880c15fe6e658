import Contracts
import HTTPAccess
import JSONValue
import Testing

@testable import Artifacts

@Suite("AWS credentials", .enabled(if: MotoServer.isThere, "no python3 with moto"), .moto)
struct AWSCredentialTests {
  let moto: MotoServer

  init() throws { moto = try MotoServer.required() }

  /// Saves and loads with what `environment` and `more` give.
  private func check(_ bucket: String, _ environment: [String: String], _ more: [(String, JSON)], secrets: [String: String] = [:]) throws {
    let bench = try Bench(secrets: secrets, environment: environment.merging(["AWS_ENDPOINT_URL": "http://" + moto.url]) { own, _ in own })
    try bench.scratch.write("out", "hello")
    let members: [(String, JSON)] = [
      ("endpoint", .string(moto.url)), ("bucket", .string(bucket)), ("key", "k"), ("insecure", true), ("createBucketIfNotPresent", [:]),
    ]
    let saved = try bench.save(["name": "a", "s3": .object(JSONObject(members + more))], from: "out")
    try bench.load(saved)
    #expect(try bench.scratch.read("in/data") == "hello")
  }

  private var keys: [String: String] { ["AWS_ACCESS_KEY_ID": moto.accessKey, "AWS_SECRET_ACCESS_KEY": moto.secretKey] }

  @Test("useSDKCreds takes keys from the environment")
  func environment() throws { try check("from-environment", keys, [("useSDKCreds", true)]) }

  @Test("useSDKCreds takes keys of a profile, of the credentials file before the config file")
  func profile() throws {
    let files = try Scratch()
    try files.write("config", "[profile ci]\naws_access_key_id = wrong\naws_secret_access_key = wrong\n")
    try files.write(
      "credentials",
      "# a comment\n[default]\naws_access_key_id=x\n\n[ci]\naws_access_key_id=\(moto.accessKey)\naws_secret_access_key = \(moto.secretKey)\n"
    )
    let environment = [
      "AWS_PROFILE": "ci", "AWS_CONFIG_FILE": files.path + "/config", "AWS_SHARED_CREDENTIALS_FILE": files.path + "/credentials",
      "AWS_ACCESS_KEY_ID": "not-these", "AWS_SECRET_ACCESS_KEY": "a profile that is named comes first",
    ]
    try check("from-profile", environment, [("useSDKCreds", true)])
  }

  @Test("roleARN assumes the role, and the session's token is signed")
  func role() throws {
    try check("from-role", keys, [("roleARN", "arn:aws:iam::123456789012:role/store")])
  }

  @Test("a profile may assume a role with the keys of another")
  func profileRole() throws {
    let files = try Scratch()
    try files.write("config", "[profile ci]\nrole_arn = arn:aws:iam::123456789012:role/store\nsource_profile = base\n")
    try files.write(".aws/credentials", "[base]\naws_access_key_id=\(moto.accessKey)\naws_secret_access_key=\(moto.secretKey)\n")
    try check(
      "from-profile-role", ["AWS_PROFILE": "ci", "AWS_CONFIG_FILE": files.path + "/config", "HOME": files.path], [("useSDKCreds", true)])
  }

  @Test("a web identity is exchanged for a role, also where nothing is said about credentials")
  func webIdentity() throws {
    let files = try Scratch()
    try files.write("token", "a.b.c\n")
    let environment = ["AWS_WEB_IDENTITY_TOKEN_FILE": files.path + "/token", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/store"]
    try check("from-web-identity", environment, [])
  }

  @Test("a session's token from a Secret is sent with the keys")
  func sessionToken() throws {
    let chain = AWSCredentialChain(
      environment: { [url = moto.url] in $0 == "AWS_ENDPOINT_URL" ? "http://\(url)" : nil }, http: HTTPFetcher(), region: "us-east-1")
    let base = AWSCredentials(accessKey: moto.accessKey, secretKey: moto.secretKey)
    let session = try chain.assume(role: "arn:aws:iam::123456789012:role/store", with: base)
    let secrets = ["default/s/a": session.accessKey, "default/s/s": session.secretKey, "default/s/t": session.sessionToken ?? ""]
    let members: [(String, JSON)] = [
      ("accessKeySecret", ["name": "s", "key": "a"]), ("secretKeySecret", ["name": "s", "key": "s"]),
      ("sessionTokenSecret", ["name": "s", "key": "t"]),
    ]
    try check("from-session", [:], members, secrets: secrets)
  }

  private static let metadata =
    """
    import http.server, json, os, sys
    class Handler(http.server.BaseHTTPRequestHandler):
      def log_message(self, *args): pass
      def reply(self, body, status=200):
        body = body.encode()
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
      def do_PUT(self):
        if self.path != '/latest/api/token' or not self.headers['X-aws-ec2-metadata-token-ttl-seconds']: return self.reply('', 400)
        self.reply('machine-token')
      def do_GET(self):
        root = '/latest/meta-data/iam/security-credentials/'
        allowed = self.headers.get('Authorization') == 'pod-token' if self.path == '/container' else self.headers.get('X-aws-ec2-metadata-token') == 'machine-token'
        if not allowed: return self.reply('', 401)
        if self.path == root: return self.reply('node-role')
        with open(os.path.join(sys.argv[1], 'keys')) as f: self.reply(f.read())
    """ + WebServer.start

  @Test("the endpoints of a container and of a machine give keys, where the environment names them")
  func endpoints() throws {
    let files = try Scratch()
    try files.write("keys", #"{"AccessKeyId": "\#(moto.accessKey)", "SecretAccessKey": "\#(moto.secretKey)"}"#)
    let server = try WebServer(Self.metadata, root: files.path)
    let url = "http://127.0.0.1:\(server.port)"
    try check(
      "from-container", ["AWS_CONTAINER_CREDENTIALS_FULL_URI": url + "/container", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "pod-token"],
      [("useSDKCreds", true)])
    try check("from-machine", ["AWS_EC2_METADATA_SERVICE_ENDPOINT": url + "/"], [])
  }

  @Test("where there are no credentials, the message says what to do")
  func none() throws {
    #expect(
      throws: ArtifactFailure.failed(
        "the s3 artifact names no credentials: give it accessKeySecret and secretKeySecret, or useSDKCreds: true")
    ) {
      try check("none", [:], [])
    }
    for more in [("useSDKCreds", true), ("roleARN", "arn:aws:iam::123456789012:role/store")] as [(String, JSON)] {
      let bench = try Bench()
      #expect(bench.message { try check("none", [:], [more]) }.contains("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"))
    }
    #expect(throws: ArtifactFailure.self) {
      try check("half", [:], [("accessKeySecret", ["name": "s", "key": "a"])], secrets: ["default/s/a": "x"])
    }
  }
}
