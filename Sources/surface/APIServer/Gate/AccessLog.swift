import Basics
import Glibc
internal import JSONValue
import Synchronization

/// Which requests are logged.
package enum AccessLogLevel: String, Sendable, Hashable, CaseIterable {
  /// Every request.
  case all
  /// What changes something or fails.
  case changes
  /// What fails by the server's fault, or for want of a right.
  case errors
  case none
}

/// One line of JSON for each request, written by a thread of its own to a descriptor. Bodies, queries, tokens and headers are never in it.
package final class AccessLog: Sendable {
  struct Entry: Sendable {
    var id = ""
    var verb = ""
    var method = ""
    var path = ""
    var user = ""
    var sender: String?
    var peer = ""
    var agent = ""
    var status = 0
    var microseconds: UInt64 = 0
    var bytes = 0
    var problem: String?
  }

  private let lines = Mailbox<Entry>()
  private let level: AccessLogLevel
  private let lost = Atomic<Int>(0)
  private let thread = Mutex<OSThread?>(nil)
  private static let limit = 10_000

  /// - Parameter descriptor: it stays open.
  package init(level: AccessLogLevel, descriptor: Int32 = 2) {
    self.level = level
    guard level != .none else { return }
    let started = startThread(name: "access log") { [self] in
      while let batch = lines.takeAll() {
        var text = batch.map { Self.line($0) }.joined()
        let dropped = lost.exchange(0, ordering: .relaxed)
        if dropped > 0 {
          text += JSON.object(["level": "warning", "msg": "log lines were dropped", "count": .int(Int64(dropped))]).text() + "\n"
        }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
          let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
          if count < 0 && errno == EINTR { continue }
          guard count > 0 else { break }
          rest = rest.dropFirst(count)
        }
      }
    }
    thread.withLock { $0 = started }
  }

  /// Never blocks; drops lines when the reader of the log is too slow.
  func record(_ entry: Entry) {
    let isWanted =
      switch level {
      case .all: true
      case .changes: entry.status >= 400 && entry.status != 404 || !["get", "list", "watch", "head"].contains(entry.verb)
      case .errors: entry.status >= 500 || [401, 403, 429].contains(entry.status)
      case .none: false
      }
    guard isWanted else { return }
    guard lines.count < Self.limit else {
      lost.wrappingAdd(1, ordering: .relaxed)
      return
    }
    lines.post(entry)
  }

  /// Ends when all lines are written.
  package func stop() {
    lines.close()
    thread.withLock { $0.take() }?.join()
  }

  private static func line(_ entry: Entry) -> String {
    var line: JSONObject = [
      "ts": .string(SystemClock.now().rfc3339Milliseconds), "level": entry.status >= 500 ? "error" : "info", "msg": "request",
      "id": .string(entry.id), "verb": .string(entry.verb), "method": .string(entry.method), "path": .string(entry.path),
      "user": .string(entry.user),
    ]
    if let sender = entry.sender { line["impersonatedBy"] = .string(sender) }
    line["peer"] = .string(entry.peer)
    line["agent"] = .string(entry.agent)
    line["status"] = .int(Int64(entry.status))
    line["ms"] = .double(Double(entry.microseconds) / 1000)
    line["bytes"] = .int(Int64(entry.bytes))
    if let problem = entry.problem { line["problem"] = .string(problem) }
    return JSON.object(line).text() + "\n"
  }
}
