import Basics
import Glibc

/// Writes what a container prints to its log file in the CRI format, one record per line:
/// `2026-11-21T02:44:13.123456789Z stdout F text`. A line longer than ``longestPiece`` is split into records tagged `P`, the last one `F`.
/// Memory is bounded whatever is printed.
final class LogWriter {
  enum Stream: Int { case output, error }

  static let longestPiece = 16 << 10
  static let resultLimit = 256 << 10
  private static let outputCapacity = 256 << 10

  private let file: Int32
  private let output = UnsafeMutablePointer<UInt8>.allocate(capacity: LogWriter.outputCapacity)
  private var used = 0
  /// The beginning of the line each stream is in.
  private let partial: [UnsafeMutablePointer<UInt8>]
  private var partialCount = [0, 0]
  private let prefix = UnsafeMutablePointer<UInt8>.allocate(capacity: 48)
  private var prefixCount = 0
  private var second: Int64 = .min
  private var secondText: [UInt8] = []
  /// The last bytes of standard output: twice the limit, so that moving them is rare.
  private let result: UnsafeMutablePointer<UInt8>?
  private var resultCount = 0
  /// Files that get what is printed as it is: standard output, and both streams.
  private var plain: (output: Int32, combined: Int32) = (-1, -1)
  /// Somebody may be reading along: no line is held back until its end.
  private let isInteractive: Bool

  /// - Parameter copies: a directory for the files `stdout` and `combined`; nil: none are kept.
  init(file: Int32, capturesResult: Bool, copies: String? = nil, isInteractive: Bool = false) {
    self.file = file
    self.isInteractive = isInteractive
    if let copies {
      let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC
      plain = (open(copies + "/stdout", flags, 0o666), open(copies + "/combined", flags, 0o666))
    }
    partial = (0..<2).map { _ in UnsafeMutablePointer<UInt8>.allocate(capacity: LogWriter.longestPiece) }
    result = capturesResult ? UnsafeMutablePointer<UInt8>.allocate(capacity: 2 * LogWriter.resultLimit + 2) : nil
  }

  deinit {
    output.deallocate()
    prefix.deallocate()
    for buffer in partial { buffer.deallocate() }
    result?.deallocate()
  }

  func append(_ stream: Stream, _ bytes: UnsafePointer<UInt8>, _ count: Int) {
    if stream == .output { keepResult(bytes, count) }
    if plain.output >= 0, stream == .output { _ = Files.writeAll(plain.output, UnsafeRawBufferPointer(start: bytes, count: count)) }
    if plain.combined >= 0 { _ = Files.writeAll(plain.combined, UnsafeRawBufferPointer(start: bytes, count: count)) }
    guard file >= 0 else { return }
    makePrefix(stream)
    let held = partial[stream.rawValue]
    var heldCount = partialCount[stream.rawValue]
    var next = bytes
    var left = count
    while left > 0 {
      let room = Self.longestPiece - heldCount
      if let end = memchr(next, 0x0A, min(left, room + 1)) {
        let length = UnsafeRawPointer(end) - UnsafeRawPointer(next)
        emit(isFull: true, held, heldCount, next, length)
        heldCount = 0
        next += length + 1
        left -= length + 1
      } else if room == 0 {
        emit(isFull: false, held, heldCount, next, 0)
        heldCount = 0
      } else {
        let taken = min(left, room)
        memcpy(held + heldCount, next, taken)
        heldCount += taken
        next += taken
        left -= taken
      }
    }
    if isInteractive, heldCount > 0 {
      emit(isFull: false, held, heldCount, next, 0)
      heldCount = 0
    }
    partialCount[stream.rawValue] = heldCount
    flush()
  }

  /// Writes lines without an end.
  func finish() {
    for copy in [plain.output, plain.combined] where copy >= 0 { close(copy) }
    guard file >= 0 else { return }
    for stream in [Stream.output, .error] where partialCount[stream.rawValue] > 0 {
      makePrefix(stream)
      emit(isFull: true, partial[stream.rawValue], partialCount[stream.rawValue], output, 0)
      partialCount[stream.rawValue] = 0
    }
    flush()
    close(file)
  }

  /// Standard output without one trailing newline, and of that the end (spec 4.4).
  var resultBytes: UnsafeRawBufferPointer {
    guard let result else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    let whole = resultCount > 0 && result[resultCount - 1] == 0x0A ? resultCount - 1 : resultCount
    let count = min(whole, Self.resultLimit)
    return UnsafeRawBufferPointer(start: result + (whole - count), count: count)
  }

  private func keepResult(_ bytes: UnsafePointer<UInt8>, _ count: Int) {
    guard let result else { return }
    // One more, since a newline at the end does not count.
    let limit = Self.resultLimit + 1
    if count >= limit {
      memcpy(result, bytes + (count - limit), limit)
      resultCount = limit
      return
    }
    if resultCount + count > 2 * Self.resultLimit {
      memmove(result, result + (resultCount - limit), limit)
      resultCount = limit
    }
    memcpy(result + resultCount, bytes, count)
    resultCount += count
  }

  private func emit(
    isFull: Bool, _ first: UnsafePointer<UInt8>, _ firstCount: Int, _ last: UnsafePointer<UInt8>, _ lastCount: Int
  ) {
    if used + prefixCount + firstCount + lastCount + 1 > Self.outputCapacity { flush() }
    memcpy(output + used, prefix, prefixCount)
    used += prefixCount
    output[used - 2] = isFull ? UInt8(ascii: "F") : UInt8(ascii: "P")
    if firstCount > 0 { memcpy(output + used, first, firstCount) }
    used += firstCount
    if lastCount > 0 { memcpy(output + used, last, lastCount) }
    used += lastCount
    output[used] = 0x0A
    used += 1
  }

  private func flush() {
    guard used > 0 else { return }
    // A full disk loses log lines, not the pod.
    _ = Files.writeAll(file, UnsafeRawBufferPointer(start: output, count: used))
    used = 0
  }

  /// `<time> <stream> F `: the time of the read for all lines of one read.
  private func makePrefix(_ stream: Stream) {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    if Int64(time.tv_sec) != second {
      second = Int64(time.tv_sec)
      secondText = Array(Instant(seconds: second).rfc3339.utf8.dropLast())
    }
    for (index, byte) in secondText.enumerated() { prefix[index] = byte }
    var count = secondText.count
    prefix[count] = UInt8(ascii: ".")
    var fraction = time.tv_nsec
    for index in stride(from: 9, to: 0, by: -1) {
      prefix[count + index] = UInt8(truncatingIfNeeded: 0x30 + fraction % 10)
      fraction /= 10
    }
    count += 10
    let rest: StaticString = stream == .output ? "Z stdout F " : "Z stderr F "
    memcpy(prefix + count, rest.utf8Start, rest.utf8CodeUnitCount)
    prefixCount = count + rest.utf8CodeUnitCount
  }
}
