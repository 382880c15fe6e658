import Contracts
import KubeModel

/// How the engine asks for a pod to be stopped without deleting the object: an annotation.
enum StopRequest {
  static func manner(of pod: Resource) -> StopManner? {
    switch pod.annotation(stopAnnotation) {
    case "terminate": .gracefully
    case "kill": .immediately
    default: nil
    }
  }

  /// The message of a pod that was asked to stop before anything of it ran.
  static let notStarted = "stopped before it started"
}
