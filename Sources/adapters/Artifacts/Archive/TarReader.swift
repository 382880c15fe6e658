import Contracts

/// Reads tar as ustar, pax and GNU tar write it. Sparse files and multi-volume archives are refused.
final class TarReader: ArchiveReader {
  static let blockSize = 512
  /// pax headers and GNU long names larger than this are an attack, not a name.
  static let maximumHeader: UInt64 = 1 << 20
  /// What may follow the end mark: tar pads to whole records.
  private static let maximumPadding: UInt64 = 64 << 20

  private let source: any ByteSource
  private let file: FileSource
  private var remaining: UInt64 = 0
  private var padding: UInt64 = 0
  private var current = ""
  private var ended = false

  /// `source` gives the tar; `file` is what it reads, for `consumed`.
  init(_ source: any ByteSource, file: FileSource) {
    self.source = source
    self.file = file
  }

  var consumed: UInt64 { file.consumed }

  /// Whether these are the first bytes of a tar archive that has an entry: 512 bytes with a right checksum.
  static func isHeader(_ block: [UInt8]) -> Bool { block.count == blockSize && TarHeader(block).isValid }

  func next() throws(ArtifactFailure) -> ArchiveEntry? {
    guard !ended else { return nil }
    try skipRest()
    var extended = Extended()
    while true {
      let block = try source.bytes(Self.blockSize)
      if block.isEmpty || block.allSatisfy({ $0 == 0 }) {
        guard !extended.any else { throw .failed("the tar archive ends after the header of an entry") }
        ended = true
        if !block.isEmpty { try skipPadding() }
        return nil
      }
      guard block.count == Self.blockSize else { throw .failed("the tar archive ends within a header") }
      let header = TarHeader(block)
      guard header.isValid else { throw .failed("the tar archive is damaged after entry \"\(current)\": wrong header checksum") }
      guard var size = header.size else { throw .failed("tar entry \"\(header.name)\" has no readable size") }
      switch header.type {
      case "x": try extended.merge(pax: try content(size, of: "pax header"))
      case "g": _ = try content(size, of: "pax header")
      case "L": extended.path = try text(try content(size, of: "long name"))
      case "K": extended.link = try text(try content(size, of: "long link name"))
      default:
        let name = extended.path ?? header.name
        current = name
        let kind = try kind(of: header, name: name, extended: extended)
        if let other = extended.size { size = other }
        if kind != .file { if case .unsupported = kind {} else { size = 0 } }
        remaining = size
        padding = (UInt64(Self.blockSize) - size % UInt64(Self.blockSize)) % UInt64(Self.blockSize)
        return ArchiveEntry(name: name, kind: kind, mode: header.mode, modified: extended.modified ?? header.modified)
      }
    }
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArtifactFailure) -> Int {
    guard remaining > 0 else { return 0 }
    let wanted = Int(min(UInt64(buffer.count), remaining))
    let count = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
    guard count > 0 else { throw .failed("the tar archive ends within entry \"\(current)\"") }
    remaining -= UInt64(count)
    return count
  }

  private func kind(of header: TarHeader, name: String, extended: Extended) throws(ArtifactFailure) -> ArchiveEntry.Kind {
    if extended.sparse { return .unsupported("a sparse file") }
    switch header.type {
    case "0", "\0", "7": return name.utf8.last == UInt8(ascii: "/") ? .directory : .file
    case "1": return .hardLink(extended.link ?? header.link)
    case "2": return .symlink(extended.link ?? header.link)
    case "3", "4": return .unsupported("a device")
    case "5": return .directory
    case "6": return .unsupported("a named pipe")
    case "S": return .unsupported("a sparse file")
    default: return .unsupported("of the unknown type \"\(header.type)\"")
    }
  }

  private func content(_ size: UInt64, of what: String) throws(ArtifactFailure) -> [UInt8] {
    guard size <= Self.maximumHeader else { throw .failed("the tar archive has a \(what) of \(size) bytes") }
    let bytes = try source.bytes(Int(size))
    let rest = (Self.blockSize - Int(size) % Self.blockSize) % Self.blockSize
    guard bytes.count == Int(size), try source.bytes(rest).count == rest else {
      throw .failed("the tar archive ends within a \(what)")
    }
    return bytes
  }

  private func text(_ bytes: [UInt8]) throws(ArtifactFailure) -> String {
    let used = bytes.prefix { $0 != 0 }
    guard let text = String(validating: used, as: UTF8.self) else { throw .failed("the tar archive has a name that is no UTF-8") }
    return text
  }

