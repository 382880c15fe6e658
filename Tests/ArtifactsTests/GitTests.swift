import Contracts
import GitKit
import Glibc
import HTTPAccess
import JSONValue
import Testing

@testable import Artifacts

@Suite(.enabled(if: isInstalled("git"), "no git program"))
struct GitTests {
  /// A repository with the commits `one`, `two` (tagged v1) on main and `side` on branch side.
  private static func repository(in scratch: Scratch) throws -> String {
    let path = scratch.path + "/repos/project.git-work"
    try Files.makeDirectories(path)
    _ = try run("git", ["init", "--quiet", "--initial-branch=main", "."], in: path)
    for (text, branch) in [("one", "main"), ("two", "main"), ("side", "side")] {
      if branch == "side" { _ = try run("git", ["checkout", "--quiet", "-b", "side"], in: path) }
      Files.remove(path + "/file")
      try Files.write(Array(text.utf8), to: path + "/file", mode: 0o644)
      _ = try run("git", ["add", "."], in: path)
      _ = try run("git", ["commit", "--quiet", "-m", text], in: path)
      if text == "two" { _ = try run("git", ["tag", "v1"], in: path) }
    }
    _ = try run("git", ["checkout", "--quiet", "main"], in: path)
    return path
  }

  @Test(arguments: [
    ("{}", "two"), (#"{"branch":"side"}"#, "two"), (#"{"branch":"side","singleBranch":true}"#, "side"), (#"{"revision":"side"}"#, "side"),
    (#"{"revision":"v1"}"#, "two"),
    (#"{"revision":"main~1"}"#, "one"), (#"{"depth":1}"#, "two"), (#"{"depth":1,"revision":"side"}"#, "side"),
    (#"{"depth":1,"singleBranch":true,"branch":"main","revision":"side"}"#, "side"),
    (#"{"fetch":["refs/heads/side:refs/heads/other"],"revision":"other"}"#, "side"), (#"{"disableSubmodules":true}"#, "two"),
  ])
  func `a revision of a local repository is cloned`(members: String, text: String) throws {
    let bench = try Bench()
    let path = try Self.repository(in: bench.scratch)
    for repo in [path, "file://" + path] {
      var git = try JSON.parse(members)
      git.modifyObject { $0["repo"] = .string(repo) }
      let artifact: JSON = ["name": "source", "git": git]
      let name = repo == path ? "in/plain" : "in/url"
      try bench.load(artifact, to: name)
      #expect(try bench.scratch.read(name + "/file") == text)
      #expect(bench.scratch.kind(name + "/.git") == .directory)
    }
    #expect(try bench.scratch.names("in") == ["plain", "url"])
  }

  @Test func `a commit's hash is checked out`() throws {
    let bench = try Bench()
    let path = try Self.repository(in: bench.scratch)
    let hash = try run("git", ["rev-parse", "main~1"], in: path).filter { !$0.isNewline }
    try bench.load(["git": ["repo": .string(path), "revision": .string(hash)]])
    #expect(try bench.scratch.read("in/data/file") == "one")
  }

  @Test(arguments: [
    #"{"repo":"--upload-pack=touch /tmp/argosy-pwned"}"#, #"{"repo":"/tmp","revision":"--help"}"#, #"{"repo":"/tmp","branch":"-x"}"#,
    #"{"repo":"/tmp","fetch":["--upload-pack=x"]}"#, #"{"repo":"ext::sh -c true"}"#, #"{"repo":"/nonexistent/repo"}"#, "{}",
    #"{"repo":"/tmp","depth":-1}"#, #"{"repo":"/tmp","singleBranch":true}"#,
  ])
  func `options in values, other protocols and missing repositories are refused`(members: String) throws {
    let bench = try Bench()
    let git = try JSON.parse(members)
    #expect(try bench.refusal(["git": git]) != "")
  }

  @Test func `an unknown revision fails with git's reason`() throws {
    let bench = try Bench()
    let path = try Self.repository(in: bench.scratch)
    #expect(try bench.refusal(["git": ["repo": .string(path), "revision": "no-such-thing"]]).contains("no-such-thing"))
  }

  private static let server =
    GitHandler.program(user: "octo", password: "p@ss word") + WebServer.secure + WebServer.start

  private static var canServe: Bool { isInstalled("python3") && access(GitHandler.backend, X_OK) == 0 }

  @Test(.enabled(if: canServe, "no python3 or no git http-backend"))
  func `a repository behind http with a password is cloned, and the password is kept nowhere`() throws {
    let bench = try Bench(secrets: ["default/cred/user": "octo", "default/cred/pass": "p@ss word"])
    _ = try Self.repository(in: bench.scratch)
    let server = try WebServer(Self.server, root: bench.scratch.path + "/repos")
    let url = "http://127.0.0.1:\(server.port)/project.git-work"
    let git: JSON = [
      "repo": .string(url), "revision": "side", "usernameSecret": ["name": "cred", "key": "user"],
      "passwordSecret": ["name": "cred", "key": "pass"],
    ]
    try bench.load(["git": git], to: "in/secret")
    #expect(try bench.scratch.read("in/secret/file") == "side")
    try bench.load(["git": ["repo": .string("http://octo:p%40ss%20word@127.0.0.1:\(server.port)/project.git-work")]], to: "in/url")
    #expect(try bench.scratch.read("in/url/file") == "two")
    for name in ["secret", "url"] {
      let config = try bench.scratch.read("in/\(name)/.git/config")
      #expect(config.contains(url))
      #expect(!config.contains("p@ss") && !config.contains("p%40ss"))
    }
    var message = ""
    do { try bench.load(["git": ["repo": .string(url)]], to: "in/none") } catch { message = "\(error)" }
    #expect(message.contains("git clone"))
    #expect(try bench.scratch.names("in") == ["secret", "url"])
  }

  @Test(.enabled(if: canServe && isInstalled("openssl"), "no python3, git http-backend or openssl"))
  func `a certificate that nobody knows is taken only with insecureSkipTLS`() throws {
    let bench = try Bench(secrets: ["default/cred/user": "octo", "default/cred/pass": "p@ss word"])
    _ = try Self.repository(in: bench.scratch)
    try bench.scratch.write("repos/x", "")
    let files = try Scratch()
    try HTTPAuthTests.certificates(in: files)
    for name in ["server.pem", "server.key"] { try bench.scratch.write("repos/" + name, try files.read(name)) }
    let server = try WebServer(Self.server, root: bench.scratch.path + "/repos")
    var git: JSON = [
      "repo": .string("https://127.0.0.1:\(server.port)/project.git-work"), "usernameSecret": ["name": "cred", "key": "user"],
      "passwordSecret": ["name": "cred", "key": "pass"],
    ]
    #expect(try bench.refusal(["git": git]).contains("certificate"))
    git.modifyObject { $0["insecureSkipTLS"] = true }
    try bench.load(["git": git])
    #expect(try bench.scratch.read("in/data/file") == "two")
  }

  @Test func `submodules come along unless they are disabled`() throws {
    let bench = try Bench()
    let path = try Self.repository(in: bench.scratch)
    let inner = bench.scratch.path + "/repos/inner"
    try Files.makeDirectories(inner)
    _ = try run("git", ["init", "--quiet", "--initial-branch=main", "."], in: inner)
    try bench.scratch.write("repos/inner/part", "inner")
    _ = try run("git", ["add", "."], in: inner)
    _ = try run("git", ["commit", "--quiet", "-m", "inner"], in: inner)
    _ = try run("git", ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "file://" + inner, "sub"], in: path)
    _ = try run("git", ["commit", "--quiet", "-m", "with a part"], in: path)
    try bench.load(["git": ["repo": .string(path)]], to: "in/with")
    #expect(try bench.scratch.read("in/with/sub/part") == "inner")
    try bench.load(["git": ["repo": .string(path), "disableSubmodules": true]], to: "in/without")
    #expect(try bench.scratch.names("in/without/sub") == [])
  }

  @Test func `a secret that is not there fails by name`() throws {
    let bench = try Bench()
    let git: JSON = ["repo": "https://127.0.0.1:9/x", "passwordSecret": ["name": "cred", "key": "pass"]]
    #expect(try bench.refusal(["git": git]).contains("key \"pass\" of secret \"cred\""))
  }

  @Test func `ssh gets the key in a file of its own, which is gone afterwards`() throws {
    let bench = try Bench(secrets: ["default/deploy/key": "PRIVATE"])
    let root = bench.scratch.path
    // Stands for git: notes its environment and the key, then fails.
    let script = """
      #!/bin/sh
      echo "$GIT_SSH_COMMAND" > \(root)/command
      key=$(echo "$GIT_SSH_COMMAND" | sed "s/.*-i '\\([^']*\\)'.*/\\1/")
      stat -c %a "$key" > \(root)/mode; cat "$key" > \(root)/key; echo "$@" > \(root)/arguments
      exit 3
      """
    try bench.scratch.write("git.sh", script, mode: 0o755)
    let git: JSON = [
      "repo": "git@example.com:a/b.git", "sshPrivateKeySecret": ["name": "deploy", "key": "key"], "insecureIgnoreHostKey": true,
    ]
    try Files.makeDirectories(root + "/in")
    let transfer = ArtifactTransfer(store: bench.store, http: HTTPFetcher(), gitPath: root + "/git.sh")
    #expect(throws: ArtifactFailure.self) { try transfer.load(["git": git], to: root + "/in/clone", context: bench.context) }
    #expect(try bench.scratch.names("in") == [])
    #expect(try bench.scratch.read("mode") == "600\n")
    #expect(try bench.scratch.read("key") == "PRIVATE\n")
    #expect(try bench.scratch.read("command").contains("StrictHostKeyChecking=no"))
    #expect(try !bench.scratch.read("command").contains(" -l git"))
    #expect(try bench.scratch.read("arguments").contains("-- git@example.com:a/b.git \(root)/in/"))
    for url in ["ssh://example.com/a/b.git", "example.com:a/b.git"] {
      let plain: JSON = ["git": ["repo": .string(url)]]
      #expect(throws: ArtifactFailure.self) { try transfer.load(plain, to: root + "/in/clone", context: bench.context) }
      #expect(try bench.scratch.read("command").contains(" -l git"))
    }
  }

  @Test func `a server's own keys and passwords are not for workflows`() throws {
    let bench = try Bench(secrets: ["default/deploy/key": "PRIVATE"])
    let root = bench.scratch.path
    try bench.scratch.write(
      "git.sh", "#!/bin/sh\necho \"$GIT_SSH_COMMAND\" > \(root)/command; echo \"$HOME\" > \(root)/home\nexit 3\n", mode: 0o755)
    try Files.makeDirectories(root + "/in")
    let plain: JSON = ["repo": "git@example.com:a/b.git"]
    let keyed: JSON = ["repo": "git@example.com:a/b.git", "sshPrivateKeySecret": ["name": "deploy", "key": "key"]]
    func command(_ git: JSON, usesOwnKeys: Bool) throws -> String {
      let transfer = ArtifactTransfer(store: bench.store, http: HTTPFetcher(), gitPath: root + "/git.sh", usesOwnKeys: usesOwnKeys)
      #expect(throws: ArtifactFailure.self) { try transfer.load(["git": git], to: root + "/in/clone", context: bench.context) }
      return try bench.scratch.read("command")
    }
    #expect(try !command(plain, usesOwnKeys: true).contains("IdentityAgent"))
    let alone = try command(plain, usesOwnKeys: false)
    #expect(alone.contains("-F /dev/null") && alone.contains("IdentityAgent=none") && alone.contains("PubkeyAuthentication=no"))
    #expect(try bench.scratch.read("home").hasPrefix(root + "/in/"))
    let own = try command(keyed, usesOwnKeys: false)
    #expect(own.contains("IdentitiesOnly=yes") && own.contains("IdentityAgent=none") && !own.contains("PubkeyAuthentication=no"))
  }
}
