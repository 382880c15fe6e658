import Basics
import CommandLine
import Glibc
import Identity
import JSONValue
import KubeModel
import YAMLText

/// Makes the kubeconfig entry of a server's data directory and puts it where it is wanted.
struct KubeconfigSession: Sendable {
  let options: KubeconfigOptions

  func run() throws -> KubeconfigOutcome {
    let entry = try entry()
    var outcome: KubeconfigOutcome
    switch options.target {
    case .output: outcome = KubeconfigOutcome(text: YAMLText.text(try entry.merged(into: nil)))
    case .file(let path): outcome = try put(entry, into: path)
    case .merge: outcome = try put(entry, into: try Self.kubectlFile())
    }
    if case .certificate = entry.login, !entry.server.hasPrefix("https:") {
      outcome.remarks.append(
        "\(entry.server) is plain HTTP, where no certificate is shown: log in as a service account with --service-account NAMESPACE/NAME")
    }
    return outcome
  }

  private func entry() throws -> KubeconfigEntry {
    guard let name = options.data ?? DataDirectory.usual({ Self.variable($0) }) else {
      throw SubmitFailure("there is no home directory to look for the server's data in: name it with --data DIR")
    }
    guard LocalFiles.exists(name + "/" + StateDirectory.databaseName) else {
      throw SubmitFailure("there is no server's data in \(name): start `argosy server` once, or name its directory with --data DIR")
    }
    let directory = try StateDirectory(named: name)
    let record = ServerRecord.read(in: directory)
    let identity = try ServerIdentity(directory.keys)
    let server = options.server ?? record?.url ?? ServerRecord.usualURL
    let authority = server.hasPrefix("https:") ? record?.authority ?? identity.authorityPEM : nil
    guard let account = options.serviceAccount else {
      return KubeconfigEntry(
        cluster: options.name, user: "\(options.name)-admin", context: options.name, server: server, authority: authority,
        login: .certificate(try identity.administratorKeyPair()))
    }
    var request = StateRequest(.token, directory: directory.path)
    (request.namespace, request.names, request.lifetime) = (account.namespace, [account.name], options.seconds)
    guard let token = try ControlSession(request: request).run().first?["token"]?.string else {
      throw SubmitFailure("the process that serves \(directory.path) made no token: it is of another version")
    }
    let user = "\(options.name)-\(account.namespace)-\(account.name)"
    return KubeconfigEntry(
      cluster: options.name, user: user, context: user, server: server, authority: authority, login: .token(token),
      namespace: account.namespace)
  }

  /// The file that kubectl writes: the first one that `$KUBECONFIG` names, else `~/.kube/config`.
  private static func kubectlFile() throws -> String {
    if let named = variable("KUBECONFIG")?.split(separator: ":").first { return String(named) }
    guard let home = variable("HOME"), !home.isEmpty else {
      throw SubmitFailure("there is no home directory: name the file with --output FILE")
    }
    return home + "/.kube/config"
  }

  private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// Puts the entry into a file, in one step, under kubectl's own lock (`FILE.lock`).
  private func put(_ entry: KubeconfigEntry, into named: String) throws -> KubeconfigOutcome {
    // A link stays one.
    var path = named
    if let resolved = realpath(named, nil) {
      path = String(cString: resolved)
      free(resolved)
    }
    if let parent = LocalFiles.parent(of: path) { try LocalFiles.makeDirectories(parent, mode: 0o750) }
    let lock = path + ".lock"
    let descriptor = open(lock, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      guard errno == EEXIST else { throw FileError("open", lock) }
      throw SubmitFailure("\(path) is being changed by another program: try again, or remove \(lock) when none is")
    }
    close(descriptor)
    defer { unlink(lock) }
    var present: JSON?
    var hadComments = false
    if LocalFiles.exists(path) {
      let bytes = try LocalFiles.read(path, limit: 16 << 20)
      hadComments = bytes.split(separator: 0x0A).contains { $0.first { $0 != 0x20 && $0 != 0x09 } == UInt8(ascii: "#") }
      do {
        let documents = try YAMLText.documents(bytes)
        guard documents.count <= 1 else { throw SubmitFailure("it holds \(documents.count) documents") }
        present = documents.first?.value
      } catch {
        throw SubmitFailure("\(path) was left as it is: \(error)")
      }
    }
    let merged: JSON
    do throws(KubeStatus) {
      merged = try entry.merged(into: present)
    } catch {
      throw SubmitFailure("\(path) was left as it is: \(error)")
    }
    try OwnerFile.write(Array(YAMLText.text(merged).utf8), to: path)
    var remarks: [String] = []
    if hadComments { remarks.append("the comments in \(path) were not kept") }
    return KubeconfigOutcome(text: "context \"\(entry.context)\" written to \(path), and made the current one\n", remarks: remarks)
  }
}
