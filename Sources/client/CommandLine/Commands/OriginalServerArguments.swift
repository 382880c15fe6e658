import ArgumentParser

/// How the routes of Argo's API behave, by the flags of `argo server`.
package struct ArgoServerOptions: Sendable, Hashable {
  /// How a client of Argo's API may log in.
  package enum AuthMode: String, Sendable, Hashable, CaseIterable {
    /// By a token or certificate of its own, with its own rights.
    case client
    /// Not at all: everybody who reaches the server has the server's rights.
    case server
  }

  /// In the order given; one at least.
  package var authModes: [AuthMode] = [.client]
  /// The path below which the server is reached from outside, `/` where none; begins and ends with a slash.
  package var baseHref = "/"
  /// The only namespace that Argo's API shows; nil: all.
  package var managedNamespace: String?
  /// Requests a second of one address to Argo's API.
  package var rateLimit = 1000
  /// The header `X-Frame-Options` of answers.
  package var frameOptions = "DENY"
  /// The header `Access-Control-Allow-Origin` of answers; nil: none.
  package var allowedOrigin: String?
  /// Schemes that links in `info` may have.
  package var linkProtocols = ["http", "https"]
  /// Whether an event is answered before it is dispatched.
  package var dispatchesEventsLater = false
  package var eventWorkers = 4
  package var eventQueueSize = 16
  package init() {}
}

