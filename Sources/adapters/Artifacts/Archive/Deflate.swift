import CZlib
import Contracts

/// The two envelopes of deflate that archives use.
enum DeflateForm {
  /// RFC 1952, with header and checksum.
  case gzip
  /// RFC 1951 alone, as in zip.
  case raw

  var windowBits: Int32 {
    switch self {
    case .gzip: 15 + 16
    case .raw: -15
    }
  }
}

/// Inflates what another source gives. Gzip members that follow each other are one stream, as in RFC 1952.
final class InflateSource: ByteSource {
  private let upstream: any ByteSource
  private let form: DeflateForm
  // zlib keeps the address of its stream, so it must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 8)
  private var exhausted = false
  private var ended = false

  init(_ upstream: any ByteSource, form: DeflateForm) throws(ArtifactFailure) {
    self.upstream = upstream
    self.form = form
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard czlib_inflate_init(stream, form.windowBits) == Z_OK else { throw .failed("cannot start to inflate: out of memory") }
  }

  deinit {
    inflateEnd(stream)
    stream.deinitialize(count: 1)
    stream.deallocate()
    input.deallocate()
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArtifactFailure) -> Int {
    guard !ended, !buffer.isEmpty else { return 0 }
    let room = UInt32(clamping: buffer.count)
    stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = room
    while stream.pointee.avail_out > 0 {
      try refill()
      switch inflate(stream, Z_NO_FLUSH) {
      case Z_OK:
        continue
      case Z_STREAM_END:
        if try nextMember() { continue }
        ended = true
        return Int(room - stream.pointee.avail_out)
      case Z_BUF_ERROR:
        if exhausted { throw .failed("the compressed data ends too early") }
      default:
        throw .failed("the compressed data is damaged")
      }
    }
    return Int(room)
  }

  private func refill() throws(ArtifactFailure) {
    guard stream.pointee.avail_in == 0, !exhausted else { return }
    let count = try upstream.read(into: input)
    exhausted = count == 0
    stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_in = UInt32(count)
  }

  /// Whether another gzip member follows; what else follows is padding and is ignored, as gzip itself does.
  private func nextMember() throws(ArtifactFailure) -> Bool {
    guard form == .gzip else { return false }
    try refill()
    guard stream.pointee.avail_in > 0, stream.pointee.next_in.pointee == 0x1f else { return false }
    return inflateReset(stream) == Z_OK
  }
}

/// Deflates into another sink; `finish` must be called once at the end.
final class DeflateSink: ByteSink {
  private let downstream: any ByteSink
  private let stream: UnsafeMutablePointer<z_stream>
  private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 8)

  /// `level`: 0 (stored) to 9, -1 for zlib's default; others are brought into that range.
  init(_ downstream: any ByteSink, form: DeflateForm, level: Int64) throws(ArtifactFailure) {
    self.downstream = downstream
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard czlib_deflate_init(stream, Int32(max(-1, min(9, level))), form.windowBits) == Z_OK else {
      throw .failed("cannot start to deflate: out of memory")
    }
  }

  deinit {
    deflateEnd(stream)
    stream.deinitialize(count: 1)
    stream.deallocate()
    output.deallocate()
  }

  func write(_ buffer: UnsafeRawBufferPointer) throws(ArtifactFailure) {
    var rest = buffer
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
      stream.pointee.next_in = UnsafeMutablePointer(mutating: part.baseAddress?.assumingMemoryBound(to: UInt8.self))
      stream.pointee.avail_in = UInt32(part.count)
      while stream.pointee.avail_in > 0 { _ = try step(Z_NO_FLUSH) }
      rest = UnsafeRawBufferPointer(rebasing: rest[part.count...])
    }
  }

  func finish() throws(ArtifactFailure) {
    while try step(Z_FINISH) != Z_STREAM_END {}
  }

  private func step(_ flush: Int32) throws(ArtifactFailure) -> Int32 {
    stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(output.count)
    let code = deflate(stream, flush)
    guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else { throw .failed("cannot deflate: error \(code)") }
    let count = output.count - Int(stream.pointee.avail_out)
    if count > 0 { try downstream.write(UnsafeRawBufferPointer(rebasing: output[..<count])) }
    return code
  }
}
