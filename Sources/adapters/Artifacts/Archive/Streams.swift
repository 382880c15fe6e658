import Contracts
import Glibc

/// Bytes that are pulled; everything about archives streams through these, so memory does not grow with a file.
protocol ByteSource: AnyObject {
  /// Fills at most the buffer; 0 means the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArtifactFailure) -> Int
}

extension ByteSource {
  /// As many bytes as the buffer takes, fewer only at the end.
  func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(ArtifactFailure) -> Int {
    var count = 0
    while count < buffer.count {
      let more = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
      if more == 0 { break }
      count += more
    }
    return count
  }

  /// At most `count` bytes, fewer only at the end.
  func bytes(_ count: Int) throws(ArtifactFailure) -> [UInt8] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
    defer { buffer.deallocate() }
    let got = try fill(buffer)
    return Array(buffer[..<got])
  }
}

protocol ByteSink: AnyObject {
  func write(_ buffer: UnsafeRawBufferPointer) throws(ArtifactFailure)
}

extension ByteSink {
  func write(_ bytes: [UInt8]) throws(ArtifactFailure) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes)
    try write(UnsafeRawBufferPointer(copy))
  }
}

/// Moves everything, or at most `limit` bytes; the number moved.
@discardableResult
func pump(_ source: any ByteSource, into sink: any ByteSink, limit: UInt64 = .max) throws(ArtifactFailure) -> UInt64 {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Files.chunk, alignment: 8)
  defer { buffer.deallocate() }
  var moved: UInt64 = 0
  while moved < limit {
    let wanted = Int(min(UInt64(buffer.count), limit - moved))
    let count = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
    if count == 0 { break }
    try sink.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    moved += UInt64(count)
  }
  return moved
}

/// A file, or a part of it. Reads by position, so several can share one descriptor; what has no positions (a pipe) is read as it comes.
final class FileSource: ByteSource {
  private let file: Descriptor
  private let name: String
  private var position: UInt64
  private let end: UInt64
  private let isStream: Bool
  /// Bytes handed out so far.
  private(set) var consumed: UInt64 = 0

  init(_ file: Descriptor, name: String, from start: UInt64 = 0, count: UInt64 = .max) {
    self.file = file
    self.name = name
    position = start
    isStream = lseek(file.number, 0, SEEK_CUR) < 0 && errno == ESPIPE
    end = start.addingReportingOverflow(count).overflow ? .max : start + count
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArtifactFailure) -> Int {
    let wanted = Int(min(UInt64(buffer.count), end - min(position, end)))
    guard wanted > 0, let offset = off_t(exactly: position) else { return 0 }
    while true {
      let count = isStream ? Glibc.read(file.number, buffer.baseAddress, wanted) : pread(file.number, buffer.baseAddress, wanted, offset)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw systemFailure("cannot read \(name)") }
      position += UInt64(count)
      consumed += UInt64(count)
      return count
    }
  }
}

final class FileSink: ByteSink {
  private let file: Descriptor
  private let name: String
  /// Bytes written so far.
  private(set) var written: UInt64 = 0

  init(_ file: Descriptor, name: String) {
    self.file = file
    self.name = name
  }

  func write(_ buffer: UnsafeRawBufferPointer) throws(ArtifactFailure) {
    var rest = buffer
    while !rest.isEmpty {
      let count = Glibc.write(file.number, rest.baseAddress, rest.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw systemFailure("cannot write \(name)") }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      written += UInt64(count)
    }
  }
}

final class MemorySource: ByteSource {
  private var rest: ArraySlice<UInt8>
  init(_ bytes: [UInt8]) { rest = bytes[...] }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArtifactFailure) -> Int {
    let part = rest.prefix(buffer.count)
    buffer.copyBytes(from: part)
    rest = rest.dropFirst(part.count)
    return part.count
  }
}

final class MemorySink: ByteSink {
  private(set) var bytes: [UInt8] = []
  func write(_ buffer: UnsafeRawBufferPointer) throws(ArtifactFailure) { bytes.append(contentsOf: buffer) }
}
