import GitKit

/// A git server with a password: `git http-backend` behind Python's HTTP server. Any user's password is `p@ss word`.
enum GitServer {
  static let user = "octo"
  static let password = "p@ss word"

  /// Whether this machine has what it needs.
  static var isPossible: Bool { Parts.path(of: "python3") != nil && Files.isExecutable(GitHandler.backend) }

  /// Serves the bare repositories below a directory.
  static func start(_ directory: String, bench: Bench) async throws -> Server {
    try await Server(["python3", "-u", try bench.file("git-server.py", program), directory])
  }

  private static let program = """
    \(GitHandler.program(user: user, password: password))
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    print(f'http://127.0.0.1:{server.server_port}/', flush=True)
    server.serve_forever()
    """
}
