internal import JSONValue
internal import KubeModel
import NIOCore
import Synchronization

/// Large documents that are the same for everybody (OpenAPI, discovery), made once for each set of kinds. Bounded.
final class DocumentCache: Sendable {
  private let kept = Mutex<[String: ByteBuffer]>([:])
  private static let limit = 128

  /// - Parameter name: names document, form and the state of the kinds that it was made from.
  func bytes(_ name: String, make: () throws(KubeStatus) -> [UInt8]) throws(KubeStatus) -> ByteBuffer {
    if let found = kept.withLock({ $0[name] }) { return found }
    let made = ByteBuffer(bytes: try make())
    kept.withLock { kept in
      if kept.count >= Self.limit { kept = [:] }
      kept[name] = made
    }
    return made
  }
}
