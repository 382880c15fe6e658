import Testing

/// Large artifacts go through a little memory.
@Suite("Large artifacts are streamed", .needs("python3", "truncate"))
struct StreamingTests {
  /// As much of S3 as an upload in parts needs, and HTTP's PUT: counts what comes and keeps none of it.
  private static let server = #"""
    import http.server, os, sys
    sizes = {}
    class Handler(http.server.BaseHTTPRequestHandler):
      protocol_version = 'HTTP/1.1'
      def log_message(self, *args): pass
      def reply(self, body='', headers=()):
        body = body.encode()
        self.send_response(200)
        for name, value in headers: self.send_header(name, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
      def swallow(self):
        left = int(self.headers.get('Content-Length') or 0)
        while left > 0: left -= len(self.rfile.read(min(left, 1 << 20)))
      def do_POST(self):
        self.swallow()
        self.reply('<R><UploadId>u</UploadId><ETag>"e"</ETag></R>')
      def do_PUT(self):
        self.swallow()
        sizes.setdefault(self.path.split('?')[0], []).append(int(self.headers['Content-Length']))
        self.reply('', [('ETag', '"e"')])
      def do_GET(self):
        self.reply(''.join('%s %d %d %d\n' % (k, len(v), sum(v), max(v)) for k, v in sorted(sizes.items())))
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    print('http://127.0.0.1:%d/' % server.server_address[1], flush=True)
    server.serve_forever()
    """#

  @Test("300 MB go to S3 in parts and over HTTP in one piece, and argosy holds a fraction of them")
  func upload() async throws {
    let bench = try Bench()
    let script = try bench.file("server.py", Self.server)
    let server = try await Server(["python3", script])
    let manifest = try bench.file(
      "large.yaml",
      """
      apiVersion: v1
      kind: Secret
      metadata: {name: keys}
      stringData: {access: AKIDEXAMPLE, secret: wJalrXUtnFEMI}
      ---
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: large}
      spec:
        entrypoint: make
        templates:
        - name: make
          container: {image: busybox, command: [truncate, -s, 300M, /large]}
          outputs:
            artifacts:
            - name: parts
              path: /large
              archive: {none: {}}
              s3:
                endpoint: 127.0.0.1:\(server.port)
                bucket: bucket
                region: us-east-1
                key: parts
                insecure: true
                accessKeySecret: {name: keys, key: access}
                secretKeySecret: {name: keys, key: secret}
            - name: piece
              path: /large
              archive: {none: {}}
              http: {url: "\(server.url)/piece"}
      """)
    let outcome = try await bench.argosy("run", manifest)
    #expect(outcome.status == 0, "\(outcome)")
    let size = 300 << 20
    let counted = try await bench.shell(
      "curl -s \(server.url)/ || python3 -c \"import urllib.request as u; print(u.urlopen('\(server.url)/').read().decode())\"")
    #expect(counted.split(separator: "\n") == ["/bucket/parts 19 \(size) \(16 << 20)", "/piece 1 \(size) \(size)"])
    #expect(outcome.peakMemory > 0 && outcome.peakMemory < size / 2, "\(outcome.peakMemory)")
  }
}
