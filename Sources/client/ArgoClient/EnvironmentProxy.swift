/// The proxy that the environment names for a server, as Go's programs take it: `HTTPS_PROXY` or `HTTP_PROXY` by the URL's scheme, in capitals or not,
/// unless `NO_PROXY` has the host. This machine is never reached by a proxy.
enum EnvironmentProxy {
  static func url(for server: String, _ environment: (String) -> String?) -> String? {
    guard let slashes = server.firstRange(of: "://") else { return nil }
    let scheme = server[..<slashes.lowerBound].lowercased()
    let authority = server[slashes.upperBound...].prefix { $0 != "/" && $0 != "?" }
    let host = withoutPort(authority.split(separator: "@").last ?? "").lowercased()
    if host == "localhost" || host.hasPrefix("127.") || host == "::1" { return nil }
    func value(_ name: String) -> String? {
      [name, name.lowercased()].lazy.compactMap(environment).first { !$0.isEmpty }
    }
    for entry in (value("NO_PROXY") ?? "").split(separator: ",") {
      let word = withoutPort(entry.drop { $0 == " " || $0 == "*" }.prefix { $0 != " " }).lowercased()
      if entry.contains("*") && word.isEmpty { return nil }
      let name = word.drop { $0 == "." }
      if !name.isEmpty, host == name || host.hasSuffix("." + name) { return nil }
    }
    guard let proxy = value(scheme == "https" ? "HTTPS_PROXY" : "HTTP_PROXY") else { return nil }
    return proxy.contains("://") ? proxy : "http://" + proxy
  }

  private static func withoutPort(_ authority: some StringProtocol) -> String {
    if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
    return String(authority.prefix { $0 != ":" })
  }
}
