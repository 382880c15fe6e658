package import KubeModel

/// Something that happened to an object, as `kubectl describe` shows it (an `Event`).
package struct ObjectEvent: Sendable {
  package enum Kind: String, Sendable { case normal = "Normal", warning = "Warning" }
  package var kind: Kind
  /// A word in UpperCamelCase: `Started`, `BackOff`.
  package var reason: String
  package var message: String
  /// The object it is about.
  package var about: Resource
  /// A part of that object, as `involvedObject.fieldPath` names it: `spec.containers{main}`; empty: the whole.
  package var fieldPath = ""
  /// Who says it: `kubelet`.
  package var component: String
  package var annotations: [String: String] = [:]
  package init(_ kind: Kind, reason: String, message: String, about: Resource, component: String) {
    self.kind = kind
    self.reason = reason
    self.message = message
    self.about = about
    self.component = component
  }
}

/// Keeps events; equal ones are counted, as Kubernetes' recorder does. Never blocks; may drop when too many come.
package protocol EventRecording: Sendable {
  func record(_ event: ObjectEvent)
}
