import Glibc
import JSONValue
import Testing

@testable import Artifacts

/// The stand-in for AWS, with one user whose signatures it verifies. Its process ends with this object or with this process.
final class MotoServer: Sendable {
  @TaskLocal static var current: MotoServer?

  let url: String
  let accessKey: String
  let secretKey: String
  private let server: WebServer
  private let scratch: Scratch

  static let isThere = isInstalled("python3") && system("python3 -c 'import moto.server, flask, boto3' >/dev/null 2>&1 </dev/null") == 0

  init() throws {
    scratch = try Scratch()
    server = try WebServer(Self.script, root: scratch.path)
    url = "127.0.0.1:\(server.port)"
    let keys = try JSON.parse(try scratch.read("keys"))
    accessKey = keys["AccessKeyId"]?.string ?? ""
    secretKey = keys["SecretAccessKey"]?.string ?? ""
  }

  static func required(_ location: SourceLocation = #_sourceLocation) throws -> MotoServer {
    try #require(current, "the suite has no moto", sourceLocation: location)
  }

  private static let script =
    #"""
    import json, os, sys, threading, time
    parent = os.getppid()
    def watch():
      while os.getppid() == parent: time.sleep(1)
      os._exit(0)
    threading.Thread(target=watch, daemon=True).start()
    import hashlib, hmac, io
    import boto3
    from botocore.auth import S3SigV4Auth, SigV4Auth
    from botocore.awsrequest import AWSRequest
    from moto.iam.access_control import CreateAccessKeyFailure, create_access_key
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server, WSGIRequestHandler
    moto = DomainDispatcherApplication(create_backend_app)
    verifies = False

    # moto's own check takes a URL apart before it is signed again; this one takes the URL as it came.
    def refusal(environ, body):
      auth = environ.get('HTTP_AUTHORIZATION', '')
      if not auth.startswith('AWS4-HMAC-SHA256 '): return None if environ['REQUEST_METHOD'] == 'POST' and environ['PATH_INFO'] == '/' else 'AccessDenied'
      parts = dict(part.strip().split('=', 1) for part in auth[len('AWS4-HMAC-SHA256 '):].split(','))
      access, day, region, service, _ = parts['Credential'].split('/')
      token = environ.get('HTTP_X_AMZ_SECURITY_TOKEN', '')
      try: key = create_access_key('123456789012', 'aws', access, {'X-Amz-Security-Token': token} if token else {})
      except CreateAccessKeyFailure: return 'InvalidAccessKeyId'
      header = lambda name: environ.get(name.upper().replace('-', '_')) or environ.get('HTTP_' + name.upper().replace('-', '_'), '')
      request = AWSRequest(method=environ['REQUEST_METHOD'], url='http://' + environ['HTTP_HOST'] + environ['RAW_URI'], data=body,
        headers={name: header(name) for name in parts['SignedHeaders'].split(';')})
      request.context['timestamp'] = environ['HTTP_X_AMZ_DATE']
      signer = (S3SigV4Auth if service == 's3' else SigV4Auth)(key.create_credentials(), service, region)
      wanted = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
      if not hmac.compare_digest(wanted, parts['Signature']): return 'SignatureDoesNotMatch'
      digest = environ.get('HTTP_X_AMZ_CONTENT_SHA256')
      if digest and digest != hashlib.sha256(body).hexdigest(): return 'XAmzContentSHA256Mismatch'

    def app(environ, start_response):
      if verifies:
        body = environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
        environ['wsgi.input'] = io.BytesIO(body)
        code = refusal(environ, body)
        if code:
          start_response('403 Forbidden', [('Content-Type', 'application/xml')])
          return [('<Error><Code>%s</Code><Message>as told</Message></Error>' % code).encode()]
      return moto(environ, start_response)

    class Quiet(WSGIRequestHandler):
      def log(self, *args): pass
    server = make_server('127.0.0.1', 0, app, threaded=True, request_handler=Quiet)
    port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    iam = boto3.client('iam', endpoint_url='http://127.0.0.1:%d' % port, region_name='us-east-1', aws_access_key_id='a',
      aws_secret_access_key='b')
    iam.create_user(UserName='argosy')
    trust = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': {'AWS': '*'}, 'Action': 'sts:AssumeRole'}]}
    iam.create_role(RoleName='store', AssumeRolePolicyDocument=json.dumps(trust))
    key = iam.create_access_key(UserName='argosy')['AccessKey']
    with open(sys.argv[1] + '/keys', 'w') as out: json.dump({k: key[k] for k in ('AccessKeyId', 'SecretAccessKey')}, out)
    verifies = True
    with open(sys.argv[2] + '.new', 'w') as out: out.write(str(port))
    os.rename(sys.argv[2] + '.new', sys.argv[2])
    while True: time.sleep(3600)
    """#
}

/// Gives a suite one moto, which all its tests share.
struct WithMoto: SuiteTrait, TestScoping {
  func provideScope(for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void) async throws {
    let server = try MotoServer()
    try await MotoServer.$current.withValue(server) { try await function() }
  }
}

extension Trait where Self == WithMoto {
  static var moto: Self { WithMoto() }
}
