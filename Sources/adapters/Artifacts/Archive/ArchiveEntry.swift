import Contracts

/// One member of an archive, as the archive tells it; nothing of it is trusted.
struct ArchiveEntry {
  enum Kind: Hashable {
    case file, directory
    /// A symbolic link and its target.
    case symlink(String)
    /// Another name of an earlier entry.
    case hardLink(String)
    /// A device, a pipe, or a form nobody reads here.
    case unsupported(String)
  }
  var name: String
  var kind: Kind
  var mode: UInt32
  /// Seconds since 1970.
  var modified: Int64
}

/// Gives the members of an archive one after the other.
protocol ArchiveReader: AnyObject {
  /// The next member, nil at the end. What was not read of the member before is skipped.
  func next() throws(ArtifactFailure) -> ArchiveEntry?
  /// Reads of the current member; 0 at its end, where its checksum holds.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArtifactFailure) -> Int
  /// Bytes of the archive file used so far.
  var consumed: UInt64 { get }
}

/// How much one archive may become.
package struct ExtractionLimits: Sendable, Hashable {
  /// All files together, in bytes.
  package var bytes: UInt64 = 16 << 30
  package var entries = 1_000_000
  /// Bytes out for one byte in; asked once more than `ratioFrom` bytes came out, because a gigabyte of zeros is an honest artifact.
  package var ratio: UInt64 = 200
  package var ratioFrom: UInt64 = 4 << 30
  package init() {}
}