/// The flags of the original's `server` beside those that Argosy has under other names.
struct OriginalServerArguments: ParsableArguments {
  @Option(name: [.short, .long], help: ArgumentHelp("The port to listen on; in place of --listen.", valueName: "port"))
  var port: Int?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "How clients log in to Argo's API: client (by token), server (not at all) or hybrid (both); may be given often.", valueName: "mode")
  )
  var authMode: [String] = []

  @Flag(help: "Let --auth-mode server be on an address that others reach: everybody there may do everything.")
  var allowUnauthenticatedNetwork = false

  @Flag(name: [.customShort("e"), .long], inversion: .prefixedNo, help: "TLS; --secure=false is --insecure-http.")
  var secure = true

  @Option(help: ArgumentHelp("The path below which a proxy serves this server.", valueName: "path"))
  var baseHref = "/"

  @Flag(help: "Show one namespace only in Argo's API.")
  var namespaced = false

  @Option(help: ArgumentHelp("The namespace of --namespaced.", valueName: "namespace"))
  var managedNamespace: String?

  @Option(
    name: [.customShort("n"), .long],
    help: ArgumentHelp("The namespace of --namespaced where --managed-namespace names none.", valueName: "namespace"))
  var namespace: String?

  @Option(help: ArgumentHelp("Requests a second of one address to Argo's API.", valueName: "n"))
  var apiRateLimit = 1000

  @Option(name: .customLong("x-frame-options"), help: ArgumentHelp("The header X-Frame-Options.", valueName: "text"))
  var frameOptions = "DENY"

  @Option(help: ArgumentHelp("The header Access-Control-Allow-Origin.", valueName: "origin"))
  var accessControlAllowOrigin = ""

  @Option(parsing: .singleValue, help: ArgumentHelp("A scheme that links may have; may be given often.", valueName: "scheme"))
  var allowedLinkProtocol: [String] = []

  @Flag(inversion: .prefixedNo, help: "Answer events before they are dispatched.")
  var eventAsyncDispatch = false

  @Option(help: ArgumentHelp("Events that are dispatched at once.", valueName: "n"))
  var eventWorkerCount = 4

  @Option(help: ArgumentHelp("Events that may wait.", valueName: "n"))
  var eventOperationQueueSize = 16

  // What has no meaning here; it is accepted and said once.
  @Option(help: .hidden) var configmap: String?
  @Option(help: .hidden) var tlsCertificateSecretName: String?
  @Flag(inversion: .prefixedNo, help: .hidden) var hsts = true
  @Flag(name: [.customShort("b"), .long], help: .hidden) var browser = false
  @Option(name: .customLong("kube-api-qps"), help: .hidden) var kubeQPS: Double?
  @Option(name: .customLong("kube-api-burst"), help: .hidden) var kubeBurst: Int?
  @Option(help: .hidden) var logFormat: String?
  @Option(help: .hidden) var loglevel: String?

  func validate() throws {
    for mode in authMode where mode != "hybrid" && ArgoServerOptions.AuthMode(rawValue: mode) == nil {
      if mode == "sso" {
        throw ValidationError("--auth-mode \(mode): this server has no single sign-on. Use client, with a token, or server.")
      }
      throw ValidationError("--auth-mode must be client or server. Received: \(mode)")
    }
    if let port, !(0...65_535).contains(port) { throw ValidationError("--port must be from 0 to 65535. Received: \(port)") }
    for (name, value) in [
      ("--api-rate-limit", apiRateLimit), ("--event-worker-count", eventWorkerCount),
      ("--event-operation-queue-size", eventOperationQueueSize),
    ] where value < 1 { throw ValidationError("\(name) must be 1 or more. Received: \(value)") }
    guard baseHref.hasPrefix("/") else { throw ValidationError("--base-href must begin with a slash. Received: \(baseHref)") }
    for header in [frameOptions, accessControlAllowOrigin] where header.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
      throw ValidationError("a header's value must be one line of text.")
    }
  }

  var options: ArgoServerOptions {
    var result = ArgoServerOptions()
    let modes = authMode.flatMap {
      $0 == "hybrid" ? ArgoServerOptions.AuthMode.allCases : [ArgoServerOptions.AuthMode(rawValue: $0)].compactMap(\.self)
    }
    if !modes.isEmpty { result.authModes = modes }
    result.baseHref = baseHref.hasSuffix("/") ? baseHref : baseHref + "/"
    if namespaced { result.managedNamespace = managedNamespace ?? namespace ?? "default" }
    (result.rateLimit, result.frameOptions) = (apiRateLimit, frameOptions)
    if !accessControlAllowOrigin.isEmpty { result.allowedOrigin = accessControlAllowOrigin }
    if !allowedLinkProtocol.isEmpty { result.linkProtocols = allowedLinkProtocol }
    result.dispatchesEventsLater = eventAsyncDispatch
    (result.eventWorkers, result.eventQueueSize) = (eventWorkerCount, eventOperationQueueSize)
    return result
  }

  /// What was given and has no effect, as lines.
  var remarks: [String] {
    var result: [String] = []
    if let configmap, configmap != "workflow-controller-configmap" {
      result.append("--configmap \(configmap): the configuration is always read from workflow-controller-configmap")
    }
    if tlsCertificateSecretName != nil { result.append("--tls-certificate-secret-name: use --tls-cert FILE and --tls-key FILE") }
    if browser { result.append("--browser: there is no page to open") }
    if kubeQPS != nil || kubeBurst != nil { result.append("--kube-api-qps and --kube-api-burst: there is no other API server to ask") }
    if logFormat != nil || loglevel != nil {
      result.append("--log-format and --loglevel: the log is lines of JSON; --log says of which requests")
    }
    if !namespaced && managedNamespace != nil { result.append("--managed-namespace: without --namespaced it is ignored, as by Argo") }
    return result
  }
}

extension OriginalServerArguments {
  /// The flags that an environment variable may stand for, as `ARGO_BASE_HREF` for `--base-href`; with their short names.
  private static let variables: [(name: String, short: String?)] = [
    ("port", "-p"), ("auth-mode", nil), ("secure", "-e"), ("base-href", nil), ("namespaced", nil), ("managed-namespace", nil),
    ("api-rate-limit", nil), ("x-frame-options", nil), ("access-control-allow-origin", nil), ("event-async-dispatch", nil),
    ("event-worker-count", nil), ("event-operation-queue-size", nil),
  ]

  /// The flags that the environment adds to arguments of `server`.
  static func flags(besides arguments: [String], _ environment: (String) -> String?) -> [String] {
    let given = variables.compactMap { name, short -> String? in
      let variable = "ARGO_" + name.uppercased().replacing("-", with: "_")
      guard let value = environment(variable), !value.isEmpty else { return nil }
      let isGiven = arguments.contains { word in
        word == "--\(name)" || word == "--no-\(name)" || word.hasPrefix("--\(name)=") || (short.map(word.hasPrefix) ?? false)
      }
      return isGiven ? nil : "--\(name)=\(value)"
    }
    return CobraSpelling.spelled(given, for: ServerCommand.self)
  }
}
