import Contracts
import Glibc
import JSONValue
import Processes

/// Clones git repositories with the git program (spec 1.6 `git`). Inputs only.
///
/// Secrets reach git through its environment and a credential helper that answers for the repository's own host alone, so they are in no
/// command line, no remembered URL and no `.git/config`.
struct GitArtifacts: ArtifactDriver {
  static let kind = "git"
  private let location: JSON
  private let support: DriverSupport
  /// Milliseconds for one command.
  private static let timeLimit: Int64 = 3_600_000
  private static let keptOutput = 64 << 10

  init(_ location: JSON, _ support: DriverSupport) throws(ArtifactFailure) {
    self.location = location
    self.support = support
  }

  func save(from path: String) throws(ArtifactFailure) { throw .failed("git output artifacts unsupported") }

  func load(to target: String) throws(ArtifactFailure) {
    // Beside the target, which may be a directory that others can read.
    let secrets = try Staging(beside: target)
    defer { secrets.remove() }
    let request = try GitRequest(location)
    var environment = baseEnvironment(request)
    // What lies at home (`.netrc`, say) is for the user alone.
    if !support.usesOwnKeys { environment["HOME"] = secrets.path }
    try addCredentials(request, to: &environment, staging: secrets.path)
    let variables = environment.map { "\($0.key)=\($0.value)" }
    func run(_ arguments: [String], _ directory: String?) throws(ArtifactFailure) -> Command.Outcome {
      do {
        return try Command.run(
          [support.gitProgram] + arguments, env: variables, cwd: directory, timeout: Self.timeLimit, outputLimit: Self.keptOutput)
      } catch { throw .failed("cannot clone \(request.url): \(error)") }
    }
    func must(_ arguments: [String], in directory: String?) throws(ArtifactFailure) {
      let outcome = try run(arguments, directory)
      guard outcome.status == 0 else {
        let reason = outcome.isTimedOut ? "it took longer than \(Self.timeLimit / 60_000) minutes" : Self.lastLines(outcome.stderrText)
        throw .failed("git \(arguments.first ?? "") of \(request.url) failed: \(reason)")
      }
    }

    try must(request.cloneArguments + ["--", request.url, target], in: nil)
    if !request.fetch.isEmpty { try must(["fetch", "--quiet"] + request.depthArguments + ["origin"] + request.fetch, in: target) }
    if let revision = request.revision {
      if try run(["checkout", "--quiet", "--force", revision, "--"], target).status != 0 {
        // Not among what was cloned: another branch of a shallow clone, a commit no branch has, a pull request's ref.
        try must(["fetch", "--quiet"] + request.depthArguments + ["origin", revision], in: target)
        try must(["checkout", "--quiet", "--force", "--detach", "FETCH_HEAD", "--"], in: target)
      }
    } else {
      // A repository without a commit has nothing to check out.
      if try run(["rev-parse", "--verify", "--quiet", "HEAD"], target).status == 0 {
        try must(["checkout", "--quiet", "--force"], in: target)
      }
    }
    if !request.disableSubmodules, FileStatus(target + "/.gitmodules")?.kind == .file {
      try must(["submodule", "--quiet", "update", "--init", "--recursive", "--force"] + request.depthArguments, in: target)
    }
  }

  /// Of this process' environment only what a network program needs. No configuration of the user who runs the server: its credentials are
  /// not for workflows.
  private func baseEnvironment(_ request: GitRequest) -> [String: String] {
    var environment: [String: String] = [:]
    let kept = [
      "PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY",
    ]
    for name in kept { if let value = getenv(name) { environment[name] = String(cString: value) } }
    environment["GIT_TERMINAL_PROMPT"] = "0"
    environment["GIT_ASKPASS"] = "/bin/false"
    environment["GIT_CONFIG_GLOBAL"] = "/dev/null"
    environment["GIT_ALLOW_PROTOCOL"] = "file:git:http:https:ssh"
    // Local repositories belong to whoever made them; hooks of a template directory are nobody's business here.
    Self.configure("safe.directory", "*", in: &environment)
    Self.configure("core.hooksPath", "/dev/null", in: &environment)
    Self.configure("gc.auto", "0", in: &environment)
    Self.configure("maintenance.auto", "false", in: &environment)
    Self.configure("advice.detachedHead", "false", in: &environment)
    if request.insecureSkipTLS { Self.configure("http.sslVerify", "false", in: &environment) }
    return environment
  }

