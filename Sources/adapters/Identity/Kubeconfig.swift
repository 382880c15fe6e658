import Basics
import JSONValue
import KubeModel

/// One way into a server, as a kubeconfig holds it: a cluster, a user, and the context that joins them.
package struct KubeconfigEntry: Sendable, Hashable {
  package enum Login: Sendable, Hashable {
    /// A client certificate and its key in PEM.
    case certificate(KeyPair)
    case token(String)
  }

  /// Of the cluster.
  package var cluster: String
  package var user: String
  package var context: String
  package var server: String
  /// The certificate that the server's one is checked with, in PEM; nil: those that the machine trusts anyway.
  package var authority: String?
  package var login: Login
  /// The context's namespace; empty: `default`.
  package var namespace: String

  package init(
    cluster: String, user: String, context: String, server: String, authority: String?, login: Login, namespace: String = ""
  ) {
    self.cluster = cluster
    self.user = user
    self.context = context
    self.server = server
    self.authority = authority
    self.login = login
    self.namespace = namespace
  }

  /// The document with this entry in it, which becomes the current context. Whatever else is in it stays; entries of the same names are
  /// replaced. Throws `invalid` for a document that is no kubeconfig.
  package func merged(into document: JSON?) throws(KubeStatus) -> JSON {
    var root = JSONObject()
    if let document, !document.isNull {
      guard let members = document.object else { throw KubeStatus(.invalid, "it is no kubeconfig: the document is \(document.typeName)") }
      if let kind = members["kind"], !kind.isNull, kind.string != "Config" {
        throw KubeStatus(.invalid, "it is no kubeconfig: its kind is \(kind.text())")
      }
      root = members
    }
    root["apiVersion"] = root["apiVersion"] ?? "v1"
    root["kind"] = "Config"
    var place: JSONObject = ["server": .string(server)]
    if let authority { place["certificate-authority-data"] = .string(Base64.encode(authority.utf8)) }
    try put(&root, "clusters", cluster, "cluster", .object(place))
    var join: JSONObject = ["cluster": .string(cluster), "user": .string(user)]
    if !namespace.isEmpty { join["namespace"] = .string(namespace) }
    try put(&root, "contexts", context, "context", .object(join))
    let credential: JSON =
      switch login {
      case .certificate(let pair):
        [
          "client-certificate-data": .string(Base64.encode(pair.certificate.utf8)),
          "client-key-data": .string(Base64.encode(pair.key.utf8)),
        ]
      case .token(let token): ["token": .string(token)]
      }
    try put(&root, "users", user, "user", credential)
    root["current-context"] = .string(context)
    return .object(root)
  }

  private func put(_ root: inout JSONObject, _ list: String, _ name: String, _ field: String, _ value: JSON) throws(KubeStatus) {
    var entries: [JSON] = []
    if let present = root[list], !present.isNull {
      guard let array = present.array else { throw KubeStatus(.invalid, "it is no kubeconfig: \(list) is \(present.typeName)") }
      entries = array
    }
    let entry: JSON = ["name": .string(name), field: value]
    if let index = entries.firstIndex(where: { $0["name"]?.string == name }) { entries[index] = entry } else { entries.append(entry) }
    root[list] = .array(entries)
  }
}
