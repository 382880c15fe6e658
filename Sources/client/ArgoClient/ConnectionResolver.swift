import Basics
import HTTPAccess
import JSONValue

/// Finds the server that a command is about (docs/argo-cli.md):
///
/// 1. `--argo-server`, `ARGO_SERVER` or `--server` name it;
/// 2. a kubeconfig that is named (`--kubeconfig`, `KUBECONFIG`, `--context`, `--cluster`, `--user`) has it in its context;
/// 3. the data directory of this machine has the record of one;
/// 4. `~/.kube/config` has it in its current context.
///
/// Who one is: `--token`, `ARGO_TOKEN`, `--username`; a client certificate that is named; what the kubeconfig says of the user; the
/// administrator's certificate of the data directory, for this machine's own server.
package struct ConnectionResolver: Sendable {
  private let options: ConnectionOptions
  private let environment: @Sendable (String) -> String?
  private let local: @Sendable () throws -> LocalServer?

  /// - Parameter local: the server of the usual data directory, or of `options.data`; nil when there is none.
  package init(
    _ options: ConnectionOptions, environment: @escaping @Sendable (String) -> String?, local: @escaping @Sendable () throws -> LocalServer?
  ) {
    self.options = options
    self.environment = environment
    self.local = local
  }

  /// Reads files, so call it from a thread that may wait. Nil when there is no server to be found; throws what is wrong with what was given.
  package func resolve() throws(ClientFailure) -> ServerConnection? {
    let isNamedConfig =
      !options.kubeconfig.isEmpty || variable("KUBECONFIG") != nil || !options.context.isEmpty
      || !options.cluster.isEmpty || !options.user.isEmpty
    let config = try kubeconfig()
    let address = try namedAddress()
    var connection: ServerConnection
    if let address {
      connection = ServerConnection(url: address, origin: .named)
      try login(to: &connection, config, isNamedConfig: isNamedConfig)
    } else if isNamedConfig, let found = try fromKubeconfig(config, isRequired: !options.kubeconfig.isEmpty || !options.context.isEmpty) {
      connection = found
    } else if let server = try localServer() {
      connection = ServerConnection(url: server.url, origin: .local(directory: server.directory))
      use(server, &connection)
      if let context = config.contexts[config.currentContext], let cluster = cluster(config, context),
        Self.isSame(cluster.value["server"]?.string ?? "", server.url)
      {
        connection.namespace = namespace(context)
      }
    } else if !isNamedConfig, let found = try fromKubeconfig(config, isRequired: false) {
      connection = found
    } else {
      return nil
    }
    try overrides(&connection)
    return connection
  }

  // MARK: Where

  /// The address that is named, as a URL without a slash at its end.
  private func namedAddress() throws(ClientFailure) -> String? {
    let text = options.argoServer.isEmpty ? options.server : options.argoServer
    if text.isEmpty { return nil }
    var url = text
    if !text.hasPrefix("http://") && !text.hasPrefix("https://") {
      if text.contains("://") { throw ClientFailure("the server must be HOST:PORT. Received: \(text)", code: 3) }
      url = (options.isSecure ? "https://" : "http://") + text
    }
    let href = options.baseHref.split(separator: "/").joined(separator: "/")
    url = Self.withoutSlash(url)
    return href.isEmpty ? url : "\(url)/\(href)"
  }

  private func fromKubeconfig(_ config: Kubeconfig, isRequired: Bool) throws(ClientFailure) -> ServerConnection? {
    let name = options.context.isEmpty ? config.currentContext : options.context
    guard let context = config.contexts[name] else {
      if isRequired && !name.isEmpty { throw ClientFailure("context \"\(name)\" does not exist", code: 3) }
      if isRequired { throw ClientFailure("the kubeconfig has no current context: name one with --context", code: 3) }
      return nil
    }
    guard let cluster = cluster(config, context), let server = cluster.value["server"]?.string, !server.isEmpty else {
      throw ClientFailure("the kubeconfig's context \"\(name)\" has no cluster with a server", code: 3)
    }
    let href = options.baseHref.split(separator: "/").joined(separator: "/")
    var connection = ServerConnection(
      url: Self.withoutSlash(server) + (href.isEmpty ? "" : "/\(href)"), origin: .kubeconfig(context: name))
    connection.namespace = namespace(context)
    try use(cluster: cluster, &connection)
    if let user = user(config, context) { try use(user: user, &connection) }
    return connection
  }

  private func localServer() throws(ClientFailure) -> LocalServer? {
    do { return try local() } catch { throw ClientFailure("\(error)", code: 13) }
  }

  private func kubeconfig() throws(ClientFailure) -> Kubeconfig {
    if !options.kubeconfig.isEmpty {
      guard LocalFiles.exists(options.kubeconfig) else {
        throw ClientFailure("stat \(options.kubeconfig): no such file or directory", code: 3)
      }
      return try Kubeconfig.read([options.kubeconfig])
    }
    if let list = variable("KUBECONFIG") { return try Kubeconfig.read(list.split(separator: ":").map(String.init)) }
    guard let home = variable("HOME") else { return Kubeconfig() }
    return try Kubeconfig.read([home + "/.kube/config"])
  }

  private func cluster(_ config: Kubeconfig, _ context: Kubeconfig.Entry) -> Kubeconfig.Entry? {
    config.clusters[options.cluster.isEmpty ? context.value["cluster"]?.string ?? "" : options.cluster]
  }

  private func user(_ config: Kubeconfig, _ context: Kubeconfig.Entry) -> Kubeconfig.Entry? {
    config.users[options.user.isEmpty ? context.value["user"]?.string ?? "" : options.user]
  }

  private func namespace(_ context: Kubeconfig.Entry) -> String {
    context.value["namespace"]?.string.flatMap { $0.isEmpty ? nil : $0 } ?? "default"
  }

  // MARK: Who, and whom to trust

  /// What a server that was named by its address is shown: what else is known of the same server, or of its user.
  private func login(to connection: inout ServerConnection, _ config: Kubeconfig, isNamedConfig: Bool) throws(ClientFailure) {
    if !isNamedConfig, let server = try localServer(), Self.isSame(server.url, connection.url) {
      use(server, &connection)
      return
    }
    guard let context = config.contexts[options.context.isEmpty ? config.currentContext : options.context] else { return }
    connection.namespace = namespace(context)
    if let cluster = cluster(config, context), Self.isSame(cluster.value["server"]?.string ?? "", connection.url) {
      try use(cluster: cluster, &connection)
    }
    // Credentials of somebody else's cluster are not sent to a server that is merely the current context's neighbour.
    let isMeant = isNamedConfig || Self.isSame(cluster(config, context)?.value["server"]?.string ?? "", connection.url)
    if isMeant, let user = user(config, context) { try use(user: user, &connection) }
  }

  private func use(_ server: LocalServer, _ connection: inout ServerConnection) {
    connection.settings.tls.authorities = server.authority.map { Array($0.utf8) }
    connection.settings.tls.certificate = server.certificate.map { Array($0.utf8) }
    connection.settings.tls.key = server.key.map { Array($0.utf8) }
    connection.authorization = server.token.map { "Bearer \($0)" }
  }

  private func use(cluster: Kubeconfig.Entry, _ connection: inout ServerConnection) throws(ClientFailure) {
    connection.settings.tls.authorities = try data(cluster, "certificate-authority")
    connection.settings.tls.skipsVerification = cluster.value["insecure-skip-tls-verify"]?.bool ?? false
    connection.settings.serverName = cluster.value["tls-server-name"]?.string
    connection.settings.proxy = cluster.value["proxy-url"]?.string
  }

  private func use(user: Kubeconfig.Entry, _ connection: inout ServerConnection) throws(ClientFailure) {
    connection.settings.tls.certificate = try data(user, "client-certificate")
    connection.settings.tls.key = try data(user, "client-key")
    if let token = user.value["token"]?.string, !token.isEmpty {
      connection.authorization = "Bearer \(token)"
    } else if let path = user.value["tokenFile"]?.string, !path.isEmpty {
      let token = String(decoding: try file(path, below: user.directory), as: UTF8.self)
      connection.authorization = "Bearer \(token.split(whereSeparator: \.isWhitespace).joined())"
    } else if let name = user.value["username"]?.string, !name.isEmpty {
      connection.authorization = Self.basic(name, user.value["password"]?.string ?? "")
    } else if connection.settings.tls.certificate == nil, user.value["exec"] != nil || user.value["auth-provider"] != nil {
      throw ClientFailure("the kubeconfig's user logs in by a program, which is not supported here: give a token with --token", code: 3)
    }
    if let name = user.value["as"]?.string, !name.isEmpty { connection.headers.append(("Impersonate-User", name)) }
    for group in (user.value["as-groups"]?.array ?? []).compactMap(\.string) { connection.headers.append(("Impersonate-Group", group)) }
  }

  /// What flags and variables change in any connection.
  private func overrides(_ connection: inout ServerConnection) throws(ClientFailure) {
    if options.clientCertificate.isEmpty != options.clientKey.isEmpty {
      throw ClientFailure("--client-certificate and --client-key must be provided together", code: 3)
    }
    if !options.namespace.isEmpty { connection.namespace = options.namespace }
    connection.instanceID = options.instanceID
    if options.skipsVerification { connection.settings.tls.skipsVerification = true }
    if connection.settings.tls.skipsVerification { connection.settings.tls.authorities = nil }
    if !options.certificateAuthority.isEmpty {
      connection.settings.tls.authorities = try file(options.certificateAuthority)
    }
    if !options.tlsServerName.isEmpty { connection.settings.serverName = options.tlsServerName }
    if !options.proxyURL.isEmpty { connection.settings.proxy = options.proxyURL }
    connection.settings.proxy = connection.settings.proxy ?? EnvironmentProxy.url(for: connection.url, environment)
    let token = Self.authorization(options.token)
    let login = token ?? (options.username.isEmpty ? nil : Self.basic(options.username, options.password))
    if let login {
      connection.authorization = login
      // One is who the token says, not who the certificate at hand is of.
      connection.settings.tls.certificate = nil
      connection.settings.tls.key = nil
    }
    if !options.clientCertificate.isEmpty {
      connection.settings.tls.certificate = try file(options.clientCertificate)
      connection.settings.tls.key = try file(options.clientKey)
    }
    for text in options.headers {
      for header in text.split(separator: ",") {
        guard let colon = header.firstIndex(of: ":") else {
          throw ClientFailure("additional headers must be colon(:)-separated: \(header)", code: 3)
        }
        let value = header[header.index(after: colon)...].drop { $0 == " " }
        connection.headers.append((String(header[..<colon]), String(value)))
      }
    }
    if !options.impersonatedUser.isEmpty {
      connection.headers.removeAll { $0.name.hasPrefix("Impersonate-") }
      connection.headers.append(("Impersonate-User", options.impersonatedUser))
      for group in options.impersonatedGroups { connection.headers.append(("Impersonate-Group", group)) }
      if !options.impersonatedUID.isEmpty { connection.headers.append(("Impersonate-Uid", options.impersonatedUID)) }
    }
    connection.requestLimit = try Self.limit(options.requestTimeout)
  }

  // MARK: Values

  /// The value of an `Authorization` header; a token without a scheme is a bearer token. Nil when there is none.
  static func authorization(_ token: String) -> String? {
    let token = token.drop { $0 == " " }
    if token.isEmpty { return nil }
    return token.hasPrefix("Bearer ") || token.hasPrefix("Basic ") ? String(token) : "Bearer \(token)"
  }

  private static func basic(_ name: String, _ password: String) -> String {
    "Basic " + Base64.encode(Array("\(name):\(password)".utf8))
  }

  private static func limit(_ text: String) throws(ClientFailure) -> TimeSpan? {
    if text.isEmpty || text == "0" { return nil }
    if let seconds = Int64(text), seconds > 0, seconds < 1 << 40 { return TimeSpan(seconds: seconds) }
    guard let duration = try? GoDuration(parsing: text), duration.nanoseconds >= 0 else {
      throw ClientFailure("--request-timeout must be a duration such as 10s or 2m. Received: \(text)", code: 3)
    }
    return duration.nanoseconds == 0 ? nil : duration.timeSpan
  }

  /// A member that is a path (`client-key`) or the content itself (`client-key-data`, which counts more).
  private func data(_ entry: Kubeconfig.Entry, _ field: String) throws(ClientFailure) -> [UInt8]? {
    if let text = entry.value[field + "-data"]?.string, !text.isEmpty {
      guard let bytes = Base64.decode(text) else { throw ClientFailure("the kubeconfig's \(field)-data is no base64", code: 3) }
      return bytes
    }
    guard let path = entry.value[field]?.string, !path.isEmpty else { return nil }
    return try file(path, below: entry.directory)
  }

  private func file(_ path: String, below directory: String = ".") throws(ClientFailure) -> [UInt8] {
    do throws(FileError) {
      return try LocalFiles.read(path.hasPrefix("/") ? path : "\(directory)/\(path)", limit: 4 << 20)
    } catch {
      throw ClientFailure("\(error)", code: 3)
    }
  }

  private func variable(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }

  private static func withoutSlash(_ url: String) -> String { url.hasSuffix("/") ? withoutSlash(String(url.dropLast())) : url }

  /// Whether two URLs are of one server: this machine's own names are the same.
  static func isSame(_ left: String, _ right: String) -> Bool {
    func parts(_ url: String) -> (scheme: String, host: String, port: String)? {
      guard let slashes = url.firstRange(of: "://") else { return nil }
      let authority = url[slashes.upperBound...].prefix { $0 != "/" }
      let scheme = url[..<slashes.lowerBound].lowercased()
      let end = authority.hasPrefix("[") ? authority.lastIndex(of: "]").map { authority.index(after: $0) } : authority.firstIndex(of: ":")
      let host = authority[..<(end ?? authority.endIndex)].lowercased()
      let port = end.map { String(authority[$0...].drop { $0 == ":" }) } ?? ""
      return (scheme, ["127.0.0.1", "[::1]"].contains(host) ? "localhost" : host, port.isEmpty ? (scheme == "https" ? "443" : "80") : port)
    }
    guard let left = parts(left), let right = parts(right) else { return false }
    return left == right
  }
}
