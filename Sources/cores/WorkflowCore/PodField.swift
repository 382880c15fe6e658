import JSONValue

/// The fields of a pod's specification that a template, the template around it or the workflow may say as they are, in the order in which pods
/// have them.
enum PodField: String, CaseIterable {
  case nodeSelector, affinity, tolerations, schedulerName, securityContext, serviceAccountName, automountServiceAccountToken, hostNetwork,
    dnsPolicy, dnsConfig, imagePullSecrets, priorityClassName, resourceClaims

  static let names = allCases.map(\.rawValue)

  /// Some of them.
  struct Names: Sendable {
    private var bits: UInt16 = 0

    init() {}
    /// Those that an object has.
    init(of json: JSON) {
      for (place, field) in PodField.names.enumerated() where json[field] != nil { bits |= 1 << UInt16(place) }
    }

    func union(_ other: Names) -> Names {
      var result = self
      result.bits |= other.bits
      return result
    }
    func contains(place: Int) -> Bool { bits >> UInt16(place) & 1 == 1 }
  }
}
