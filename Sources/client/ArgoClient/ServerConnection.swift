import Basics
import HTTPAccess

/// How an Argosy server is reached and as whom, for everything that speaks its Argo API.
package struct ServerConnection: Sendable {
  /// Where it was found, for messages.
  package enum Origin: Sendable, Hashable {
    /// `--argo-server`, `ARGO_SERVER` or `--server`.
    case named
    case kubeconfig(context: String)
    /// The server of a data directory of this machine.
    case local(directory: String)
  }

  /// `https://127.0.0.1:2746`, with the base path where the server has one; without a slash at the end.
  package var url: String
  package var origin: Origin
  /// What requests are about that are not told otherwise; never empty.
  package var namespace = "default"
  /// The value of the header `Authorization`: `Bearer …` or `Basic …`; nil: a client certificate, or nothing at all.
  package var authorization: String?
  /// Further headers of every request.
  package var headers: [(name: String, value: String)] = []
  package var settings = HTTPSessionSettings()
  /// The instance ID that workflows are labelled with; empty: none.
  package var instanceID = ""
  /// How long one request may take, streams not counted; nil: for ever.
  package var requestLimit: TimeSpan?

  package init(url: String, origin: Origin) {
    self.url = url
    self.origin = origin
  }
}

/// The server of this machine, as its data directory tells of it.
package struct LocalServer: Sendable, Hashable {
  /// `https://127.0.0.1:2746`.
  package var url: String
  package var directory: String
  /// The certificate that the server's one is checked with, in PEM; nil: those that the machine trusts anyway.
  package var authority: String?
  /// The administrator's certificate and key in PEM, for whoever may read the data directory.
  package var certificate: String?
  package var key: String?
  /// A bearer token, where no certificate can be shown (plain HTTP).
  package var token: String?

  package init(
    url: String, directory: String, authority: String? = nil, certificate: String? = nil, key: String? = nil, token: String? = nil
  ) {
    self.url = url
    self.directory = directory
    self.authority = authority
    self.certificate = certificate
    self.key = key
    self.token = token
  }
}

/// What the command line and the environment say about the server; empty texts are not given.
package struct ConnectionOptions: Sendable, Hashable {
  /// `host:port`; a URL is taken too.
  package var argoServer = ""
  /// The path in front of the API's own.
  package var baseHref = ""
  package var isSecure = true
  package var skipsVerification = false
  /// A bearer token, with its scheme in front of it or without.
  package var token = ""
  /// `Name: value`.
  package var headers: [String] = []
  package var namespace = ""
  package var instanceID = ""
  /// The kubeconfig file; in its place `KUBECONFIG`.
  package var kubeconfig = ""
  package var context = ""
  package var cluster = ""
  package var user = ""
  /// The cluster's URL, in place of the kubeconfig's.
  package var server = ""
  /// Files in PEM.
  package var certificateAuthority = ""
  package var clientCertificate = ""
  package var clientKey = ""
  package var tlsServerName = ""
  package var proxyURL = ""
  package var username = ""
  package var password = ""
  /// As Go writes a duration, or a number of seconds; `0` is for ever.
  package var requestTimeout = ""
  package var impersonatedUser = ""
  package var impersonatedGroups: [String] = []
  package var impersonatedUID = ""
  /// The server's data directory; empty: the usual one.
  package var data = ""
  package init() {}
}
