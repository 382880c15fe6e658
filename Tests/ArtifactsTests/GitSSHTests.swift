import Contracts
import Glibc
import HTTPAccess
import JSONValue
import Testing

@testable import Artifacts

/// OpenSSH's server on this machine.
private enum SSHDaemon {
  /// The server of a superuser insists on its empty directory.
  static let canServe =
    access("/usr/sbin/sshd", X_OK) == 0 && (geteuid() != 0 || mkdir("/run/sshd", 0o755) == 0 || access("/run/sshd", F_OK) == 0)
}

/// Clones over ssh from a real server of OpenSSH with a host key of its own.
@Suite(
  "git artifacts over ssh",
  .enabled(if: isInstalled("git") && isInstalled("python3") && isInstalled("ssh-keygen") && SSHDaemon.canServe, "no git, python3 or sshd"))
struct GitSSHTests {
  /// Hands each connection to an sshd of its own.
  private static let server = """
    import os, socket, subprocess, sys, threading
    parent = os.getppid()
    listener = socket.create_server(('127.0.0.1', 0))
    with open(sys.argv[2] + '.new', 'w') as out: out.write(str(listener.getsockname()[1]))
    os.rename(sys.argv[2] + '.new', sys.argv[2])
    while True:
      connection, _ = listener.accept()
      subprocess.Popen(['/usr/sbin/sshd', '-i', '-e', '-f', sys.argv[1] + '/config'], stdin=connection, stdout=connection,
        stderr=open(sys.argv[1] + '/log', 'a'))
      connection.close()
    """

  private struct Place {
    let scratch: Scratch
    let server: WebServer
    let user: String
    var url: String { "ssh://\(user)@127.0.0.1:\(server.port)\(scratch.path)/project" }
  }

  private static func start() throws -> Place {
    let scratch = try Scratch()
    let root = scratch.path
    for name in ["host", "user", "stranger"] {
      _ = try run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "\(root)/\(name)"])
    }
    try scratch.write("authorized", try scratch.read("user.pub"), mode: 0o600)
    let config = """
      HostKey \(root)/host
      AuthorizedKeysFile \(root)/authorized
      StrictModes no
      UsePAM no
      PasswordAuthentication no
      KbdInteractiveAuthentication no
      PermitRootLogin prohibit-password
      PidFile none
      LogLevel ERROR

      """
    try scratch.write("config", config)
    try Files.makeDirectories(root + "/project")
    for arguments in [
      ["init", "--quiet", "--initial-branch=main", "."], ["commit", "--quiet", "--allow-empty", "-m", "first"], ["tag", "v1"],
    ] { _ = try run("git", arguments, in: root + "/project") }
    try scratch.write("project/file", "over ssh")
    _ = try run("git", ["add", "."], in: root + "/project")
    _ = try run("git", ["commit", "--quiet", "-m", "second"], in: root + "/project")
    let user = try run("id", ["-un"]).filter { !$0.isNewline }
    return Place(scratch: scratch, server: try WebServer(server, root: root), user: user)
  }

  @Test("with the key of the Secret, from a host whose key is known")
  func known() throws {
    let place = try Self.start()
    try place.scratch.write("known", "[127.0.0.1]:\(place.server.port) " + (try place.scratch.read("host.pub")))
    let bench = try Bench(
      secrets: ["default/deploy/key": try place.scratch.read("user")],
      environment: ["SSH_KNOWN_HOSTS": "/nonexistent:" + place.scratch.path + "/known"])
    let git: JSON = ["repo": .string(place.url), "sshPrivateKeySecret": ["name": "deploy", "key": "key"]]
    try bench.load(["git": git])
    #expect(try bench.scratch.read("in/data/file") == "over ssh")
    var revision = git
    revision.modifyObject {
      $0["revision"] = "v1"
      $0["depth"] = 1
    }
    try bench.load(["git": revision], to: "in/old")
    #expect(try bench.scratch.names("in/old") == [".git"])
  }

  @Test("a host whose key is unknown is refused, but with insecureIgnoreHostKey")
  func unknown() throws {
    let place = try Self.start()
    // The key of another server stands for this one's.
    try place.scratch.write("known", "[127.0.0.1]:\(place.server.port) " + (try place.scratch.read("stranger.pub")))
    let bench = try Bench(
      secrets: ["default/deploy/key": try place.scratch.read("user")], environment: ["SSH_KNOWN_HOSTS": place.scratch.path + "/known"])
    var git: JSON = ["repo": .string(place.url), "sshPrivateKeySecret": ["name": "deploy", "key": "key"]]
    #expect(try bench.refusal(["git": git]).contains("Host key verification failed"))
    git.modifyObject { $0["insecureIgnoreHostKey"] = true }
    try bench.load(["git": git])
    #expect(try bench.scratch.read("in/data/file") == "over ssh")
  }

  @Test("another key is refused, and not shown")
  func stranger() throws {
    let place = try Self.start()
    let key = try place.scratch.read("stranger")
    let bench = try Bench(secrets: ["default/deploy/key": key])
    let git: JSON = [
      "repo": .string(place.url), "sshPrivateKeySecret": ["name": "deploy", "key": "key"], "insecureIgnoreHostKey": true,
    ]
    let message = try bench.refusal(["git": git])
    #expect(message.contains("Permission denied") && !message.contains(key.split(separator: "\n")[1]))
  }
}
