import Basics
import Contracts
import KubeModel
import Synchronization

/// What the node service's thread is told. Pods are named by their uid: a pod that was deleted and made again is another one.
enum NodeMessage: Sendable {
  case changed(WatchEvent)
  /// The runner has the pod: started or taken over.
  case launched(String)
  /// The pod was gone or over before it was launched.
  case withdrawn(String)
  /// The pod cannot begin yet.
  case held(String, PodHold)
  /// Claims or volumes have changed: pods that wait for them may begin.
  case volumesChanged
  /// A Secret or ConfigMap of this namespace has changed: pods that wait for one may begin.
  case configured(String)
  /// A namespace is gone, with all that was in it.
  case namespaceGone
  /// The pod cannot be started.
  case refused(String, String)
  /// The machine lacks what the pod's start needs: it is tried again. With what it lacks.
  case exhausted(String, String)
  case reported(String, PodReport)
  case ready(String)
  /// What the pod's step says about its progress.
  case progressed(String, NodeProgress)
  case probeEnded(Int)
  /// Every pod is to be killed.
  case killAll
  /// The pod's outputs and final status are stored.
  case collected(String)
  /// An artifact garbage collection task is done.
  case artifactsCollected(String)
}

/// The mailbox of the node service's thread, which also knows whether everything that was posted is dealt with.
final class NodeInbox: Sendable {
  private let mailbox = Mailbox<NodeMessage>()
  private let unhandled = Atomic<Int>(0)

  /// Whether all messages posted so far have been handled.
  var isHandled: Bool { unhandled.load(ordering: .sequentiallyConsistent) == 0 }

  func post(_ message: NodeMessage) {
    unhandled.add(1, ordering: .sequentiallyConsistent)
    if !mailbox.post(message) { unhandled.subtract(1, ordering: .sequentiallyConsistent) }
  }

  func take(deadline: Instant?) -> [NodeMessage]? { mailbox.takeAll(deadline: deadline) }

  /// To be called after the messages' effects can be seen.
  func handled(_ count: Int) { unhandled.subtract(count, ordering: .sequentiallyConsistent) }

  func close() { mailbox.close() }
}
