import Basics
import Contracts
import HTTPAccess
import JSONValue

/// The places where AWS' own clients look for credentials, in their order: the profile that `AWS_PROFILE` names, keys in the environment, a web
/// identity, the default profile, the container's endpoint, the machine's. The machine's metadata service is asked only where the environment
/// names it: a workstation that has none would wait for it in vain.
struct AWSCredentialChain {
  let environment: @Sendable (String) -> String?
  let http: HTTPFetcher
  let region: String

  /// nil when nobody has any.
  func credentials() throws(ServiceFailure) -> AWSCredentials? {
    if environment("AWS_PROFILE") == nil {
      if let access = environment("AWS_ACCESS_KEY_ID"), let secret = environment("AWS_SECRET_ACCESS_KEY") {
        return AWSCredentials(accessKey: access, secretKey: secret, sessionToken: environment("AWS_SESSION_TOKEN"))
      }
      if let found = try webIdentity() { return found }
    }
    let profiles = AWSProfiles(environment)
    if let found = try credentials(of: profiles.chosen, in: profiles, depth: 0) { return found }
    if environment("AWS_PROFILE") != nil {
      throw ServiceFailure(.failed("the AWS profile \"\(profiles.chosen)\" has no credentials that can be used here"))
    }
    return try machineCredentials()
  }

  /// What the machine gives without any configuration of a user.
  func machineCredentials() throws(ServiceFailure) -> AWSCredentials? {
    if let found = try webIdentity() { return found }
    if let found = try container() { return found }
    return try instance()
  }

  private func credentials(of name: String, in profiles: AWSProfiles, depth: Int) throws(ServiceFailure) -> AWSCredentials? {
    let profile = profiles.values(of: name)
    if let role = profile["role_arn"] {
      if let file = profile["web_identity_token_file"] {
        return try assume(role: role, tokenFile: file, session: profile["role_session_name"])
      }
      guard let source = profile["source_profile"], depth < 5 else {
        throw ServiceFailure(.failed("the AWS profile \"\(name)\" has a role_arn without a source_profile that can be used here"))
      }
      // A profile may be its own source: then its keys are meant.
      let base =
        source == name ? Self.keys(of: profile) : try credentials(of: source, in: profiles, depth: depth + 1)
      guard let base else { throw ServiceFailure(.failed("the AWS profile \"\(source)\" has no credentials")) }
      return try assume(role: role, with: base, session: profile["role_session_name"])
    }
    if let keys = Self.keys(of: profile) { return keys }
    for unsupported in ["credential_process", "sso_session", "sso_start_url"] where profile[unsupported] != nil {
      throw ServiceFailure(.failed("the AWS profile \"\(name)\" uses \(unsupported), which is not supported; give it keys or a role_arn"))
    }
    return nil
  }

  private static func keys(of profile: [String: String]) -> AWSCredentials? {
    guard let access = profile["aws_access_key_id"], let secret = profile["aws_secret_access_key"] else { return nil }
    return AWSCredentials(accessKey: access, secretKey: secret, sessionToken: profile["aws_session_token"])
  }

  // MARK: - Security token service

  /// `AssumeRole`, for the SDK's quarter of an hour.
  func assume(role: String, with base: AWSCredentials, session: String? = nil) throws(ServiceFailure) -> AWSCredentials {
    try token([("Action", "AssumeRole"), ("DurationSeconds", "900")] + common(role, session), signer: base)
  }

  private func webIdentity() throws(ServiceFailure) -> AWSCredentials? {
    guard let file = environment("AWS_WEB_IDENTITY_TOKEN_FILE"), let role = environment("AWS_ROLE_ARN") else { return nil }
    return try assume(role: role, tokenFile: file, session: environment("AWS_ROLE_SESSION_NAME"))
  }

  private func assume(role: String, tokenFile: String, session: String?) throws(ServiceFailure) -> AWSCredentials {
    guard let text = Files.text(tokenFile) else { throw ServiceFailure(.failed("cannot read the web identity token \(tokenFile)")) }
    let token = text.filter { !$0.isWhitespace }
    return try self.token([("Action", "AssumeRoleWithWebIdentity"), ("WebIdentityToken", token)] + common(role, session), signer: nil)
  }

  private func common(_ role: String, _ session: String?) -> [(name: String, value: String)] {
    [("Version", "2011-06-15"), ("RoleArn", role), ("RoleSessionName", session ?? "argosy")]
  }

