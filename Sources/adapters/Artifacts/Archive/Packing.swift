import Contracts
import Glibc

/// How an artifact is packed (spec 1.6, `archive`).
enum ArchiveForm: Hashable {
  case none
  /// Tar in gzip; the level is 0 to 9, -1 for the usual one.
  case tar(level: Int64)
  case zip
}

enum Packing {
  /// Packs a file or directory into a new file; its only top entry has this name (nil: the source's), and unpacking can rename it.
  static func pack(_ source: String, as form: ArchiveForm, to target: String, named given: String? = nil) throws(ArtifactFailure) {
    let file = try Descriptor(target, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
    let name = given ?? Files.baseName(source)
    switch form {
    case .tar(let level):
      let deflate = try DeflateSink(FileSink(file, name: target), form: .gzip, level: level)
      let tar = TarWriter(deflate)
      try tar.add(source, as: name)
      try tar.finish()
      try deflate.finish()
    case .zip:
      let zip = ZipWriter(file, path: target)
      try zip.add(source, as: name)
      try zip.finish()
    case .none:
      try pump(FileSource(try Descriptor(source, O_RDONLY | O_NOFOLLOW), name: source), into: FileSink(file, name: target))
    }
  }

  /// Whether a file is gzip with a tar inside: what an input that declares no archive is unpacked for.
  static func isCompressedTar(_ path: String) throws(ArtifactFailure) -> Bool {
    let source = FileSource(try Descriptor(path, O_RDONLY | O_NOFOLLOW), name: path)
    guard try source.bytes(2) == [0x1f, 0x8b] else { return false }
    let whole = FileSource(try Descriptor(path, O_RDONLY | O_NOFOLLOW), name: path)
    guard let block = try? InflateSource(whole, form: .gzip).bytes(TarReader.blockSize) else { return false }
    return TarReader.isHeader(block)
  }

  /// Unpacks into the new directory `tree` and returns what the artifact is: the single top entry when there is just one, else `tree`. The
  /// caller owns `tree` and throws it away when this fails.
  static func unpack(_ archive: String, as form: ArchiveForm, into tree: String, limits: ExtractionLimits) throws(ArtifactFailure) -> String
  {
    guard mkdir(tree, 0o755) == 0 else { throw systemFailure("cannot make \(tree)") }
    let file = try Descriptor(archive, O_RDONLY | O_NOFOLLOW)
    let extraction = try Extraction(into: tree, limits: limits)
    switch form {
    case .tar:
      let source = FileSource(file, name: archive)
      let gzip = try FileSource(file, name: archive).bytes(2) == [0x1f, 0x8b]
      try extraction.run(TarReader(gzip ? try InflateSource(source, form: .gzip) : source, file: source))
    case .zip:
      try extraction.run(try ZipReader(file))
    case .none:
      return archive
    }
    let names = try Files.names(in: tree)
    let result = names.count == 1 ? tree + "/" + names[0] : tree
    try LinkCheck.verify(result)
    return result
  }
}
