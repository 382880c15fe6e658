import Basics
import JSONValue

/// One event of a watch.
package struct WatchEvent: Sendable, Hashable {
  /// `ADDED`, `MODIFIED` or `DELETED`.
  package var type: String
  package var object: JSON

  init(_ json: JSON) {
    type = json["type"]?.string ?? ""
    object = json["object"] ?? .null
  }
}

/// How a stream that broke is taken up again: often in a row, with pauses that double from a tenth of a second up to five: a minute and a half.
package struct Reconnection: Sendable {
  private static let attempts = 24
  private var failures = 0
  package init() {}

  /// Something came.
  package mutating func succeeded() { failures = 0 }

  /// Throws a failure that no later attempt mends, or of which there were too many.
  package func check(_ failure: ClientFailure) throws(ClientFailure) {
    // 410: the place from which the server would go on is gone; the next watch begins anew.
    guard failure.isTransient || failure.status == 410, failures < Self.attempts else { throw failure }
  }

  /// Waits before the next attempt. Throws when the task is cancelled.
  package mutating func pause() async throws {
    try await Task.sleep(for: .milliseconds(min(100 << min(failures, 6), 5000)))
    failures += 1
  }
}

extension ArgoClient {
  /// Watches objects from how they are now on: first each as it is, then every change. A stream that ends or breaks is taken up again, so an
  /// object may come twice. Returns when `receive` says that it has seen enough.
  /// - Parameter path: `["api", "v1", "workflow-events", namespace]`.
  package func watch(
    _ path: [String], fieldSelector: String = "", labelSelector: String = "", receive: (WatchEvent) async throws -> Bool
  ) async throws {
    var query: Query = [("listOptions.resourceVersion", "0")]
    if !fieldSelector.isEmpty { query.append(("listOptions.fieldSelector", fieldSelector)) }
    if !labelSelector.isEmpty { query.append(("listOptions.labelSelector", labelSelector)) }
    var reconnection = Reconnection()
    while true {
      var isOver = false
      do {
        try await stream(path, query: query) { json in
          reconnection.succeeded()
          isOver = try await !receive(WatchEvent(json))
          return !isOver
        }
        if isOver { return }
      } catch let failure as ClientFailure {
        try reconnection.check(failure)
      }
      try await reconnection.pause()
    }
  }
}
