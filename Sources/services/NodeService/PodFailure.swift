/// Why a pod cannot be started or its outputs cannot be kept: the fault of the engine's side, an `Error` of the node.
struct PodFailure: Error, CustomStringConvertible {
  var message: String
  /// The reason that a container of a pod of a user's waits with.
  var reason: String
  /// A Secret, a ConfigMap or a key in one is not there, which somebody may add.
  var mayCome: Bool
  init(reason: String = "CreateContainerConfigError", mayCome: Bool = false, _ message: String) {
    self.reason = reason
    self.mayCome = mayCome
    self.message = message
  }
  var description: String { message }
}
