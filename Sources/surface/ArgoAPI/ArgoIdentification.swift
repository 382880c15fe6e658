internal import Contracts
internal import KubeModel

/// Finds out who sends a request, in Argo's ways: `Authorization: Bearer`, `Authorization: Basic` with a token as the password, a cookie `authorization`.
struct ArgoIdentification: Sendable {
  private let settings: ArgoSettings
  private let authenticator: any Authenticating

  init(_ settings: ArgoSettings, authenticator: any Authenticating) {
    self.settings = settings
    self.authenticator = authenticator
  }

  /// The user; nil: the server is to look at the client's certificate. Throws `unauthorized`, and `forbidden` for what a page of another site had a browser send.
  ///
  /// With both modes a token or a certificate is the client's, and without one the server's rights count (Argo: `server/auth.Modes.GetMode`).
  func user(of request: UnadmittedRequest) throws(KubeStatus) -> UserInfo? {
    let credentials = ArgoCredentials(request.fields)
    if settings.modes.contains(.client), credentials.isGiven {
      if credentials.isCookie { try checkOrigin(request) }
      guard let token = credentials.token else { throw Self.refusal }
      return try authenticator.authenticate(.bearer(token))
    }
    guard settings.modes.contains(.server), !(settings.modes.contains(.client) && request.hasCertificate) else { return nil }
    try checkOrigin(request)
    try checkHost(request)
    return settings.serverUser
  }

  private static var refusal: KubeStatus { KubeStatus(.unauthorized, KubeStatus.tokenNotValid) }

  /// Where the browser, and not its user, shows who he is, a page of another site must not act for him. Programs send no `Origin`.
  private func checkOrigin(_ request: UnadmittedRequest) throws(KubeStatus) {
    let origin = request.fields["origin"]
    if let origin, origin == settings.allowedOrigin, origin != "*" { return }
    if request.fields["sec-fetch-site"]?.lowercased() == "cross-site",
      request.method != "GET" || request.fields["sec-fetch-mode"] == "no-cors"
    {
      throw KubeStatus(.forbidden, "requests of pages of another site are not taken")
    }
    guard let origin else { return }
    let host = request.fields["host"] ?? ""
    guard origin.lowercased() == "https://\(host.lowercased())" || origin.lowercased() == "http://\(host.lowercased())" else {
      throw KubeStatus(.forbidden, "requests of pages of another origin are not taken: \(String(origin.prefix(200)))")
    }
  }

  /// A name that another site made to point here is no name of this server's.
  private func checkHost(_ request: UnadmittedRequest) throws(KubeStatus) {
    guard !settings.servesEveryHost, let field = request.fields["host"] else { return }
    let host = Self.name(ofHost: field)
    let isAddress = host.contains(":") || host.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
    guard isAddress || host == "localhost" || host.hasSuffix(".localhost") || settings.hosts.contains(host) else {
      throw KubeStatus(.forbidden, "this server is not called \(String(host.prefix(200))): without a token it answers to localhost only")
    }
  }

  /// `Host` without the port, in lower case.
  static func name(ofHost field: String) -> String {
    let field = field.lowercased()
    if field.hasPrefix("["), let end = field.firstIndex(of: "]") { return String(field[field.index(after: field.startIndex)..<end]) }
    guard let colon = field.lastIndex(of: ":"), field.firstIndex(of: ":") == colon else { return field }
    return String(field[..<colon])
  }
}

/// What a request shows of its sender in header fields.
struct ArgoCredentials: Sendable, Hashable {
  /// Something was shown, good or not.
  var isGiven = false
  /// The token; nil: what was shown is none.
  var token: String?
  /// A browser sent it by itself.
  var isCookie = false

  init(_ fields: HeaderFields) {
    if let field = fields["authorization"], !field.isEmpty {
      isGiven = true
      token = Self.token(field)
      return
    }
    for (name, field) in fields.all where name.lowercased() == "cookie" {
      for pair in field.split(separator: ";") {
        let parts = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "authorization", !parts[1].isEmpty else { continue }
        isGiven = true
        isCookie = true
        if let found = Self.token(Self.cookieValue(parts[1])) {
          token = found
          return
        }
      }
    }
  }

  /// The token of `Bearer <token>`, and of `Basic <base64>` where it is the password, or the name when there is no password.
  static func token(_ field: String) -> String? {
    if let basic = BasicCredentials(field) {
      let token = basic.password.flatMap { $0.isEmpty ? nil : $0 } ?? basic.name
      return token.isEmpty ? nil : token
    }
    let parts = field.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
    let token = parts[1].drop { $0 == " " }
    return token.isEmpty ? nil : String(token)
  }

  /// Without quotes, and with a space where it is written as `%20`.
  private static func cookieValue(_ text: Substring) -> String {
    var text = text
    if text.hasPrefix("\""), text.hasSuffix("\""), text.utf8.count >= 2 { text = text.dropFirst().dropLast() }
    guard let space = text.firstRange(of: "%20") else { return String(text) }
    return text[..<space.lowerBound] + " " + text[space.upperBound...]
  }
}
