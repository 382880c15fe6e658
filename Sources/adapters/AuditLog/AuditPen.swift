import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel

/// The writing end of an audit log: its last file, and the chain's end. Used by one thread at a time.
///
/// `@unchecked Sendable`: made by one thread and handed over to another, which alone uses it from then on.
final class AuditPen: @unchecked Sendable {
  private let segments: AuditSegments
  private let settings: AuditLogSettings
  private let now: @Sendable () -> Instant
  private let lock: Int32
  private var descriptor: Int32 = -1
  /// Bytes of the last segment that are whole records.
  private var size = 0
  private var next: Int64 = 1
  private var previous = AuditChain.start

  init(_ segments: AuditSegments, _ settings: AuditLogSettings, now: @escaping @Sendable () -> Instant) throws(KubeStatus) {
    self.segments = segments
    self.settings = settings
    self.now = now
    let directory = segments.directory
    do throws(FileError) { try LocalFiles.makeDirectories(directory, mode: 0o700) } catch { throw Self.failure(error) }
    let path = directory + "/.lock"
    lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard lock >= 0 else { throw Self.failure(FileError("open", path)) }
    var waited = 0
    while flock(lock, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EINTR || errno == EWOULDBLOCK, waited < settings.patienceMilliseconds else {
        Glibc.close(lock)
        throw KubeStatus(.serviceUnavailable, "the audit log in \(directory) is written by another process")
      }
      usleep(10_000)
      waited += 10
    }
    do throws(KubeStatus) { try takeUp() } catch {
      Glibc.close(lock)
      throw error
    }
  }

  private static func failure(_ error: FileError) -> KubeStatus { KubeStatus(.internalError, "the audit log cannot be written: \(error)") }

  /// Finds the end of the chain. The end of a write that a crash cut off is taken away.
  private func takeUp() throws(KubeStatus) {
    guard let last = segments.all.last else { return }
    var cut = 0
    do throws(FileError) {
      var reader = try LineReader(last.path)
      next = last.first
      var end: [UInt8] = []
      while let line = reader.next() {
        size += line.count + 1
        end = Array(line)
      }
      cut = reader.remainder
      if let json = try? JSON.parse(end), let number = json["number"]?.int, let hash = json["hash"]?.string {
        (next, previous) = (number + 1, hash)
      } else if size > 0 {
        throw FileError("go on behind the last record of", last.path, code: EBADMSG)
      }
      descriptor = LocalFiles.open(last.path, O_WRONLY | O_NOFOLLOW)
      guard descriptor >= 0 else { throw FileError("open", last.path) }
      guard ftruncate(descriptor, off_t(size)) == 0 else { throw FileError("truncate", last.path) }
    } catch {
      throw Self.failure(error)
    }
    // A segment that was begun and never written: the chain's end is in the one before.
    if size == 0, let before = segments.all.dropLast().last { try end(of: before) }
    guard cut > 0 else { return }
    var note = AuditRecord(time: now())
    (note.verb, note.path, note.message) = ("audit-cut", "audit:", "\(cut) bytes of a record were taken away whose write was interrupted")
    do throws(FileError) { try write([note.members]) } catch { throw Self.failure(error) }
  }

  private func end(of segment: AuditSegments.Segment) throws(KubeStatus) {
    do throws(FileError) {
      var reader = try LineReader(segment.path)
      var end: [UInt8] = []
      while let line = reader.next() { end = Array(line) }
      guard let hash = (try? JSON.parse(end))?["hash"]?.string else {
        throw FileError("go on behind the last record of", segment.path, code: EBADMSG)
      }
      previous = hash
    } catch {
      throw Self.failure(error)
    }
  }

  /// Appends records and returns when they are on the disk. Throws when they are not; then nothing of them stays.
  func write(_ records: [JSONObject]) throws(FileError) {
    if descriptor < 0 || size >= settings.segmentBytes { try begin() }
    var bytes: [UInt8] = []
    var (number, hash) = (next, previous)
    for record in records {
      let line = AuditChain.line(record, number: number, previous: hash)
      bytes += line.bytes
      bytes.append(0x0A)
      (number, hash) = (number + 1, line.hash)
    }
    var offset = 0
    while offset < bytes.count {
      let count = bytes[offset...].withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(size + offset)) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        let failure = FileError("write", segments.directory)
        ftruncate(descriptor, off_t(size))
        throw failure
      }
      offset += count
    }
    guard fdatasync(descriptor) == 0 else {
      let failure = FileError("write", segments.directory)
      ftruncate(descriptor, off_t(size))
      throw failure
    }
    size += bytes.count
    (next, previous) = (number, hash)
  }

  /// Begins a segment, and removes the oldest where there are too many.
  private func begin() throws(FileError) {
    let path = segments.path(first: next)
    let new = LocalFiles.open(path, O_WRONLY | O_CREAT | O_NOFOLLOW, mode: 0o600)
    guard new >= 0 else { throw FileError("open", path) }
    if descriptor >= 0 { Glibc.close(descriptor) }
    (descriptor, size) = (new, 0)
    let directory = open(segments.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if directory >= 0 {
      fsync(directory)
      Glibc.close(directory)
    }
    var all = segments.all
    var total = all.reduce(0) { $0 + Self.size($1.path) }
    var removed: Int64?
    while total > settings.totalBytes, all.count > 2 {
      let oldest = all.removeFirst()
      total -= Self.size(oldest.path)
      unlink(oldest.path)
      removed = all[0].first - 1
    }
    guard let removed else { return }
    var note = AuditRecord(time: now())
    (note.verb, note.path) = ("audit-trim", "audit:")
    note.message = "the records up to \(removed) were removed: the log was larger than \(settings.totalBytes) bytes"
    try write([note.members])
  }

  private static func size(_ path: String) -> Int {
    var raw = stat()
    return stat(path, &raw) == 0 ? Int(raw.st_size) : 0
  }

  func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
    Glibc.close(lock)
  }
}
