internal import ArgoServer
internal import Contracts
internal import JSONValue
internal import KubeModel

/// What the server tells of itself and of who asks.
enum InfoRoutes {
  static func routes(_ information: ServerInformation, _ settings: ArgoSettings) -> [ArgoRoute] {
    [
      ArgoRoute(
        "GET", "/api/v1/info", .known, "InfoService_GetInfo", "What a user interface is set up with: links, columns, colours.",
        answer: .object("InfoResponse")
      ) { _ in .document(information.infoDocument) },
      ArgoRoute(
        "GET", "/api/v1/version", .known, "InfoService_GetVersion", "The server's version.", answer: .object("Version")
      ) { _ in .document(information.versionDocument) },
      ArgoRoute(
        "GET", "/api/v1/userinfo", .known, "InfoService_GetUserInfo", "Whom the server takes the sender for.",
        answer: .object("GetUserInfoResponse")
      ) { request in .document(information.userDocument(request.user)) },
      ArgoRoute(
        "POST", "/api/v1/tracking/event", .known, "InfoService_CollectEvent",
        "Notes the name of something that a user did in an interface.",
        body: .message("CollectEventRequest"), answer: .object("CollectEventResponse")
      ) { request in
        information.track(String((request["name"]?.string ?? "").prefix(200)), request.user)
        return .done
      }, withoutSignOn("redirect"), withoutSignOn("callback"),
    ]
  }

  /// Where Argo's single sign-on would begin and end.
  private static func withoutSignOn(_ word: String) -> ArgoRoute {
    ArgoRoute("GET", "/oauth2/\(word)", .open, "", "Single sign-on, which this server has not.", answer: .page) { _ in
      let text = "this server has no single sign-on: use a token"
      return .served(
        ServedReply(["code": .int(Int64(GRPCCode.unimplemented.rawValue)), "message": .string(text), "error": .string(text)], status: 501))
    }
  }

  static let types = """
    InfoResponse
      columns [Column]
      links [Link]
      managedNamespace string
      modals {boolean}
      navColor string
    Column
      key! string
      name! string
      type! string
    Link
      name! string
      scope! string
      target string
      url! string
    Version
      buildDate! string
      compiler! string
      gitCommit! string
      gitTag! string
      gitTreeState! string
      goVersion! string
      platform! string
      version! string
    GetUserInfoResponse
      email string
      emailVerified boolean
      groups [string]
      issuer string
      name string
      serviceAccountName string
      serviceAccountNamespace string
      subject string
    CollectEventRequest
      name string
    CollectEventResponse
    grpc.gateway.runtime.Error
      code integer @int32
      details [google.protobuf.Any]
      error string
      message string
    google.protobuf.Any
      type_url string
      value string @byte
    grpc.gateway.runtime.StreamError
      details [google.protobuf.Any]
      grpc_code integer @int32
      http_code integer @int32
      http_status string
      message string
    """
}
