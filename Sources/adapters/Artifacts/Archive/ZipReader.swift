import CZlib
import Contracts

/// Little-endian numbers in a run of bytes; nil past its end.
struct LittleEndian {
  let bytes: [UInt8]
  func number(_ offset: Int, _ width: Int) -> UInt64? {
    guard offset >= 0, offset + width <= bytes.count else { return nil }
    var value: UInt64 = 0
    for index in stride(from: offset + width - 1, through: offset, by: -1) { value = value << 8 | UInt64(bytes[index]) }
    return value
  }
  func slice(_ offset: Int, _ count: Int) -> [UInt8]? {
    guard offset >= 0, count >= 0, offset + count <= bytes.count else { return nil }
    return Array(bytes[offset..<offset + count])
  }
}

/// Reads zip by its central directory (APPNOTE.TXT 4.3), stored and deflated members, with zip64. So data descriptors need no reading.
final class ZipReader: ArchiveReader {
  private struct Member {
    var entry: ArchiveEntry
    var method: UInt64
    var encrypted: Bool
    var crc: UInt64
    var packed: UInt64
    var size: UInt64
    var offset: UInt64
  }

  /// A central directory larger than this is refused before it is read.
  private static let maximumDirectory: UInt64 = 256 << 20

  private let file: Descriptor
  private let fileSize: UInt64
  private var directory: FileSource
  private var left: UInt64
  private var current: Member?
  private var source: (any ByteSource)?
  private var checksum: UInt = 0
  private var produced: UInt64 = 0
  private(set) var consumed: UInt64 = 0

  init(_ file: Descriptor) throws(ArtifactFailure) {
    self.file = file
    fileSize = try file.status("zip archive").size
    let end = try ZipReader.endRecord(file, fileSize)
    guard end.size <= Self.maximumDirectory, end.offset <= fileSize, end.size <= fileSize - end.offset else { throw Self.damaged }
    directory = FileSource(file, name: "zip archive", from: end.offset, count: end.size)
    left = end.count
  }

  static let damaged = ArtifactFailure.failed("the zip archive is damaged or cut off")

