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
      }
    }
  }

  package var reason: Reason
  package var message: String

  package init(_ reason: Reason, _ message: String) {
    self.reason = reason
    self.message = message
  }

  package var description: String { message }

  package static func notFound(_ key: ResourceKey) -> KubeStatus {
    KubeStatus(.notFound, "\(key.kind.qualifiedPlural) \"\(key.name)\" not found")
  }
  package static func alreadyExists(_ key: ResourceKey) -> KubeStatus {
    KubeStatus(.alreadyExists, "\(key.kind.qualifiedPlural) \"\(key.name)\" already exists")
  }
  package static func conflict(_ key: ResourceKey) -> KubeStatus {
    KubeStatus(
      .conflict,
      "Operation cannot be fulfilled on \(key.kind.qualifiedPlural) \"\(key.name)\": the object has been modified; "
        + "please apply your changes to the latest version and try again")
  }

  /// The `Status` document of Kubernetes' API.
  package var json: JSON {
    [
      "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "message": .string(message),
      "reason": .string(reason.rawValue), "code": .int(Int64(reason.code)),
    ]
  }
}
