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
}
