import Contracts
import Glibc

/// Writes ustar with pax headers where a name, a link or a size does not fit. Owners are left out: they mean nothing on the next machine.
struct TarWriter {
  private let sink: any ByteSink
  init(_ sink: any ByteSink) { self.sink = sink }

  /// Writes a file or a directory with all below it under `name`. Links stay links; sockets, pipes and devices are left out.
  func add(_ path: String, as name: String) throws(ArtifactFailure) {
    guard let status = FileStatus(path) else { throw systemFailure("cannot read \(path)") }
    switch status.kind {
    case .file: try addFile(path, as: name)
    case .symlink: try header(name, type: "2", link: try Files.linkTarget(path), size: 0, mode: 0o777, modified: status.modified)
    case .directory:
      try header(name + "/", type: "5", size: 0, mode: status.mode, modified: status.modified)
      for child in try Files.names(in: path) { try add(path + "/" + child, as: name + "/" + child) }
    case .other: return
    }
  }

  /// The two empty blocks at the end.
  func finish() throws(ArtifactFailure) { try sink.write([UInt8](repeating: 0, count: 2 * TarReader.blockSize)) }

  private func addFile(_ path: String, as name: String) throws(ArtifactFailure) {
    let file = try Descriptor(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    let status = try file.status(path)
    guard status.kind == .file else { throw .failed("\(path) is no regular file any more") }
    try header(name, type: "0", size: status.size, mode: status.mode, modified: status.modified)
    let moved = try pump(FileSource(file, name: path), into: sink, limit: status.size)
    guard moved == status.size else { throw .failed("\(path) became shorter while it was read") }
    try pad(status.size)
  }

  func header(
    _ name: String, type: Character, link: String = "", size: UInt64, mode: UInt32, modified: Int64
  ) throws(ArtifactFailure) {
    var pax: [UInt8] = []
    if !fits(name) { pax += record("path", name) }
    if !fits(link) { pax += record("linkpath", link) }
    if size >= 1 << 33 { pax += record("size", String(size)) }
    if !pax.isEmpty {
      try sink.write(block("PaxHeaders/entry", type: "x", link: "", size: UInt64(pax.count), mode: 0o644, modified: 0))
      try sink.write(pax)
      try pad(UInt64(pax.count))
    }
    try sink.write(block(name, type: type, link: link, size: size >= 1 << 33 ? 0 : size, mode: mode, modified: modified))
  }

  private func fits(_ name: String) -> Bool { name.utf8.count <= 100 && name.utf8.allSatisfy { $0 < 0x80 } }

  func pad(_ size: UInt64) throws(ArtifactFailure) {
    let rest = Int(size % UInt64(TarReader.blockSize))
    if rest > 0 { try sink.write([UInt8](repeating: 0, count: TarReader.blockSize - rest)) }
  }

  /// The length counts itself, so it is found by trying.
  private func record(_ key: String, _ value: String) -> [UInt8] {
    let body = " \(key)=\(value)\n"
    var length = body.utf8.count + 1
    while String(length).utf8.count + body.utf8.count != length { length += 1 }
    return Array("\(length)\(body)".utf8)
  }

  private func block(_ name: String, type: Character, link: String, size: UInt64, mode: UInt32, modified: Int64) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: TarReader.blockSize)
    func put(_ text: some Collection<UInt8>, at offset: Int, limit: Int) {
      for (index, byte) in text.prefix(limit).enumerated() { block[offset + index] = byte }
    }
    func octal(_ value: UInt64, at offset: Int, digits: Int) {
      let text = String(value, radix: 8)
      put((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8, at: offset, limit: digits)
    }
    put(name.utf8, at: 0, limit: 100)
    octal(UInt64(mode & 0o777), at: 100, digits: 7)
    octal(0, at: 108, digits: 7)
    octal(0, at: 116, digits: 7)
    octal(size, at: 124, digits: 11)
    octal(UInt64(max(0, min(modified, (1 << 33) - 1))), at: 136, digits: 11)
    put(repeatElement(UInt8(ascii: " "), count: 8), at: 148, limit: 8)
    put(String(type).utf8, at: 156, limit: 1)
    put(link.utf8, at: 157, limit: 100)
    put("ustar\u{0}00".utf8, at: 257, limit: 8)
    octal(block.reduce(0) { $0 + UInt64($1) }, at: 148, digits: 6)
    block[154] = 0
    return block
  }
}
