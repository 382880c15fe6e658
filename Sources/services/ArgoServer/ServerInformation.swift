package import Contracts
package import JSONValue
internal import KubeModel

/// What the server tells of itself and of who asks.
package struct ServerInformation: Sendable {
  /// The version as clients of Argo compare it: Argo's, whose behaviour this is, and this program's behind a `+`.
  package var version: String
  /// Empty where the build did not say.
  package var commit: String
  package var buildDate: String
  /// What it was built with: `swift6.3`.
  package var compiler: String
  package var platform: String
  /// Who makes the tokens of service accounts (`iss`).
  package var issuer: String
  /// The only namespace that is served; empty: all.
  package var managedNamespace: String
  /// The schemes that links may have.
  package var linkProtocols: Set<String>
  /// Links, columns and the colour of the user interface, from the controller's configuration; its keys `links`, `columns` and `navColor`.
  package var interface: @Sendable () -> JSON
  /// Is told the names of events that clients report. Quick.
  package var track: @Sendable (_ name: String, _ user: UserInfo) -> Void

  package init(
    version: String, commit: String = "", buildDate: String = "", compiler: String, platform: String, issuer: String,
    managedNamespace: String = "", linkProtocols: Set<String> = ["http", "https"],
    interface: @escaping @Sendable () -> JSON = { [:] }, track: @escaping @Sendable (_ name: String, _ user: UserInfo) -> Void = { _, _ in }
  ) {
    self.version = version
    self.commit = commit
    self.buildDate = buildDate
    self.compiler = compiler
    self.platform = platform
    self.issuer = issuer
    self.managedNamespace = managedNamespace
    self.linkProtocols = linkProtocols
    self.interface = interface
    self.track = track
  }

  /// `Version` of Argo's API. Of a build without a commit the tree's state is not known.
  package var versionDocument: JSON {
    [
      "version": .string(version), "buildDate": .string(buildDate), "gitCommit": .string(commit), "gitTag": "",
      "gitTreeState": .string(commit.isEmpty ? "" : "clean"), "goVersion": "", "compiler": .string(compiler), "platform": .string(platform),
    ]
  }

  /// `InfoResponse`: what a user interface is set up with.
  package var infoDocument: JSON {
    let interface = interface()
    var result: JSONObject = ["modals": ["feedback": false, "firstTimeUser": false, "newVersion": false]]
    if !managedNamespace.isEmpty { result["managedNamespace"] = .string(managedNamespace) }
    for member in ["columns", "navColor"] {
      if let value = interface[member], !value.isNull { result[member] = value }
    }
    // A link runs in the page that shows it: what is no address of an allowed scheme is not passed on.
    let links = (interface["links"]?.array ?? []).filter { link in
      let scheme = (link["url"]?.string ?? "").prefix { $0 != ":" && $0 != "/" }.lowercased()
      return linkProtocols.contains(scheme)
    }
    if !links.isEmpty { result["links"] = .array(links) }
    return .object(result)
  }

  /// `GetUserInfoResponse`: whom the server takes the sender for.
  package func userDocument(_ user: UserInfo) -> JSON {
    guard user.name != UserInfo.anonymous.name else { return [:] }
    var result: JSONObject = ["subject": .string(user.name)]
    let parts = user.name.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
    if parts.count == 4, parts[0] == "system", parts[1] == "serviceaccount" {
      result["issuer"] = .string(issuer)
      result["serviceAccountNamespace"] = .string(parts[2])
      result["serviceAccountName"] = .string(parts[3])
    } else {
      result["issuer"] = "kubernetes/cert"
      if !user.groups.isEmpty { result["groups"] = .array(user.groups.map { .string($0) }) }
    }
    return .object(result)
  }
}
