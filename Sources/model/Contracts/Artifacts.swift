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
  /// Loads an input: `artifact` is an Argo `Artifact` whose location is resolved (one of Argo's, or `local: {key}` for the default repository). Unpacks it by the rules of the spec (section 4.5), applies `mode` and `recurseMode`. `destination` is the file or
  /// directory of this machine to make; its parent exists.
  func load(_ artifact: JSON, to destination: String, context: ArtifactContext) throws(ArtifactFailure)
  /// Saves an output: the file or directory `source`, packed as `artifact.archive` says (tar and gzip by default). Returns the artifact with the
  /// location where it lies now. A file goes out byte for byte with `archive: {none: {}}`, as logs do.
  func save(_ artifact: JSON, from source: String, context: ArtifactContext) throws(ArtifactFailure) -> JSON
  /// The full keys of the files below an artifact's location, as Argo's `ListObjects` gives them to `data` templates. `notFound` when nothing
  /// at all is there; kinds of places that cannot list fail in Argo's words.
  func list(_ artifact: JSON, context: ArtifactContext) throws(ArtifactFailure) -> [String]
  /// Removes what lies at an artifact's location, a directory with all below it. What is gone already is no error; kinds of places that cannot
  /// delete fail in Argo's words.
  func delete(_ artifact: JSON, context: ArtifactContext) throws(ArtifactFailure)
}
