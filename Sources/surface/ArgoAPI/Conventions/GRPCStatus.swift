internal import JSONValue
internal import KubeModel

/// Failures as Argo's API words them: the numbers of gRPC's codes, and the HTTP status that its gateway gives each.
enum GRPCCode: Int, Sendable, Hashable {
  case canceled = 1
  case unknown = 2
  case invalidArgument = 3
  case deadlineExceeded = 4
  case notFound = 5
  case alreadyExists = 6
  case permissionDenied = 7
  case resourceExhausted = 8
  case failedPrecondition = 9
  case aborted = 10
  case outOfRange = 11
  case unimplemented = 12
  case `internal` = 13
  case unavailable = 14
  case dataLoss = 15
  case unauthenticated = 16

  var httpStatus: Int {
    switch self {
    case .invalidArgument, .failedPrecondition, .outOfRange: 400
    case .unauthenticated: 401
    case .permissionDenied: 403
    case .notFound: 404
    case .alreadyExists, .aborted: 409
    case .resourceExhausted: 429
    case .canceled: 408
    case .internal, .unknown, .dataLoss: 500
    case .unimplemented: 501
    case .unavailable: 503
    case .deadlineExceeded: 504
    }
  }

  /// The code for a failure of Kubernetes' API, by its HTTP status (Argo: `server/utils.ToStatusError`).
  init(_ reason: KubeStatus.Reason) {
    self =
      switch reason {
      case .badRequest, .invalid, .gone, .expired, .notAcceptable, .unsupportedMediaType: .invalidArgument
      case .unauthorized: .unauthenticated
      case .forbidden: .permissionDenied
      case .notFound: .notFound
      case .alreadyExists, .conflict: .alreadyExists
      case .tooManyRequests: .resourceExhausted
      case .internalError, .unknown: .internal
      case .serviceUnavailable: .unavailable
      case .methodNotAllowed: .unimplemented
      case .requestEntityTooLarge: .outOfRange
      case .timeout: .deadlineExceeded
      }
  }
}

extension KubeStatus {
  /// What Argo says to a credential that is none or not good.
  static let tokenNotValid = "token not valid. see https://argo-workflows.readthedocs.io/en/latest/faq/"

  var grpcCode: GRPCCode { GRPCCode(reason) }

  /// As ``GRPCCode/httpStatus``; a body that is too large and a wrong method have the status that HTTP has for them.
  var argoStatus: Int {
    switch reason {
    case .requestEntityTooLarge, .methodNotAllowed: reason.code
    default: grpcCode.httpStatus
    }
  }

  private var argoMessage: String { reason == .unauthorized ? Self.tokenNotValid : message }

  /// The body of a failed request (`google.rpc.Status`, with the text twice as the gateway of Argo's API has it).
  var argoError: JSONObject {
    ["code": .int(Int64(grpcCode.rawValue)), "message": .string(argoMessage), "error": .string(argoMessage)]
  }

  /// The `error` that ends a stream.
  var streamError: JSONObject {
    [
      "grpc_code": .int(Int64(grpcCode.rawValue)), "http_code": .int(Int64(argoStatus)), "message": .string(argoMessage),
      "http_status": .string(Self.phrase(argoStatus)),
    ]
  }

  /// The words that HTTP has for a status.
  static func phrase(_ status: Int) -> String {
    switch status {
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 413: "Request Entity Too Large"
    case 429: "Too Many Requests"
    case 501: "Not Implemented"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    default: "Internal Server Error"
    }
  }
}