  private func addCredentials(_ request: GitRequest, to environment: inout [String: String], staging: String) throws(ArtifactFailure) {
    let user = try support.secret(location["usernameSecret"]) ?? request.user
    let password = try support.secret(location["passwordSecret"]) ?? request.password
    if let origin = request.origin, user != nil || password != nil {
      let user = user ?? "git"
      let password = password ?? ""
      guard !(user + password).utf8.contains(where: { $0 == 10 || $0 == 13 || $0 == 0 }) else {
        throw .failed("the username or password for \(request.url) has a line break")
      }
      environment["ARGOSY_GIT_USERNAME"] = user
      environment["ARGOSY_GIT_PASSWORD"] = password
      Self.configure("credential.helper", "", in: &environment)
      let helper = #"!f() { test "$1" = get && printf 'username=%s\npassword=%s\n' "$ARGOSY_GIT_USERNAME" "$ARGOSY_GIT_PASSWORD"; }; f"#
      Self.configure("credential.\(origin).helper", helper, in: &environment)
    }
    var ssh = "ssh -o BatchMode=yes"
    if !support.usesOwnKeys { ssh += " -F /dev/null -o IdentityAgent=none -o GSSAPIAuthentication=no -o HostbasedAuthentication=no" }
    // As in Argo, a URL without a user means git's.
    if request.isSSHWithoutUser { ssh += " -l git" }
    if let key = try support.secret(location["sshPrivateKeySecret"]) {
      let path = staging + "/ssh-key"
      try Files.write(Array((key.hasSuffix("\n") ? key : key + "\n").utf8), to: path, mode: 0o600)
      ssh += " -o IdentitiesOnly=yes -i " + Self.quoted(path)
    } else if !support.usesOwnKeys {
      ssh += " -o PubkeyAuthentication=no"
    }
    if location["insecureIgnoreHostKey"]?.bool == true {
      ssh += " -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
    } else if let known = support.environment("SSH_KNOWN_HOSTS") {
      let files = known.split(separator: ":").map { "\"\($0)\"" }.joined(separator: " ")
      ssh += " -o StrictHostKeyChecking=yes -o " + Self.quoted("UserKnownHostsFile=" + files)
    }
    environment["GIT_SSH_COMMAND"] = ssh
  }

  /// As one word of a shell.
  private static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
  }

  /// Adds one setting by environment, where no other user can read it.
  private static func configure(_ key: String, _ value: String, in environment: inout [String: String]) {
    let count = environment["GIT_CONFIG_COUNT"].flatMap { Int($0) } ?? 0
    environment["GIT_CONFIG_KEY_\(count)"] = key
    environment["GIT_CONFIG_VALUE_\(count)"] = value
    environment["GIT_CONFIG_COUNT"] = String(count + 1)
  }

  private static func lastLines(_ output: String) -> String {
    output.split(whereSeparator: \.isNewline).suffix(4).joined(separator: "; ")
  }
}

/// The checked values of a `git` location.
struct GitRequest {
  /// Without user and password.
  var url: String
  var user: String?
  var password: String?
  /// `<scheme>://<host>[:<port>]` of an http URL: where credentials may go.
  var origin: String?
  var revision: String?
  var branch: String?
  var singleBranch: Bool
  var depth: Int64
  var fetch: [String]
  var disableSubmodules: Bool
  var insecureSkipTLS: Bool

  init(_ location: JSON) throws(ArtifactFailure) {
    guard let repo = try Self.value(location["repo"], "repo") else { throw .failed("a git artifact needs a repo") }
    url = repo
    revision = try Self.value(location["revision"], "revision")
    branch = try Self.value(location["branch"], "branch")
    singleBranch = location["singleBranch"]?.bool ?? false
    if singleBranch, branch == nil { throw .failed("git singleBranch needs a branch: single branch mode without a branch specified") }
    depth = location["depth"]?.int ?? 0
    guard depth >= 0, depth <= Int64(Int32.max) else { throw .failed("git depth \(depth) is out of range") }
    fetch = []
    for spec in location["fetch"]?.array ?? [] { if let spec = try Self.value(spec, "fetch") { fetch.append(spec) } }
    disableSubmodules = location["disableSubmodules"]?.bool ?? false
    insecureSkipTLS = location["insecureSkipTLS"]?.bool ?? false
    takeCredentialsOutOfURL()
  }

  var cloneArguments: [String] {
    var arguments = ["clone", "--quiet", "--no-checkout", "--no-hardlinks"]
    // A branch counts only with singleBranch. Depth makes git fetch one branch alone unless told otherwise.
    if singleBranch, let branch {
      arguments += ["--branch=" + branch, "--single-branch"]
    } else if depth > 0 {
      arguments.append("--no-single-branch")
    }
    if depth > 0 { arguments += depthArguments + ["--no-local"] }
    return arguments
  }

  /// `ssh://host/path` or `host:path`.
  var isSSHWithoutUser: Bool {
    if url.hasPrefix("ssh://") { return !url.dropFirst(6).prefix { $0 != "/" }.contains("@") }
    guard !url.contains("://"), let colon = url.firstIndex(of: ":") else { return false }
    return !url[..<colon].contains("/") && !url[..<colon].contains("@")
  }

  var depthArguments: [String] { depth > 0 ? ["--depth=\(depth)"] : [] }

  /// Values that git would read as an option, and control characters, are refused.
  private static func value(_ json: JSON?, _ field: String) throws(ArtifactFailure) -> String? {
    guard let text = json?.string, !text.isEmpty else { return nil }
    guard text.utf8.first != UInt8(ascii: "-"), !text.utf8.contains(where: { $0 < 0x20 }) else {
      throw .failed("git \(field) \"\(text)\" is not allowed")
    }
    return text
  }

  private mutating func takeCredentialsOutOfURL() {
    guard let scheme = ["https://", "http://"].first(where: { url.lowercased().hasPrefix($0) }) else { return }
    let rest = url.dropFirst(scheme.count)
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    var host = authority
    if let at = authority.lastIndex(of: "@") {
      host = authority[authority.index(after: at)...]
      let parts = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      user = parts.first.map { URLText.decoded($0) }
      if parts.count > 1 { password = URLText.decoded(parts[1]) }
    }
    origin = scheme + host
    url = scheme + host + rest.dropFirst(authority.count)
  }
}
