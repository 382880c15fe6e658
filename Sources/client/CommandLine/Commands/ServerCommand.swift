import ArgumentParser

/// What `argosy server` was asked to do.
package struct ServerOptions: Sendable, Hashable {
  /// The data directory; nil: the usual one.
  package var data: String?
  package var host = "127.0.0.1"
  package var port = 2746
  /// PEM files: a certificate with its chain, and its key. Nil: the server makes one itself.
  package var certificate: String?
  package var key: String?
  /// Further names and addresses for the certificate that the server makes.
  package var names: [String] = []
  /// HTTP without TLS; on the loopback only.
  package var isInsecure = false
  /// Pods that run at once at most.
  package var maximumPods: Int?
  /// Which requests are logged: `all`, `changes`, `errors` or `none`.
  package var log = "changes"
  /// Of the routes of Argo's API.
  package var argo = ArgoServerOptions()
  /// Which requests the audit log records: `changes`, `secrets`, `all` or `none`.
  package var audit = "changes"
  /// Earlier versions of each Terraform state that are kept, and for how many days after they were replaced; nil: as the service says.
  package var terraformVersions: Int?
  package var terraformDays: Int?
  package init() {}
}

/// `argosy server`.
struct ServerCommand: Verb {
  static let endsOnInterrupt = false

  static let configuration = CommandConfiguration(
    commandName: "server",
    abstract: "Serve the APIs of Kubernetes and Argo on this machine, and run the workflows that come by them.",
    discussion: """
      kubectl, argo, the Kubernetes clients of all languages and everything that speaks these APIs work against it. Data stay in one directory: \
      $ARGOSY_DATA, or argosy below $XDG_DATA_HOME (~/.local/share). The server makes its own certificate and keys on the first start.

      EXAMPLES
        argosy server                                   on https://127.0.0.1:2746
        argosy kubeconfig --merge                       then: kubectl get workflows -A
        argosy server --listen 0.0.0.0:2746 --tls-name build.example.org
        argosy server --data ./data --listen 127.0.0.1:0
        argosy server --auth-mode server                Argo's API without a token, on this machine only

      SIGNALS
        SIGTERM and SIGINT end it: no new step starts, running pods go on and are taken up by the next start.

      EXIT STATUS
        0  ended by a signal
        1  it could not start or go on
        2  bad usage
      """)

  @Option(help: ArgumentHelp("The directory of all data.", valueName: "dir"), completion: .directory)
  var data: String?

  @Option(help: ArgumentHelp("The address and port to listen on; port 0 is any free one.", valueName: "host:port"))
  var listen = "127.0.0.1:2746"

  @Option(help: ArgumentHelp("The certificate, with its chain, in PEM.", valueName: "file"), completion: .file())
  var tlsCert: String?

  @Option(help: ArgumentHelp("The certificate's key in PEM.", valueName: "file"), completion: .file())
  var tlsKey: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("A further name or address for the server's own certificate; may be given often.", valueName: "name"))
  var tlsName: [String] = []

  @Flag(name: .customLong("insecure-http"), help: "HTTP without TLS; on the loopback only.")
  var insecureHTTP = false

  @Option(help: ArgumentHelp("Pods that run at once at most.", valueName: "n"))
  var maxPods: Int?

  @Option(help: ArgumentHelp("Requests to log on standard error: all, changes, errors or none.", valueName: "which"))
  var log = "changes"

  @Option(
    help: ArgumentHelp(
      "Requests to record in the audit log: changes (and what was denied), secrets (also who reads Secrets and states of Terraform), all or none.",
      valueName: "which"))
  var audit = "changes"

  @Option(help: ArgumentHelp("Earlier versions to keep of each Terraform state (100).", valueName: "n"))
  var tfstateVersions: Int?

  @Option(help: ArgumentHelp("Days to keep them after they were replaced (90).", valueName: "n"))
  var tfstateDays: Int?

  @OptionGroup(title: "Argo's options") var original: OriginalServerArguments

  func validate() throws {
    _ = try address()
    if let maxPods, maxPods < 1 { throw ValidationError("--max-pods must be 1 or more. Received: \(maxPods)") }
    for (name, value) in [("versions", tfstateVersions), ("days", tfstateDays)] {
      if let value, !(0...1_000_000).contains(value) {
        throw ValidationError("--tfstate-\(name) must be a number from 0 to 1000000. Received: \(value)")
      }
    }
    if (tlsCert == nil) != (tlsKey == nil) { throw ValidationError("--tls-cert and --tls-key go together.") }
    if isInsecure && tlsCert != nil { throw ValidationError("--insecure-http and --tls-cert exclude each other.") }
    guard ["all", "changes", "errors", "none"].contains(log) else {
      throw ValidationError("--log must be all, changes, errors or none. Received: \(log)")
    }
    guard ["changes", "secrets", "all", "none"].contains(audit) else {
      throw ValidationError("--audit must be changes, secrets, all or none. Received: \(audit)")
    }
    let host = try address().host
    let isLocal = ["127.0.0.1", "::1", "localhost"].contains(host)
    if isInsecure && !isLocal {
      throw ValidationError("--insecure-http is for the loopback only: tokens would be readable on the way to \(host).")
    }
    if original.options.authModes.contains(.server) && !isLocal && !original.allowUnauthenticatedNetwork {
      throw ValidationError(
        "--auth-mode server on \(host) would let everybody who reaches it run programs on this machine. Use --auth-mode client with a token, "
          + "listen on 127.0.0.1, or say --allow-unauthenticated-network.")
    }
  }

  private var isInsecure: Bool { insecureHTTP || !original.secure }

  private func address() throws -> (host: String, port: Int) {
    let address = try listenAddress()
    return (address.host, original.port ?? address.port)
  }

  private func listenAddress() throws -> (host: String, port: Int) {
    let problem = ValidationError("--listen must be HOST:PORT, as 127.0.0.1:2746 or [::1]:2746. Received: \(listen)")
    guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]), (0...65_535).contains(port) else {
      throw problem
    }
    var host = String(listen[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) } else if host.contains(":") { throw problem }
    return (host.isEmpty ? "0.0.0.0" : host, port)
  }

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    var options = ServerOptions()
    options.data = data
    (options.host, options.port) = try address()
    (options.certificate, options.key, options.names) = (tlsCert, tlsKey, tlsName)
    options.isInsecure = isInsecure
    options.maximumPods = maxPods
    options.audit = audit
    (options.terraformVersions, options.terraformDays) = (tfstateVersions, tfstateDays)
    options.log = log
    options.argo = original.options
    for remark in original.remarks { dependencies.errors.write("\(dependencies.program): \(remark)\n") }
    return await dependencies.server(options)
  }
}