  private func token(_ parameters: [(name: String, value: String)], signer: AWSCredentials?) throws(ServiceFailure) -> AWSCredentials {
    let endpoint = environment("AWS_ENDPOINT_URL_STS") ?? environment("AWS_ENDPOINT_URL") ?? "https://sts.\(region).amazonaws.com"
    guard let parts = URLParts(endpoint) else { throw ServiceFailure(.failed("the endpoint of STS is no URL")) }
    var request = HTTPRequest(method: "POST", url: "\(parts.scheme)://\(parts.authority)/")
    request.body = Array(URLText.form(parameters).utf8)
    request.headers = [("host", parts.authority), ("content-type", "application/x-www-form-urlencoded")]
    request.followsRedirects = false
    if let signer {
      let signed = SignatureV4.Request(
        method: "POST", path: "/", headers: request.headers, payload: Digest.hex(Digest.sha256(request.body)))
      request.headers = SignatureV4(credentials: signer, region: region, service: "sts").signed(signed, at: SystemClock.now())
    }
    let reply = try fetch(request)
    guard reply.status == 200, let found = Self.find("Credentials", in: XMLElement.parse(reply.body)) else {
      var failure = ServiceFailure(
        .status(reply.status, String(decoding: reply.body.prefix(4096), as: UTF8.self)), transientCodes: S3Client.transientCodes)
      failure.message = "the role cannot be assumed: " + failure.message
      throw failure
    }
    return AWSCredentials(
      accessKey: found.text("AccessKeyId"), secretKey: found.text("SecretAccessKey"), sessionToken: found.text("SessionToken"))
  }

  private static func find(_ name: String, in element: XMLElement?) -> XMLElement? {
    guard let element else { return nil }
    if element.name == name { return element }
    for child in element.children { if let found = find(name, in: child) { return found } }
    return nil
  }

  // MARK: - Endpoints of the machine

  private func container() throws(ServiceFailure) -> AWSCredentials? {
    let url = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").map { "http://169.254.170.2" + $0 }
    guard let url = url ?? environment("AWS_CONTAINER_CREDENTIALS_FULL_URI") else { return nil }
    var request = HTTPRequest(url: url)
    let file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").flatMap { Files.text($0) }
    if let token = file ?? environment("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
      request.headers.append(("Authorization", token.filter { !$0.isNewline }))
    }
    return try document(request, "the container's credentials")
  }

  private func instance() throws(ServiceFailure) -> AWSCredentials? {
    guard var base = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT"), environment("AWS_EC2_METADATA_DISABLED")?.lowercased() != "true"
    else { return nil }
    while base.hasSuffix("/") { base.removeLast() }
    var ask = HTTPRequest(method: "PUT", url: base + "/latest/api/token")
    ask.headers = [("X-aws-ec2-metadata-token-ttl-seconds", "21600")]
    let token = try fetch(ask)
    let header = token.status == 200 ? [(name: "X-aws-ec2-metadata-token", value: String(decoding: token.body, as: UTF8.self))] : []
    let path = base + "/latest/meta-data/iam/security-credentials/"
    var list = HTTPRequest(url: path)
    list.headers = header
    let roles = try fetch(list)
    guard roles.status == 200, let role = String(decoding: roles.body, as: UTF8.self).split(whereSeparator: \.isWhitespace).first else {
      return nil
    }
    var request = HTTPRequest(url: path + role)
    request.headers = header
    return try document(request, "the machine's credentials")
  }

  private func document(_ request: HTTPRequest, _ what: String) throws(ServiceFailure) -> AWSCredentials {
    let reply = try fetch(request)
    guard reply.status == 200, let json = try? JSON.parse(String(decoding: reply.body, as: UTF8.self)),
      let access = json["AccessKeyId"]?.string, let secret = json["SecretAccessKey"]?.string
    else {
      throw ServiceFailure(status: reply.status, message: "\(what) cannot be had", isTransient: reply.status >= 500)
    }
    return AWSCredentials(accessKey: access, secretKey: secret, sessionToken: json["Token"]?.string)
  }

  private func fetch(_ request: HTTPRequest) throws(ServiceFailure) -> HTTPReply {
    var request = request
    request.limit = TimeSpan(seconds: 30)
    do { return try http.fetch(request, bodyLimit: 1 << 20) } catch {
      throw ServiceFailure(error, transientCodes: S3Client.transientCodes)
    }
  }
}

/// The files `~/.aws/credentials` and `~/.aws/config`, read anew each time.
struct AWSProfiles {
  let chosen: String
  private var sections: [String: [String: String]] = [:]

  init(_ environment: (String) -> String?) {
    chosen = environment("AWS_PROFILE") ?? "default"
    let home = environment("HOME").map { $0 + "/.aws/" }
    let paths = [
      environment("AWS_CONFIG_FILE") ?? home.map { $0 + "config" },
      environment("AWS_SHARED_CREDENTIALS_FILE") ?? home.map { $0 + "credentials" },
    ]
    // The credentials file wins over the other.
    for path in paths {
      guard let path, let text = Files.text(path) else { continue }
      for (name, values) in INIFile.sections(text) { sections[name, default: [:]].merge(values) { $1 } }
    }
  }

  func values(of profile: String) -> [String: String] { sections[profile] ?? [:] }
}
