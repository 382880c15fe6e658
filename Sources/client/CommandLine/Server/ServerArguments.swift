import ArgoClient
import ArgumentParser
import Basics

/// The flags by which a command finds its server, the same for all commands (spec section 6, "Global flags"). Each that has a value may also be
/// given as an environment variable `ARGO_…`.
struct ServerArguments: ParsableArguments {
  @Option(
    name: [.customShort("n"), .long], help: ArgumentHelp("The namespace ($ARGO_NAMESPACE).", valueName: "namespace"))
  var namespace: String?

  @Option(name: [.customShort("s"), .long], help: ArgumentHelp("The server ($ARGO_SERVER).", valueName: "host:port"))
  var argoServer: String?

  @Option(help: ArgumentHelp("A bearer token ($ARGO_TOKEN).", valueName: "token"))
  var token: String?

  @Flag(
    name: [.customShort("e"), .long], inversion: .prefixedNo, help: ArgumentHelp("The server has TLS ($ARGO_SECURE).", visibility: .hidden))
  var secure: Bool?

  @Flag(
    name: [.customShort("k"), .customLong("insecure-skip-verify"), .customLong("insecure-skip-tls-verify")],
    help: "Take any certificate of the server ($ARGO_INSECURE_SKIP_VERIFY).")
  var insecureSkipVerify = false

  @Option(help: ArgumentHelp("The kubeconfig file ($KUBECONFIG).", valueName: "file"), completion: .file())
  var kubeconfig: String?

  @Option(help: ArgumentHelp("The context of the kubeconfig.", valueName: "name"))
  var context: String?

  @Option(
    name: [.customShort("H"), .customLong("header")], parsing: .singleValue,
    help: ArgumentHelp("A further header of every request; may be given often.", valueName: "name: value"))
  var headers: [String] = []

  @Option(name: .customLong("instanceid"), help: ArgumentHelp("The controller's instance ID ($ARGO_INSTANCEID).", valueName: "id"))
  var instanceID: String?

  @Option(help: ArgumentHelp("How long one request may take: 10s, 2m; 0 is for ever.", valueName: "duration"))
  var requestTimeout: String?

  @OptionGroup(visibility: .hidden) var cluster: ClusterArguments
  @OptionGroup(visibility: .hidden) var logging: LoggingArguments

  /// The flags of kubectl that change what a kubeconfig says.
  struct ClusterArguments: ParsableArguments {
    @Option(help: .hidden) var argoBaseHref: String?
    @Flag(name: .customLong("argo-http1"), inversion: .prefixedNo, help: .hidden) var argoHTTP1: Bool?
    @Option(help: .hidden) var cluster: String?
    @Option(help: .hidden) var user: String?
    @Option(help: .hidden) var server: String?
    @Option(help: .hidden, completion: .file()) var certificateAuthority: String?
    @Option(help: .hidden, completion: .file()) var clientCertificate: String?
    @Option(help: .hidden, completion: .file()) var clientKey: String?
    @Option(help: .hidden) var tlsServerName: String?
    @Option(name: .customLong("proxy-url"), help: .hidden) var proxyURL: String?
    @Option(help: .hidden) var username: String?
    @Option(help: .hidden) var password: String?
    @Option(name: .customLong("as"), help: .hidden) var asUser: String?
    @Option(name: .customLong("as-group"), parsing: .singleValue, help: .hidden) var asGroups: [String] = []
    @Option(name: .customLong("as-uid"), help: .hidden) var asUID: String?
    @Flag(name: .customLong("disable-compression"), help: .hidden) var disableCompression = false
  }

  /// The original's flags of its own log, which this program does not write.
  struct LoggingArguments: ParsableArguments {
    @Option(help: .hidden) var loglevel: String?
    @Option(help: .hidden) var gloglevel: String?
    @Option(help: .hidden) var logFormat: String?
    @Flag(name: [.customShort("v"), .long], help: .hidden) var verbose = false
  }

  /// What the flags and the environment say.
  func options(_ environment: (String) -> String?) -> ConnectionOptions {
    func value(_ flag: String?, _ variable: String) -> String { flag ?? environment("ARGO_\(variable)") ?? "" }
    var options = ConnectionOptions()
    options.argoServer = value(argoServer, "SERVER")
    options.baseHref = value(cluster.argoBaseHref, "BASE_HREF")
    options.isSecure = secure ?? (environment("ARGO_SECURE") != "false")
    options.skipsVerification = insecureSkipVerify || environment("ARGO_INSECURE_SKIP_VERIFY") == "true"
    options.token = value(token, "TOKEN")
    options.headers = headers
    options.namespace = value(namespace, "NAMESPACE")
    options.instanceID = value(instanceID, "INSTANCEID")
    options.kubeconfig = value(kubeconfig, "KUBECONFIG")
    options.context = value(context, "CONTEXT")
    options.cluster = value(cluster.cluster, "CLUSTER")
    options.user = value(cluster.user, "USER")
    options.server = cluster.server ?? ""
    options.certificateAuthority = value(cluster.certificateAuthority, "CERTIFICATE_AUTHORITY")
    options.clientCertificate = value(cluster.clientCertificate, "CLIENT_CERTIFICATE")
    options.clientKey = value(cluster.clientKey, "CLIENT_KEY")
    options.tlsServerName = value(cluster.tlsServerName, "TLS_SERVER_NAME")
    options.proxyURL = value(cluster.proxyURL, "PROXY_URL")
    options.username = value(cluster.username, "USERNAME")
    options.password = value(cluster.password, "PASSWORD")
    options.requestTimeout = value(requestTimeout, "REQUEST_TIMEOUT")
    options.impersonatedUser = value(cluster.asUser, "AS")
    options.impersonatedGroups = cluster.asGroups
    options.impersonatedUID = value(cluster.asUID, "AS_UID")
    return options
  }
}
