package import KubeModel

/// A volume of this machine that a claim is bound to.
package struct ClaimedVolume: Sendable, Hashable {
  /// The directory (or file) that is mounted; made where a directory was missing.
  package var path: String
  /// The volume's access modes allow no writing.
  package var isReadOnly: Bool
  package init(path: String, isReadOnly: Bool = false) {
    self.path = path
    self.isReadOnly = isReadOnly
  }
}

/// Binds PersistentVolumeClaims to volumes of this machine.
package protocol ClaimBinding: Sendable {
  /// The volume of a claim, bound now if it was not. Throws `notFound` when there is no such claim, `serviceUnavailable` with the reason when it cannot be
  /// bound yet: the claim or a PersistentVolume must change first. Blocks; for a thread that may wait for the disk.
  func volume(ofClaim claim: ResourceKey) throws(KubeStatus) -> ClaimedVolume
}
