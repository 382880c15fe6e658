import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import Synchronization

/// Bounds of an audit log.
package struct AuditLogSettings: Sendable, Hashable {
  /// A segment that is larger is followed by a new one.
  package var segmentBytes = 32 << 20
  /// The oldest segments go when all together are larger; the newest one stays.
  package var totalBytes = 1 << 30
  /// Records that wait to be written; what comes when there are so many is lost, and the log says how many.
  package var queueLimit = 65_536
  /// How long to wait for another process that writes the log, which may be a command that takes a moment.
  package var patienceMilliseconds = 3000
  package init() {}
}

/// Writes the audit log: one chain of records over files in one directory (0700, files 0600), by a thread of its own that writes and flushes what has
/// come in one go. One process writes at a time.
///
/// ``record(_:)`` never waits. Records that find the queue full (the disk is full, or far too slow) are counted, and a record says how many were
/// lost as soon as one can be written. A record whose write was cut off by a crash is taken out when the log is opened, and a record says so.
package final class AuditLog: AuditRecording {
  private enum Message: Sendable {
    case record(AuditRecord)
    case flush(@Sendable () -> Void)
  }

  private let segments: AuditSegments
  private let settings: AuditLogSettings
  private let queue = Mailbox<Message>()
  private let lost = Atomic<Int>(0)
  private let state = Mutex<String?>(nil)
  private let thread = Mutex<OSThread?>(nil)
  private let now: @Sendable () -> Instant

  /// Makes the directory where needed and goes on behind the last record. Throws `serviceUnavailable` when another process writes the log,
  /// and `internalError` when the directory cannot be used or its end cannot be read.
  package init(
    directory: String, settings: AuditLogSettings = AuditLogSettings(), now: @escaping @Sendable () -> Instant = { SystemClock.now() }
  ) throws(KubeStatus) {
    segments = AuditSegments(directory)
    self.settings = settings
    self.now = now
    let pen = try AuditPen(segments, settings, now: now)
    let started = startThread(name: "audit") { [self] in write(pen) }
    thread.withLock { $0 = started }
  }

  package func record(_ record: AuditRecord) {
    guard queue.count < settings.queueLimit else {
      lost.wrappingAdd(1, ordering: .relaxed)
      return
    }
    queue.post(.record(record))
  }

  /// Returns when all that was recorded before is on the disk, or could not be written.
  package func flush() {
    let done = Mailbox<Void>()
    guard queue.post(.flush { done.post(()) }) else { return }
    _ = done.takeFirst()
  }

  /// Why records cannot be written at the moment; nil: they can.
  package var problem: String? { state.withLock { $0 } }

  /// Returns when all records are written. Later ones are dropped.
  package func close() {
    queue.close()
    thread.withLock { $0.take() }?.join()
  }

  /// How long records that cannot be written are kept before the next attempt.
  private static let pause = TimeSpan(milliseconds: 500)

  private func write(_ pen: AuditPen) {
    var waiting: [JSONObject] = []
    var answers: [@Sendable () -> Void] = []
    while true {
      // What failed is tried again after a pause; more is taken meanwhile up to the bound.
      guard let messages = queue.takeAll(deadline: waiting.isEmpty ? nil : SystemClock.steady() + Self.pause) else {
        // The queue is closed and empty: what could not be written yet has one more chance.
        put(&waiting, pen)
        break
      }
      for message in messages {
        switch message {
        case .record(let record):
          if waiting.count < settings.queueLimit { waiting.append(record.members) } else { lost.wrappingAdd(1, ordering: .relaxed) }
        case .flush(let answer): answers.append(answer)
        }
      }
      put(&waiting, pen)
      for answer in answers { answer() }
      answers = []
    }
    pen.close()
  }

  private func put(_ waiting: inout [JSONObject], _ pen: AuditPen) {
    let missing = lost.exchange(0, ordering: .relaxed)
    var batch = waiting
    if missing > 0 {
      var note = AuditRecord(time: now())
      (note.verb, note.path, note.message) = ("audit-lost", "audit:", "\(missing) records were lost: the queue was full")
      batch.append(note.members)
    }
    guard !batch.isEmpty else { return }
    do throws(FileError) {
      try pen.write(batch)
      waiting = []
      state.withLock { $0 = nil }
    } catch {
      lost.wrappingAdd(missing, ordering: .relaxed)
      let isNew = state.withLock { state in
        defer { state = "\(error)" }
        return state == nil
      }
      if isNew { Diagnostics.report("the audit log cannot be written, records wait: \(error)") }
    }
  }
}
