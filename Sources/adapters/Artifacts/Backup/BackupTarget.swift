import Contracts
import Crypto
import Glibc

/// Where a backup is written.
protocol BackupTarget: AnyObject {
  func directory(_ path: String) throws(ArtifactFailure)
  func link(_ path: String, to target: String) throws(ArtifactFailure)
  /// Takes exactly `size` bytes of the source.
  func file(_ path: String, size: UInt64, mode: UInt32, modified: Int64, from source: any ByteSource) throws(ArtifactFailure)
  /// Everything is on the disk and in its place when this returns.
  func finish() throws(ArtifactFailure)
  /// Nothing stays.
  func abandon()
}

/// Gives exactly so many bytes of a file that may change meanwhile, and their SHA-256.
final class MeasuredSource: ByteSource {
  private let upstream: any ByteSource
  private var rest: UInt64
  private var hash = SHA256()
  /// The file had fewer bytes; zeros stand for the others.
  private(set) var wasCut = false

  private let isCancelled: @Sendable () -> Bool

  init(_ upstream: any ByteSource, size: UInt64, _ isCancelled: @escaping @Sendable () -> Bool) {
    self.upstream = upstream
    self.isCancelled = isCancelled
    rest = size
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArtifactFailure) -> Int {
    let wanted = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(Int(min(UInt64(buffer.count), rest))))
    guard !wanted.isEmpty else { return 0 }
    if isCancelled() { throw .failed("interrupted") }
    var count = wasCut ? 0 : try upstream.read(into: wanted)
    if count == 0 {
      wasCut = true
      wanted.initializeMemory(as: UInt8.self, repeating: 0)
      count = wanted.count
    }
    hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: wanted[..<count]))
    rest -= UInt64(count)
    return count
  }

  /// To be asked when all was read.
  var sha256: String { Digest.hex(Array(hash.finalize())) }
}

/// A new directory: everything in it is its owner's alone, the manifest knows the permissions.
final class BackupDirectory: BackupTarget {
  private let target: String
  private let partial: String
  private let parent: Descriptor
  private var isDone = false

  /// `target` is not there, or is an empty directory.
  init(_ target: String) throws(ArtifactFailure) {
    self.target = target
    parent = try Descriptor(Files.parent(target), O_RDONLY | O_DIRECTORY)
    partial = try Staging(in: Files.parent(target)).path
  }

  func directory(_ path: String) throws(ArtifactFailure) { try Files.makeDirectories(partial + "/" + path, mode: 0o700) }

  func link(_ path: String, to target: String) throws(ArtifactFailure) {
    let place = partial + "/" + path
    try Files.makeDirectories(Files.parent(place), mode: 0o700)
    guard symlink(target, place) == 0 else { throw systemFailure("cannot make \(place)") }
  }

  func file(_ path: String, size: UInt64, mode: UInt32, modified: Int64, from source: any ByteSource) throws(ArtifactFailure) {
    let place = partial + "/" + path
    try Files.makeDirectories(Files.parent(place), mode: 0o700)
    let file = try Descriptor(place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
    try pump(source, into: FileSink(file, name: place))
    file.setModified(modified)
  }

  func finish() throws(ArtifactFailure) {
    try BackupWriter.synchronise(parent.number, named: partial)
    try Files.move(partial, to: target)
    isDone = true
    try parent.sync(Files.parent(target))
  }

  func abandon() { if !isDone { Files.remove(partial) } }
}

/// A compressed tar: a new file, or whatever a descriptor leads to.
final class BackupArchive: BackupTarget {
  private let file: Descriptor
  private let name: String
  /// Where it is written, and where it is put in the end; nil: it goes to a descriptor.
  private let place: (partial: String, target: String)?
  private let deflate: DeflateSink
  private let tar: TarWriter
  private var isDone = false
  /// Quick rather than small: a server beside it needs the processor more.
  private static let level: Int64 = 1

  /// `target` is not there.
  convenience init(_ target: String) throws(ArtifactFailure) {
    var template = Array((target + ".partial-XXXXXX").utf8CString)
    let number = mkstemp(&template)
    guard number >= 0 else { throw systemFailure("cannot make \(target)") }
    _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    let partial = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    do throws(ArtifactFailure) {
      try self.init(Descriptor(number), name: target, place: (partial, target))
    } catch {
      unlink(partial)
      throw error
    }
  }

  /// The descriptor is a copy of the caller's own.
  convenience init(descriptor: Int32, name: String) throws(ArtifactFailure) {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0 else { throw systemFailure("cannot write \(name)") }
    try self.init(Descriptor(copy), name: name, place: nil)
  }

  private init(_ file: Descriptor, name: String, place: (partial: String, target: String)?) throws(ArtifactFailure) {
    self.file = file
    self.name = name
    self.place = place
    deflate = try DeflateSink(FileSink(file, name: name), form: .gzip, level: Self.level)
    tar = TarWriter(deflate)
  }

  func directory(_ path: String) throws(ArtifactFailure) { try tar.header(path + "/", type: "5", size: 0, mode: 0o700, modified: 0) }

  func link(_ path: String, to target: String) throws(ArtifactFailure) {
    try tar.header(path, type: "2", link: target, size: 0, mode: 0o777, modified: 0)
  }

  func file(_ path: String, size: UInt64, mode: UInt32, modified: Int64, from source: any ByteSource) throws(ArtifactFailure) {
    try tar.header(path, type: "0", size: size, mode: mode, modified: modified)
    try pump(source, into: deflate)
    try tar.pad(size)
  }

  func finish() throws(ArtifactFailure) {
    try tar.finish()
    try deflate.finish()
    guard let place else {
      isDone = true
      return
    }
    try file.sync(name)
    // No file that came meanwhile is replaced.
    guard Glibc.link(place.partial, place.target) == 0 else { throw systemFailure("cannot make \(place.target)") }
    unlink(place.partial)
    isDone = true
    let folder = Files.parent(place.target)
    try Descriptor(folder, O_RDONLY | O_DIRECTORY).sync(folder)
  }

  func abandon() { if !isDone, let place { unlink(place.partial) } }
}
