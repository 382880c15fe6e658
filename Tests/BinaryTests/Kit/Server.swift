import Glibc
import Testing

/// A server in the background on a port that the kernel chose. It ends with this value, and with this process however that ends: the shell
/// around it waits for the end of its standard input.
final class Server: Sendable {
  let port: Int
  let url: String
  private let bench: Bench
  private let child: Child
  private let lifeline: CInt

  /// - Parameter arguments: a program that listens on `127.0.0.1` and tells its port as `…:PORT` or `port PORT` in its output.
  init(_ arguments: [String], directory: String? = nil) async throws {
    bench = try Bench()
    var ends: [CInt] = [0, 0]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw KitError(call: "socketpair", "")
    }
    lifeline = ends[1]
    defer { close(ends[0]) }
    let guarded = ["sh", "-c", "\"$@\" </dev/null & child=$!; read -r line; kill -9 $child; wait", "sh"] + arguments
    child = try Child(
      guarded, directory: directory ?? bench.directory, environment: bench.environment, logs: bench.path("logs/server"),
      inputDescriptor: ends[0])
    let child = child
    var found: Int?
    try await eventually("\(arguments) tells its port", within: .seconds(180), else: { child.outcome.description }) {
      let outcome = child.outcome
      found = Self.port(in: outcome.out) ?? Self.port(in: outcome.err)
      return found != nil || !child.isRunning
    }
    port = try #require(found, "\(arguments) ended: \(child.outcome)")
    url = "http://127.0.0.1:\(port)"
  }

  deinit { close(lifeline) }

  private static func port(in text: String) -> Int? {
    for marker in ["http://127.0.0.1:", "127.0.0.1 port "] {
      guard let range = text.firstRange(of: marker) else { continue }
      let digits = text[range.upperBound...].prefix { $0.isNumber }
      if !text[range.upperBound...].dropFirst(digits.count).isEmpty, let port = Int(digits) { return port }
    }
    return nil
  }
}

/// Gives a suite one moto server, which all its tests share.
struct SharedServer: SuiteTrait, TestScoping {
  @TaskLocal static var current: Server?
  var start: @Sendable () async throws -> Server

  func provideScope(for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void) async throws {
    let server = try await start()
    try await Self.$current.withValue(server) { try await function() }
  }

  static func required(_ location: SourceLocation = #_sourceLocation) throws -> Server {
    try #require(current, "the suite has no server", sourceLocation: location)
  }
}

extension Trait where Self == SharedServer {
  /// The stand-in for AWS.
  static var moto: Self { SharedServer { try await Server(["python3", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]) } }

  /// The stand-in for AWS that knows the two EKS types of CloudFormation.
  static var motoWithEKS: Self {
    SharedServer {
      try await Server(["python3", Project.examples + "/cluster-factory/standin/moto_eks.py", "-H", "127.0.0.1", "-p", "0"])
    }
  }
}