  func next() throws(ArtifactFailure) -> ArchiveEntry? {
    source = nil
    current = nil
    guard left > 0 else { return nil }
    left -= 1
    var member = try readMember()
    consumed += member.packed + 46
    if case .symlink = member.entry.kind {
      guard member.size <= 4096 else { throw .failed("zip entry \"\(member.entry.name)\" is a link with a target of \(member.size) bytes") }
      try begin(member)
      let sink = MemorySink()
      try pump(Remainder(self), into: sink)
      guard let target = String(validating: sink.bytes, as: UTF8.self) else {
        throw .failed("zip entry \"\(member.entry.name)\" is a link to a name that is no UTF-8")
      }
      member.entry.kind = .symlink(target)
      source = nil
    } else if member.entry.kind == .file {
      try begin(member)
    }
    return member.entry
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArtifactFailure) -> Int {
    guard let source, let current else { return 0 }
    let count = try source.read(into: buffer)
    produced += UInt64(count)
    guard produced <= current.size else { throw .failed("zip entry \"\(current.entry.name)\" is larger than it says") }
    if count > 0 {
      checksum = crc32_z(checksum, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), count)
      return count
    }
    guard produced == current.size, UInt64(checksum) == current.crc else {
      throw .failed("zip entry \"\(current.entry.name)\" is damaged: wrong size or checksum")
    }
    return 0
  }

  private final class Remainder: ByteSource {
    private let reader: ZipReader
    init(_ reader: ZipReader) { self.reader = reader }
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArtifactFailure) -> Int { try reader.read(into: buffer) }
  }

  private func begin(_ member: Member) throws(ArtifactFailure) {
    let name = member.entry.name
    guard !member.encrypted else { throw .failed("zip entry \"\(name)\" is encrypted") }
    let header = LittleEndian(bytes: try FileSource(file, name: "zip archive", from: member.offset, count: 30).bytes(30))
    guard header.number(0, 4) == 0x0403_4b50, let nameLength = header.number(26, 2), let extraLength = header.number(28, 2) else {
      throw Self.damaged
    }
    let start = member.offset + 30 + nameLength + extraLength
    guard start <= fileSize, member.packed <= fileSize - start else { throw .failed("zip entry \"\(name)\" is cut off") }
    let packed = FileSource(file, name: "zip archive", from: start, count: member.packed)
    switch member.method {
    case 0: source = packed
    case 8: source = try InflateSource(packed, form: .raw)
    default: throw .failed("zip entry \"\(name)\" is packed by method \(member.method), which is not supported")
    }
    current = member
    checksum = 0
    produced = 0
  }

  private func readMember() throws(ArtifactFailure) -> Member {
    let head = LittleEndian(bytes: try directory.bytes(46))
    guard head.number(0, 4) == 0x0201_4b50, let madeBy = head.number(4, 2), let flags = head.number(8, 2), let method = head.number(10, 2),
      let crc = head.number(16, 4), var packed = head.number(20, 4), var size = head.number(24, 4), let nameLength = head.number(28, 2),
      let extraLength = head.number(30, 2), let commentLength = head.number(32, 2), let attributes = head.number(38, 4),
      var offset = head.number(42, 4)
    else { throw Self.damaged }
    let tailLength = Int(nameLength + extraLength + commentLength)
    let tail = LittleEndian(bytes: try directory.bytes(tailLength))
    guard tail.bytes.count == tailLength, let nameBytes = tail.slice(0, Int(nameLength)),
      let extra = tail.slice(Int(nameLength), Int(extraLength))
    else { throw Self.damaged }
    guard let name = String(validating: nameBytes, as: UTF8.self) else { throw .failed("the zip archive has a name that is no UTF-8") }
    try Self.widen(&size, &packed, &offset, extra: LittleEndian(bytes: extra))
    guard offset <= fileSize, packed <= fileSize else { throw Self.damaged }

    let unixMode = madeBy >> 8 == 3 ? UInt32(truncatingIfNeeded: attributes >> 16) : 0
    let kind: ArchiveEntry.Kind =
      switch unixMode & 0o170000 {
      case 0o120000: .symlink("")
      case 0o040000: .directory
      case 0, 0o100000: nameBytes.last == UInt8(ascii: "/") ? .directory : .file
      default: .unsupported("a device or a pipe")
      }
    let mode = unixMode & 0o777 != 0 ? unixMode : (kind == .directory ? 0o755 : 0o644)
    return Member(
      entry: ArchiveEntry(name: name, kind: kind, mode: mode, modified: 0), method: method, encrypted: flags & 1 != 0, crc: crc,
      packed: packed, size: size, offset: offset)
  }

  /// The zip64 extra field holds, in this order, those of the numbers that are all ones in the entry.
  private static func widen(
    _ size: inout UInt64, _ packed: inout UInt64, _ offset: inout UInt64, extra: LittleEndian
  ) throws(ArtifactFailure) {
    guard size == 0xffff_ffff || packed == 0xffff_ffff || offset == 0xffff_ffff else { return }
    var position = 0
    while let id = extra.number(position, 2), let length = extra.number(position + 2, 2) {
      position += 4
      if id == 1 {
        func take(_ value: inout UInt64) throws(ArtifactFailure) {
          guard value == 0xffff_ffff else { return }
          guard let wide = extra.number(position, 8) else { throw damaged }
          value = wide
          position += 8
        }
        try take(&size)
        try take(&packed)
        try take(&offset)
        return
      }
      position += Int(length)
    }
  }

  /// The end record lies in the last 64 KiB; zip64 has another before it.
  private static func endRecord(
    _ file: Descriptor, _ fileSize: UInt64
  ) throws(ArtifactFailure) -> (offset: UInt64, size: UInt64, count: UInt64) {
    let length = min(fileSize, 65_535 + 22 + 20)
    let start = fileSize - length
    let tail = LittleEndian(bytes: try FileSource(file, name: "zip archive", from: start, count: length).bytes(Int(length)))
    var position = tail.bytes.count - 22
    while position >= 0 {
      if tail.number(position, 4) == 0x0605_4b50, let comment = tail.number(position + 20, 2),
        position + 22 + Int(comment) == tail.bytes.count
      {
        break
      }
      position -= 1
    }
    guard position >= 0, let count = tail.number(position + 10, 2), let size = tail.number(position + 12, 4),
      let offset = tail.number(position + 16, 4)
    else { throw .failed("this is no zip archive, or it is cut off: it has no end record") }
    guard count == 0xffff || size == 0xffff_ffff || offset == 0xffff_ffff, tail.number(position - 20, 4) == 0x0706_4b50,
      let wide = tail.number(position - 12, 8), wide <= fileSize
    else { return (offset, size, count) }
    let record = LittleEndian(bytes: try FileSource(file, name: "zip archive", from: wide, count: 56).bytes(56))
    guard record.number(0, 4) == 0x0606_4b50, let wideCount = record.number(32, 8), let wideSize = record.number(40, 8),
      let wideOffset = record.number(48, 8)
    else { throw damaged }
    return (wideOffset, wideSize, wideCount)
  }
}
