/// Why a pod cannot be started or its outputs cannot be kept: the fault of the engine's side, an `Error` of the node.
struct PodFailure: Error, CustomStringConvertible {
  var message: String
  init(_ message: String) { self.message = message }
  var description: String { message }
}
