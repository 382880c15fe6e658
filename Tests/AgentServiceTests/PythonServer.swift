import Basics
import Glibc
import Testing

func isInstalled(_ program: String) -> Bool {
  guard let path = getenv("PATH") else { return false }
  return String(cString: path).split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
}

/// A directory that vanishes with this object.
final class Scratch: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/argosy-agent-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw FileError("mkdtemp", "/tmp") }
    path = String(cString: made)
  }

  deinit { LocalFiles.removeTree(path) }

  func text(_ name: String) -> String {
    guard let file = fopen(path + "/" + name, "r") else { return "" }
    defer { fclose(file) }
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { result += buffer[..<count] }
    return String(decoding: result, as: UTF8.self)
  }
}

/// A process that ends with this object.
final class ChildProcess: Sendable {
  let pid: pid_t

  init(_ arguments: [String], environment: [String: String] = [:]) throws {
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") }
    for name in ["PATH", "HOME", "PYENV_ROOT"] {
      if let value = getenv(name) { variables.append(strdup("\(name)=\(String(cString: value))")) }
    }
    variables.append(nil)
    defer { for pointer in argv + variables { free(pointer) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for number in 0...2 { posix_spawn_file_actions_addopen(&actions, Int32(number), "/dev/null", O_RDWR, 0) }
    var pid: pid_t = 0
    try #require(posix_spawnp(&pid, arguments[0], &actions, nil, &argv, &variables) == 0)
    self.pid = pid
  }

  /// Ends it now.
  func end() { kill(pid, SIGKILL) }

  deinit {
    kill(pid, SIGKILL)
    waitpid(pid, nil, 0)
  }
}

/// A web server in Python on a port that the kernel chose. It writes a line for each request, `METHOD path`, into the file `hits`.
final class PythonServer: Sendable {
  let scratch: Scratch
  let port: Int
  private let process: ChildProcess

  /// - Parameter certificate: a file with a certificate and its key; the server speaks TLS then.
  init(certificate: String = "") throws {
    scratch = try Scratch()
    process = try ChildProcess(["python3", "-c", Self.script, scratch.path, certificate])
    var found: Int?
    for _ in 0..<1500 where found == nil {
      usleep(20_000)
      found = Int(scratch.text("port"))
    }
    port = try #require(found, "the web server did not start")
  }

  var url: String { "http://127.0.0.1:\(port)" }
  var hits: [String] { scratch.text("hits").split(separator: "\n").map(String.init) }

  private static let script = """
    import http.server, json, os, socket, ssl, sys, threading, time
    class Handler(http.server.BaseHTTPRequestHandler):
      protocol_version = 'HTTP/1.1'
      def log_message(self, *args): pass
      def reply(self, status, body=b'', headers=()):
        self.send_response(status)
        for key, value in headers: self.send_header(key, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command != 'HEAD': self.wfile.write(body)
      def handle_one(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        with lock:
          with open(sys.argv[1] + '/hits', 'a') as out: out.write('%s %s\\n' % (self.command, self.path))
        path, _, query = self.path.partition('?')
        words = path.strip('/').split('/')
        if words[0] == 'echo':
          return self.reply(200, json.dumps({
            'method': self.command, 'path': self.path, 'headers': [[k, v] for k, v in self.headers.items()], 'body': list(body)}).encode())
        if words[0] == 'status': return self.reply(int(words[1]), b'status ' + words[1].encode())
        if words[0] == 'redirect': return self.reply(int(words[1]), b'moved', [('Location', query)])
        if words[0] == 'nowhere': return self.reply(302, b'nowhere')
        if words[0] == 'round': return self.reply(302, b'', [('Location', '/round/%d' % (int(words[1]) + 1))])
        if words[0] == 'headers':
          return self.reply(200, b'', [('x-lower-case', 'one'), ('X-LOWER-CASE', 'two'), ('Server-Timing', 'a')])
        if words[0] == 'huge':
          self.send_response(200)
          self.send_header('Transfer-Encoding', 'chunked')
          self.end_headers()
          try:
            for _ in range(int(words[1])): self.wfile.write(b'10000\\r\\n' + b'x' * 65536 + b'\\r\\n')
            self.wfile.write(b'0\\r\\n\\r\\n')
          except OSError: pass
          return
        if words[0] == 'cut':
          self.send_response(200)
          self.send_header('Content-Length', '1000')
          self.end_headers()
          self.wfile.write(b'short')
          self.close_connection = True
          return
        if words[0] == 'slow':
          self.send_response(200)
          self.send_header('Content-Length', '1000')
          self.end_headers()
          self.wfile.write(b'begin')
          self.wfile.flush()
          return time.sleep(3600)
        if words[0] == 'drop':
          self.connection.shutdown(socket.SHUT_RDWR)
          self.close_connection = True
          return
        if words[0] == 'garbage':
          self.wfile.write(b'this is no HTTP\\r\\n\\r\\n')
          self.close_connection = True
          return
        if words[0] == 'hang': return time.sleep(3600)
        if words[0] == 'gather':
          # Answers when as many wait as the path says.
          with gathered:
            state['waiting'] += 1
            state['peak'] = max(state['peak'], state['waiting'])
            gathered.notify_all()
            gathered.wait_for(lambda: state['waiting'] >= int(words[1]) or state['open'])
            state['open'] = True
            state['waiting'] -= 1
          return self.reply(200, str(state['peak']).encode())
        if words[0] == 'bytes': return self.reply(200, bytes([0xff, 0x41, 0xfe]))
        return self.reply(404, b'no such page')
      do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = handle_one
    lock = threading.Lock()
    gathered = threading.Condition()
    state = {'waiting': 0, 'peak': 0, 'open': False}
    class Server(http.server.ThreadingHTTPServer):
      request_queue_size = 128
      def handle_error(self, *args): pass
    server = Server(('127.0.0.1', 0), Handler)
    if sys.argv[2]:
      context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
      context.load_cert_chain(sys.argv[2])
      server.socket = context.wrap_socket(server.socket, server_side=True)
    with open(sys.argv[1] + '/port.new', 'w') as out: out.write(str(server.server_address[1]))
    os.rename(sys.argv[1] + '/port.new', sys.argv[1] + '/port')
    server.serve_forever()
    """
}
