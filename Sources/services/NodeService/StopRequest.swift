import Contracts
import JSONValue
import KubeModel

/// How a pod is asked to be stopped: by the engine with an annotation, which keeps the object, or by whoever deletes it, with the mark of that.
enum StopRequest {
  static func manner(of pod: Resource) -> StopManner? {
    switch pod.annotation(stopAnnotation) {
    case "kill": .immediately
    case let asked:
      if pod.deletionTimestamp != nil {
        .within(seconds: max(0, grace(of: pod)))
      } else {
        asked == "terminate" ? .gracefully : nil
      }
    }
  }

  /// Seconds that a deleted pod has.
  private static func grace(of pod: Resource) -> Int64 {
    pod.metadata["deletionGracePeriodSeconds"]?.int ?? pod.spec["terminationGracePeriodSeconds"]?.int ?? 30
  }

  /// The message of a pod that was asked to stop before anything of it ran.
  static let notStarted = "stopped before it started"
}
