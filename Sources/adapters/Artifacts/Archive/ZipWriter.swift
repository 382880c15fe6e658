import CZlib
import Contracts
import Glibc

/// Writes a zip file: members deflated, numbers widened to zip64 where they do not fit.
final class ZipWriter {
  private struct Record {
    var name: String
    var mode: UInt32
    var method: UInt64
    var crc: UInt64
    var packed: UInt64
    var size: UInt64
    var offset: UInt64
  }

  private let file: Descriptor
  private let sink: FileSink
  private let path: String
  private var records: [Record] = []

  init(_ file: Descriptor, path: String) {
    self.file = file
    self.path = path
    sink = FileSink(file, name: path)
  }

  /// Writes a file or a directory with all below it under `name`. Links stay links; sockets, pipes and devices are left out.
  func add(_ source: String, as name: String) throws(ArtifactFailure) {
    guard let status = FileStatus(source) else { throw systemFailure("cannot read \(source)") }
    switch status.kind {
    case .file:
      let input = try Descriptor(source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
      try write(FileSource(input, name: source), name: name, mode: 0o100000 | status.mode, sizeHint: try input.status(source).size)
    case .symlink:
      let target = Array(try Files.linkTarget(source).utf8)
      try write(MemorySource(target), name: name, mode: 0o120777, sizeHint: UInt64(target.count))
    case .directory:
      try write(MemorySource([]), name: name + "/", mode: 0o040000 | status.mode, sizeHint: 0)
      for child in try Files.names(in: source) { try add(source + "/" + child, as: name + "/" + child) }
    case .other: return
    }
  }

  private func write(_ source: any ByteSource, name: String, mode: UInt32, sizeHint: UInt64) throws(ArtifactFailure) {
    guard name.utf8.count <= 0xffff else { throw .failed("the name \(name) is too long for a zip archive") }
    // Deflate adds a little to what does not shrink, so be wide a little early.
    let wide = sizeHint >= 0xff00_0000
    let method: UInt64 = mode & 0o170000 == 0o100000 && sizeHint > 0 ? 8 : 0
    var record = Record(name: name, mode: mode, method: method, crc: 0, packed: 0, size: 0, offset: sink.written)
    try sink.write(localHeader(record, wide: wide))
    let start = sink.written
    let counted = Counted(source)
    if method == 8 {
      let deflate = try DeflateSink(sink, form: .raw, level: -1)
      try pump(counted, into: deflate, limit: sizeHint)
      try deflate.finish()
    } else {
      try pump(counted, into: sink, limit: sizeHint)
    }
    record.size = counted.count
    record.crc = UInt64(counted.checksum)
    record.packed = sink.written - start
    guard record.size == sizeHint else { throw .failed("\(name) became shorter while it was read") }
    guard wide || record.packed < 0xffff_ffff else { throw .failed("\(name) does not fit into the zip archive") }
    let header = localHeader(record, wide: wide)
    guard pwrite(file.number, header, header.count, off_t(record.offset)) == header.count else {
      throw systemFailure("cannot write \(path)")
    }
    records.append(record)
  }

  func finish() throws(ArtifactFailure) {
    let start = sink.written
    for record in records {
      var extra: [UInt8] = []
      for value in [record.size, record.packed, record.offset] where value >= 0xffff_ffff { extra += bytes(value, 8) }
      if !extra.isEmpty { extra = bytes(1, 2) + bytes(UInt64(extra.count), 2) + extra }
      var out = bytes(0x0201_4b50, 4) + bytes(3 << 8 | 45, 2) + bytes(extra.isEmpty ? 20 : 45, 2) + bytes(0x800, 2)
      out += bytes(record.method, 2) + bytes(0, 2) + bytes(0x21, 2) + bytes(record.crc, 4)
      out += bytes(min(record.packed, 0xffff_ffff), 4) + bytes(min(record.size, 0xffff_ffff), 4)
      out += bytes(UInt64(record.name.utf8.count), 2) + bytes(UInt64(extra.count), 2) + bytes(0, 2) + bytes(0, 2) + bytes(0, 2)
      out += bytes(UInt64(record.mode) << 16, 4) + bytes(min(record.offset, 0xffff_ffff), 4)
      out += Array(record.name.utf8) + extra
      try sink.write(out)
    }
    let size = sink.written - start
    let count = UInt64(records.count)
    if count >= 0xffff || size >= 0xffff_ffff || start >= 0xffff_ffff {
      let wideStart = sink.written
      var out = bytes(0x0606_4b50, 4) + bytes(44, 8) + bytes(3 << 8 | 45, 2) + bytes(45, 2) + bytes(0, 4) + bytes(0, 4)
      out += bytes(count, 8) + bytes(count, 8) + bytes(size, 8) + bytes(start, 8)
      out += bytes(0x0706_4b50, 4) + bytes(0, 4) + bytes(wideStart, 8) + bytes(1, 4)
      try sink.write(out)
    }
    var out = bytes(0x0605_4b50, 4) + bytes(0, 4) + bytes(min(count, 0xffff), 2) + bytes(min(count, 0xffff), 2)
    out += bytes(min(size, 0xffff_ffff), 4) + bytes(min(start, 0xffff_ffff), 4) + bytes(0, 2)
    try sink.write(out)
  }

  /// Written with zeros first and again when the numbers are known. The date is the first one zip has: nothing reads it here.
  private func localHeader(_ record: Record, wide: Bool) -> [UInt8] {
    var out = bytes(0x0403_4b50, 4) + bytes(wide ? 45 : 20, 2) + bytes(0x800, 2) + bytes(record.method, 2)
    out += bytes(0, 2) + bytes(0x21, 2) + bytes(record.crc, 4)
    out += bytes(wide ? 0xffff_ffff : record.packed, 4) + bytes(wide ? 0xffff_ffff : record.size, 4)
    out += bytes(UInt64(record.name.utf8.count), 2) + bytes(wide ? 20 : 0, 2) + Array(record.name.utf8)
    if wide { out += bytes(1, 2) + bytes(16, 2) + bytes(record.size, 8) + bytes(record.packed, 8) }
    return out
  }

  private func bytes(_ value: UInt64, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }

  private final class Counted: ByteSource {
    private let source: any ByteSource
    private(set) var count: UInt64 = 0
    private(set) var checksum: UInt = 0
    init(_ source: any ByteSource) { self.source = source }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArtifactFailure) -> Int {
      let got = try source.read(into: buffer)
      count += UInt64(got)
      if got > 0 { checksum = crc32_z(checksum, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), got) }
      return got
    }
  }
}
