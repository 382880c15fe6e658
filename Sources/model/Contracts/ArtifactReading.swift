package import JSONValue

/// A file of this machine that holds an artifact's bytes.
package struct ArtifactFile: Sendable, Hashable {
  package var path: String
  /// In bytes.
  package var size: Int64
  /// Made for this reader, who removes it; else it is the repository's own, which nobody changes in place.
  package var isTemporary: Bool
  package init(path: String, size: Int64, isTemporary: Bool) {
    self.path = path
    self.size = size
    self.isTemporary = isTemporary
  }
}

/// What is found in an artifact.
package enum ArtifactContent: Sendable, Hashable {
  case file(ArtifactFile)
  case directory
}

/// Looks into artifacts for readers that are no pods. `artifact` is as in ``ArtifactTransferring``; `path` is a path below it with slashes, empty for the artifact
/// itself; one that leads out is refused. Calls block; nothing is held in memory as a whole.
package protocol ArtifactReading: Sendable {
  /// What lies there. The artifact itself is as it is stored: one that is packed stays packed. Below it are the files of a directory, or of the
  /// archive (tar, zip) that it is. Throws `notFound`.
  func content(of artifact: JSON, at path: String, context: ArtifactContext) throws(ArtifactFailure) -> ArtifactContent
  /// The sorted names in the directory at a path, in an archive too; those of directories end with a slash. Throws `notFound` for what is no directory.
  func names(in artifact: JSON, at path: String, context: ArtifactContext) throws(ArtifactFailure) -> [String]
  /// The artifact in one file: as it is stored, a directory packed as tar in gzip. Throws `notFound`.
  func packed(_ artifact: JSON, context: ArtifactContext) throws(ArtifactFailure) -> ArtifactFile
}
