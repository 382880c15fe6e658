import Contracts
import Glibc

/// Looks into an archive without unpacking it. An archive with a single directory at its top is that directory, as when it is unpacked.
struct PackedFiles {
  let path: String
  let form: ArchiveForm
  let limits: ExtractionLimits

  /// What all names in one archive may take in bytes.
  private static let maximumNames = 64 << 20

  private struct Entry {
    var names: [String]
    var kind: ArchiveEntry.Kind
  }

  /// The names in a directory of the archive; those of directories end with a slash. Throws `notFound`.
  func names(in directory: [String]) throws(ArtifactFailure) -> [String] {
    let (entries, top) = try scan()
    let wanted = top + directory
    var found: Set<String> = []
    var isThere = wanted.isEmpty
    for entry in entries where entry.names.starts(with: wanted) {
      if entry.names.count > wanted.count {
        isThere = true
        let isLast = entry.names.count == wanted.count + 1
        switch entry.kind {
        case .file, .hardLink: found.insert(entry.names[wanted.count] + (isLast ? "" : "/"))
        case .directory: found.insert(entry.names[wanted.count] + "/")
        case .symlink, .unsupported: continue
        }
      } else if entry.kind == .directory {
        isThere = true
      }
    }
    guard isThere else { throw missing(directory) }
    return found.sorted()
  }

  /// Writes a file of the archive to the new file `target`; false when it is a directory. Throws `notFound`.
  func extract(_ file: [String], to target: String) throws(ArtifactFailure) -> Bool {
    let (entries, top) = try scan()
    let wanted = top + file
    guard let entry = entries.last(where: { $0.names == wanted }) else {
      if entries.contains(where: { $0.names.starts(with: wanted) }) { return false }
      throw missing(file)
    }
    switch entry.kind {
    case .directory: return false
    case .file: try copy(wanted, to: target)
    case .hardLink(let other):
      guard let names = Self.clean(other) else { throw missing(file) }
      try copy(names, to: target)
    case .symlink, .unsupported: throw missing(file)
    }
    return true
  }

  private func missing(_ names: [String]) -> ArtifactFailure {
    .notFound("there is no \"\(names.joined(separator: "/"))\" in the archive")
  }

  private func copy(_ names: [String], to target: String) throws(ArtifactFailure) {
    let reader = try reader()
    let sink = FileSink(try Descriptor(target, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW), name: target)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Files.chunk, alignment: 8)
    defer { buffer.deallocate() }
    while let entry = try reader.next() {
      guard entry.kind == .file, Self.clean(entry.name) == names else { continue }
      while true {
        let count = try reader.read(into: buffer)
        if count == 0 { return }
        guard sink.written + UInt64(count) <= limits.bytes else { throw .failed("the archive becomes larger than \(limits.bytes) bytes") }
        try sink.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      }
    }
    throw missing(names)
  }

  /// All entries with usable names, and the directory that is the artifact.
  private func scan() throws(ArtifactFailure) -> (entries: [Entry], top: [String]) {
    let reader = try reader()
    var entries: [Entry] = []
    var bytes = 0
    while let entry = try reader.next() {
      guard let names = Self.clean(entry.name), !names.isEmpty else { continue }
      bytes += entry.name.utf8.count
      guard entries.count < limits.entries, bytes <= Self.maximumNames else { throw .failed("the archive has too many entries") }
      entries.append(Entry(names: names, kind: entry.kind))
    }
    guard let top = entries.first?.names.first, entries.allSatisfy({ $0.names.first == top }),
      !entries.contains(where: { $0.names.count == 1 && $0.kind != .directory })
    else { return (entries, []) }
    return (entries, [top])
  }

  /// Nil for a name that leads out.
  private static func clean(_ name: String) -> [String]? {
    let names = Files.pieces(name).filter { $0 != "." }
    return names.contains("..") ? nil : names
  }

  private func reader() throws(ArtifactFailure) -> any ArchiveReader {
    let file = try Descriptor(path, O_RDONLY | O_NOFOLLOW)
    if form == .zip { return try ZipReader(file) }
    let source = FileSource(file, name: path)
    guard try FileSource(file, name: path).bytes(2) == [0x1f, 0x8b] else { return TarReader(source, file: source) }
    return TarReader(BoundedSource(try InflateSource(source, form: .gzip), of: source, limits), file: source)
  }
}

/// What comes out of a compressed file, up to the limits: what is skipped costs time too.
private final class BoundedSource: ByteSource {
  private let source: any ByteSource
  private let file: FileSource
  private let limits: ExtractionLimits
  private var bytes: UInt64 = 0

  init(_ source: any ByteSource, of file: FileSource, _ limits: ExtractionLimits) {
    self.source = source
    self.file = file
    self.limits = limits
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArtifactFailure) -> Int {
    let count = try source.read(into: buffer)
    bytes += UInt64(count)
    guard bytes <= limits.bytes else { throw .failed("the archive becomes larger than \(limits.bytes) bytes") }
    if bytes > limits.ratioFrom, bytes / max(1, file.consumed) > limits.ratio {
      throw .failed("the archive becomes more than \(limits.ratio) times as large as it is")
    }
    return count
  }
}
