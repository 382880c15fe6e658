import Contracts
import Glibc
import HTTPAccess
import JSONValue
import Processes
import Testing

@testable import Artifacts

/// A directory of its own for one test.
final class Scratch: Sendable {
  let path: String
  init() throws {
    var template = Array("/tmp/argosy-artifacts-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
  deinit { Files.remove(path) }

  func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws {
    try Files.makeDirectories(Files.parent(path + "/" + name))
    try Files.write(Array(text.utf8), to: path + "/" + name, mode: mode)
    chmod(path + "/" + name, mode)
  }

  func read(_ name: String) throws -> String {
    let source = FileSource(try Descriptor(path + "/" + name, O_RDONLY), name: name)
    return String(decoding: try source.bytes(1 << 22), as: UTF8.self)
  }

  func kind(_ name: String) -> FileStatus.Kind? { FileStatus(path + "/" + name)?.kind }
  func mode(_ name: String) -> UInt32? { FileStatus(path + "/" + name)?.mode }
  func names(_ name: String = "") throws -> [String] { try Files.names(in: path + "/" + name) }
}

struct Secrets: SecretReading {
  var values: [String: String] = [:]
  func secret(namespace: String, name: String, key: String) -> [UInt8]? { values["\(namespace)/\(name)/\(key)"].map { Array($0.utf8) } }
}

/// A transfer over a repository in a scratch directory.
struct Bench {
  let scratch: Scratch
  let store: LocalArtifactStore
  let transfer: ArtifactTransfer
  var context: ArtifactContext

  /// `environment` is all that the drivers see of one; they wait a millisecond before they try again.
  init(limits: ExtractionLimits = ExtractionLimits(), secrets: [String: String] = [:], environment: [String: String] = [:]) throws {
    scratch = try Scratch()
    store = LocalArtifactStore(root: scratch.path + "/store")
    let variables = environment.merging(["EXECUTOR_RETRY_BACKOFF_DURATION": "1ms"]) { given, _ in given }
    transfer = ArtifactTransfer(store: store, http: HTTPFetcher(), limits: limits, environment: { variables[$0] })
    context = ArtifactContext(namespace: "default", keyPrefix: "flow/flow-1", secrets: Secrets(values: secrets))
  }

  func load(_ artifact: JSON, to name: String = "in/data") throws {
    try Files.makeDirectories(Files.parent(scratch.path + "/" + name))
    try transfer.load(artifact, to: scratch.path + "/" + name, context: context)
  }

  func save(_ artifact: JSON, from name: String) throws -> JSON {
    try transfer.save(artifact, from: scratch.path + "/" + name, context: context)
  }

  func list(_ artifact: JSON) throws -> [String] { try transfer.list(artifact, context: context) }
  func delete(_ artifact: JSON) throws { try transfer.delete(artifact, context: context) }

  /// The message of a failure; empty when there was none.
  func message(_ body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return ""
  }

  /// Whether a body fails because nothing is there.
  func isNotFound(_ body: () throws -> Void) -> Bool {
    do { try body() } catch ArtifactFailure.notFound { return true } catch {}
    return false
  }

  /// The message of the failure that loading must end with; nothing may be left beside the destination.
  func refusal(_ artifact: JSON) throws -> String {
    var message = ""
    do { try load(artifact) } catch { message = "\(error)" }
    #expect(try scratch.names("in") == [], "something was left behind")
    return message
  }
}

/// Runs a program; fails the test when it fails.
func run(_ program: String, _ arguments: [String], in directory: String = "/") throws -> String {
  var environment = [
    "HOME": "/nonexistent", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b",
  ]
  if let path = getenv("PATH") { environment["PATH"] = String(cString: path) }
  let outcome = try Command.run([program] + arguments, env: environment.map { "\($0.key)=\($0.value)" }, cwd: directory)
  try #require(outcome.status == 0, "\(program) \(arguments): \(outcome.stderrText)")
  return outcome.stdoutText
}

func isInstalled(_ program: String) -> Bool {
  guard let path = getenv("PATH") else { return false }
  return String(cString: path).split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
}

/// A little web server in Python on a free port, ended with this object.
final class WebServer: Sendable {
  let port: Int
  private let pid: pid_t

  init(_ script: String, root: String) throws {
    let portFile = root + "/.port"
    let words: [String] = ["python3", "-c", script, root, portFile]
    var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for pointer in argv { free(pointer) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for number in 0...2 { posix_spawn_file_actions_addopen(&actions, Int32(number), "/dev/null", O_RDWR, 0) }
    var pid: pid_t = 0
    try #require(posix_spawnp(&pid, "python3", &actions, nil, &argv, environ) == 0)
    self.pid = pid
    var found: Int?
    for _ in 0..<1500 where found == nil {
      usleep(20_000)
      guard let file = try? Descriptor(portFile, O_RDONLY), let bytes = try? FileSource(file, name: "port").bytes(16) else { continue }
      found = Int(String(decoding: bytes, as: UTF8.self))
    }
    port = try #require(found, "the web server did not start")
  }

  deinit {
    kill(pid, SIGKILL)
    waitpid(pid, nil, 0)
  }

  /// Stands before `start`: HTTPS where the root has `server.pem`, with a client's certificate where it has `want-client`.
  static let secure = """

    import ssl
    class Secure(http.server.ThreadingHTTPServer):
      def get_request(self):
        socket, address = super().get_request()
        return context.wrap_socket(socket, server_side=True, do_handshake_on_connect=False), address
    if os.path.exists(sys.argv[1] + '/server.pem'):
      context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
      context.load_cert_chain(sys.argv[1] + '/server.pem', sys.argv[1] + '/server.key')
      if os.path.exists(sys.argv[1] + '/want-client'):
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(sys.argv[1] + '/ca.pem')
      http.server.ThreadingHTTPServer = Secure

    """

  static let start = """

    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    with open(sys.argv[2] + '.new', 'w') as out: out.write(str(server.server_address[1]))
    os.rename(sys.argv[2] + '.new', sys.argv[2])
    server.serve_forever()
    """
}
