import Basics
import Contracts
import Glibc
import JSONValue

/// What a check of a log's chain found.
package struct AuditVerification: Sendable, Hashable {
  package var records: Int64 = 0
  /// Of the first record that is there: 1, or more where older segments were removed.
  package var first: Int64 = 0
  package var last: Int64 = 0
  /// The hash of the last record.
  package var head = AuditChain.start
  /// The first thing that is wrong, with file and line; nil: nothing.
  package var problem: String?

  package init() {}
}

/// Which records are wanted.
package struct AuditFilter: Sendable, Hashable {
  package var since: Instant?
  package var user = ""
  package var verb = ""
  /// A plural, or a plural with its group: `workflows.argoproj.io`.
  package var resource = ""
  package var namespace = ""
  package init() {}

  func takes(_ record: AuditRecord) -> Bool {
    if let since, record.time < since { return false }
    if !user.isEmpty, record.user != user, record.impersonator != user { return false }
    if !verb.isEmpty, record.verb != verb { return false }
    if !resource.isEmpty, record.resource != resource, "\(record.resource).\(record.group)" != resource { return false }
    return namespace.isEmpty || record.namespace == namespace
  }
}

/// Reads an audit log, while another process may write it.
package enum AuditReader {
  /// Follows the chain through all segments. `expected`: the hash of a record that must be among them, as an earlier check told it. Throws when a
  /// file cannot be read.
  package static func verify(_ segments: AuditSegments, expecting expected: String? = nil) throws(FileError) -> AuditVerification {
    var result = AuditVerification()
    var isExpectedFound = expected == nil || expected == AuditChain.start
    let all = segments.all
    for (index, segment) in all.enumerated() {
      var reader = try LineReader(segment.path)
      var line = 0
      func broken(_ what: String) -> AuditVerification {
        var result = result
        result.problem = "\(segment.path), line \(line): \(what)"
        return result
      }
      while let bytes = reader.next() {
        line += 1
        guard let link = AuditChain.link(bytes) else {
          return broken("record \(result.records == 0 ? segment.first : result.last + 1) was changed: its hash is not that of its content")
        }
        if result.records == 0 {
          guard link.number == segment.first, link.number > 1 || link.previous == AuditChain.start else {
            return broken("the log does not begin with this record: those before it were removed")
          }
          result.first = link.number
        } else {
          guard link.number == result.last + 1 else {
            return broken("record \(link.number) follows on record \(result.last): what was between was removed")
          }
          guard link.previous == result.head else {
            return broken("record \(link.number) does not follow on record \(result.last) that is there: one of them was replaced")
          }
        }
        result.records += 1
        result.last = link.number
        result.head = link.hash
        if link.hash == expected { isExpectedFound = true }
      }
      if reader.remainder > 0, index < all.count - 1 {
        line += 1
        return broken("record \(result.last + 1) is not whole")
      }
    }
    if !isExpectedFound {
      result.problem =
        "the record with the hash \(expected ?? "") is not among records \(result.first) to \(result.last): records were removed, or all made anew"
    }
    return result
  }

  /// Gives the wanted records in their order, as documents. With `follows` it goes on with those that come, until `isCancelled` says so. Throws when
  /// a file cannot be read.
  package static func read(
    _ segments: AuditSegments, _ filter: AuditFilter, follows: Bool = false, isCancelled: () -> Bool = { false },
    body: (AuditRecord, JSON) -> Void
  ) throws(FileError) {
    var pending = segments.all
    while true {
      guard !pending.isEmpty else {
        guard follows, !isCancelled() else { return }
        usleep(pause)
        pending = segments.all
        continue
      }
      let segment = pending.removeFirst()
      var reader: LineReader
      do throws(FileError) { reader = try LineReader(segment.path) } catch {
        // The oldest may go meanwhile.
        if error.code == ENOENT { continue }
        throw error
      }
      while true {
        while let line = reader.next() {
          guard let json = try? JSON.parse(Array(line)), let record = AuditRecord(json), filter.takes(record) else { continue }
          body(record, json)
        }
        if !pending.isEmpty { break }
        guard follows, !isCancelled() else { return }
        usleep(pause)
        pending = segments.all.filter { $0.first > segment.first }
        // What was written into this one before the next was begun.
        if !pending.isEmpty {
          while let line = reader.next() {
            guard let json = try? JSON.parse(Array(line)), let record = AuditRecord(json), filter.takes(record) else { continue }
            body(record, json)
          }
        }
      }
    }
  }

  /// Microseconds between two looks for more.
  private static let pause: UInt32 = 100_000
}