  private func skipRest() throws(ArtifactFailure) {
    let rest = remaining.addingReportingOverflow(padding)
    guard !rest.overflow else { throw .failed("tar entry \"\(current)\" has an impossible size") }
    let skipped = try pump(source, into: Discard(), limit: rest.partialValue)
    guard skipped == rest.partialValue else { throw .failed("the tar archive ends within entry \"\(current)\"") }
    remaining = 0
    padding = 0
  }

  /// Reads to the end, so that the checksum of the compression around the tar is compared too.
  private func skipPadding() throws(ArtifactFailure) {
    let skipped = try pump(source, into: Discard(), limit: Self.maximumPadding)
    if skipped == Self.maximumPadding { throw .failed("the tar archive goes on long after its end mark") }
  }

  private final class Discard: ByteSink {
    func write(_ buffer: UnsafeRawBufferPointer) throws(ArtifactFailure) {}
  }

  /// What pax headers and GNU long names say of the entry after them.
  private struct Extended {
    var path: String?
    var link: String?
    var size: UInt64?
    var modified: Int64?
    var sparse = false
    var any: Bool { path != nil || link != nil || size != nil || modified != nil || sparse }

    /// Records of the form `<length> <key>=<value>\n`, POSIX.1-2001 `pax`.
    mutating func merge(pax bytes: [UInt8]) throws(ArtifactFailure) {
      var rest = bytes[...]
      while !rest.isEmpty {
        let digits = rest.prefix { $0 != UInt8(ascii: " ") }
        guard digits.count <= 8, let length = Int(String(decoding: digits, as: UTF8.self)), length > digits.count + 2, length <= rest.count
        else { throw .failed("the tar archive has a damaged pax header") }
        let record = rest.prefix(length).dropFirst(digits.count + 1).dropLast()
        rest = rest.dropFirst(length)
        guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else { throw .failed("the tar archive has a damaged pax header") }
        let key = String(decoding: record[..<equals], as: UTF8.self)
        let value = String(validating: record[record.index(after: equals)...], as: UTF8.self)
        switch key {
        case "path", "linkpath":
          guard let value else { throw .failed("the tar archive has a name that is no UTF-8") }
          if key == "path" { path = value } else { link = value }
        case "size":
          guard let value, let number = UInt64(value) else { throw .failed("the tar archive has a damaged pax header") }
          size = number
        case "mtime":
          modified = value.flatMap { Int64($0.prefix { $0 != "." }) }
        default:
          if key.hasPrefix("GNU.sparse") { sparse = true }
        }
      }
    }
  }
}

/// The 512 bytes before an entry (POSIX ustar; the older form has no magic).
private struct TarHeader {
  private let block: [UInt8]
  init(_ block: [UInt8]) { self.block = block }

  /// The sum of all bytes with the checksum field as blanks; old programs summed signed bytes.
  var isValid: Bool {
    guard block.count == TarReader.blockSize, let written = octal(148..<156) else { return false }
    var unsigned: Int64 = 0
    var signed: Int64 = 0
    for (index, byte) in block.enumerated() {
      let value = (148..<156).contains(index) ? UInt8(ascii: " ") : byte
      unsigned += Int64(value)
      signed += Int64(Int8(bitPattern: value))
    }
    return Int64(clamping: written) == unsigned || Int64(clamping: written) == signed
  }

  var type: Character { Character(UnicodeScalar(block[156])) }
  var mode: UInt32 { UInt32(truncatingIfNeeded: octal(100..<108) ?? 0o644) }
  var size: UInt64? { number(124..<136) }
  var modified: Int64 { Int64(clamping: number(136..<148) ?? 0) }
  var link: String { text(157..<257) }
  var name: String {
    let short = text(0..<100)
    guard block[257..<263].elementsEqual("ustar\0".utf8) else { return short }
    let prefix = text(345..<500)
    return prefix.isEmpty ? short : prefix + "/" + short
  }

  private func text(_ range: Range<Int>) -> String { String(decoding: block[range].prefix { $0 != 0 }, as: UTF8.self) }

  private func octal(_ range: Range<Int>) -> UInt64? {
    let digits = block[range].drop { $0 == UInt8(ascii: " ") }.prefix { $0 != 0 && $0 != UInt8(ascii: " ") }
    return digits.isEmpty ? 0 : UInt64(String(decoding: digits, as: UTF8.self), radix: 8)
  }

  /// Octal, or GNU's base 256 where the first bit is set.
  private func number(_ range: Range<Int>) -> UInt64? {
    let field = block[range]
    guard let first = field.first, first & 0x80 != 0 else { return octal(range) }
    guard first == 0x80 else { return nil }
    var value: UInt64 = 0
    for byte in field.dropFirst() {
      guard value >> 56 == 0 else { return nil }
      value = value << 8 | UInt64(byte)
    }
    return value
  }
}
