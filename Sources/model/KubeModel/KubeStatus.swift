package import JSONValue

/// A failure as Kubernetes' API words it: the one error type at the seam of the store and the API (`metav1.Status`).
package struct KubeStatus: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Reason: String, Sendable, Hashable {
    case badRequest = "BadRequest"
    case unauthorized = "Unauthorized"
    case forbidden = "Forbidden"
    case notFound = "NotFound"
    case alreadyExists = "AlreadyExists"
    case conflict = "Conflict"
    case gone = "Gone"
    case expired = "Expired"
    case invalid = "Invalid"
    case tooManyRequests = "TooManyRequests"
    case internalError = "InternalError"
    case serviceUnavailable = "ServiceUnavailable"
    case methodNotAllowed = "MethodNotAllowed"
    case notAcceptable = "NotAcceptable"
    case unsupportedMediaType = "UnsupportedMediaType"
    case requestEntityTooLarge = "RequestEntityTooLarge"
    /// The request was not done in time; whether it took effect is not known.
    case timeout = "Timeout"
    /// Kubernetes' word for a failure that none of its reasons fits; the code is 500.
    case unknown = ""

    /// The HTTP status that goes with the reason.
    package var code: Int {
      switch self {
      case .badRequest: 400
      case .unauthorized: 401
      case .forbidden: 403
      case .notFound: 404
      case .alreadyExists, .conflict: 409
      case .gone, .expired: 410
      case .invalid: 422
      case .tooManyRequests: 429
      case .internalError: 500
      case .serviceUnavailable: 503
      case .methodNotAllowed: 405
      case .notAcceptable: 406
      case .unsupportedMediaType: 415
      case .requestEntityTooLarge: 413
      case .timeout: 504
      case .unknown: 500
      }
    }
  }

  /// What the failure is about (`metav1.StatusDetails`): clients print and decide by it.
  package struct Details: Sendable, Hashable {
    package var name: String
    package var group: String
    /// The plural of the resource (`pods`); for `Invalid` the kind (`Pod`).
    package var kind: String
    package var uid = ""
    package var causes: [Cause] = []
    /// 0: nothing is said.
    package var retryAfterSeconds = 0
    package init(name: String = "", group: String = "", kind: String = "") {
      self.name = name
      self.group = group
      self.kind = kind
    }
  }

  /// One of several reasons (`metav1.StatusCause`).
  package struct Cause: Sendable, Hashable {
    /// `FieldValueInvalid`, `FieldManagerConflict` …
    package var reason: String
    package var message: String
    /// The path of the field: `spec.containers[0].image`.
    package var field: String
    package init(reason: String, message: String, field: String = "") {
      self.reason = reason
      self.message = message
      self.field = field
    }
  }

  package var reason: Reason
  package var message: String
  package var details: Details?
  /// For `Expired` lists: the token that goes on nevertheless; empty: none.
  package var continueToken: String

  package init(_ reason: Reason, _ message: String, details: Details? = nil, continueToken: String = "") {
    self.reason = reason
    self.message = message
    self.details = details
    self.continueToken = continueToken
  }

  package var description: String { message }

  package static func notFound(_ key: ResourceKey) -> KubeStatus {
    KubeStatus(.notFound, "\(key.kind.qualifiedPlural) \"\(key.name)\" not found", details: Details(key))
  }
  package static func alreadyExists(_ key: ResourceKey) -> KubeStatus {
    KubeStatus(.alreadyExists, "\(key.kind.qualifiedPlural) \"\(key.name)\" already exists", details: Details(key))
  }
  package static func conflict(_ key: ResourceKey) -> KubeStatus {
    KubeStatus(
      .conflict,
      "Operation cannot be fulfilled on \(key.kind.qualifiedPlural) \"\(key.name)\": the object has been modified; "
        + "please apply your changes to the latest version and try again", details: Details(key))
  }

  /// The `Status` document of Kubernetes' API.
  package var json: JSON {
    var result: JSONObject = [
      "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "message": .string(message),
    ]
    if reason != .unknown { result["reason"] = .string(reason.rawValue) }
    if let details { result["details"] = details.json }
    result["code"] = .int(Int64(reason.code))
    return .object(result)
  }
}

extension KubeStatus.Details {
  /// About one object.
  package init(_ key: ResourceKey) { self.init(name: key.name, group: key.kind.group, kind: key.kind.plural) }

  package var json: JSON {
    var result: JSONObject = [:]
    if !name.isEmpty { result["name"] = .string(name) }
    if !group.isEmpty { result["group"] = .string(group) }
    if !kind.isEmpty { result["kind"] = .string(kind) }
    if !uid.isEmpty { result["uid"] = .string(uid) }
    if !causes.isEmpty { result["causes"] = .array(causes.map(\.json)) }
    if retryAfterSeconds > 0 { result["retryAfterSeconds"] = .int(Int64(retryAfterSeconds)) }
    return .object(result)
  }
}

extension KubeStatus.Cause {
  fileprivate var json: JSON {
    var result: JSONObject = ["reason": .string(reason), "message": .string(message)]
    if !field.isEmpty { result["field"] = .string(field) }
    return .object(result)
  }
}
