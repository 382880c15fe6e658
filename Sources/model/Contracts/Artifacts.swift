package import JSONValue

/// Reads values of Secrets and ConfigMaps.
package protocol SecretReading: Sendable {
  /// The decoded bytes of one key of a Secret; nil when the Secret or the key is not there.
  func secret(namespace: String, name: String, key: String) -> [UInt8]?
}

/// Why an artifact could not be moved.
package enum ArtifactFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// There is nothing at the location or path; no failure for an optional artifact.
  case notFound(String)
  case failed(String)

  package var description: String {
    switch self {
    case .notFound(let message), .failed(let message): message
    }
  }
}

/// For whom an artifact is moved.
package struct ArtifactContext: Sendable {
  package var namespace: String
  /// `<workflow name>/<pod name>`: where an output without a key of its own goes, followed by `/<file name>`.
  package var keyPrefix: String
  package var secrets: any SecretReading
  package init(namespace: String, keyPrefix: String, secrets: any SecretReading) {
    self.namespace = namespace
    self.keyPrefix = keyPrefix
    self.secrets = secrets
  }
}

/// Moves artifacts between a pod's files and wherever they are kept. Calls block; use threads of one's own.
package protocol ArtifactTransferring: Sendable {
  /// Loads an input: `artifact` is an Argo `Artifact` whose location is resolved (`raw`, `git`, `http`, or `local: {key}` for the default
  /// repository). Unpacks it by the rules of the spec (section 4.5), applies `mode` and `recurseMode`. `destination` is the file or
  /// directory of this machine to make; its parent exists.
  func load(_ artifact: JSON, to destination: String, context: ArtifactContext) throws(ArtifactFailure)
  /// Saves an output: the file or directory `source`, packed as `artifact.archive` says (tar and gzip by default). Returns the artifact with the
  /// location where it lies now.
  func save(_ artifact: JSON, from source: String, context: ArtifactContext) throws(ArtifactFailure) -> JSON
}
