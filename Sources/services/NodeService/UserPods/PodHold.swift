/// Why a pod cannot begin yet, though it may later.
struct PodHold: Error, Sendable, Hashable {
  enum Cause: Sendable, Hashable {
    /// No machine is right for it: a claim is not bound.
    case unschedulable
    /// A volume cannot be made.
    case volume
    /// A container's settings lead nowhere; the reason as a container's status tells it.
    case container(String)
  }
  var cause: Cause
  var message: String
}
