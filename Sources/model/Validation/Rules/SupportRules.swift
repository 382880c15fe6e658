import JSONValue

/// What Argo has and the engine of this build does not run yet. The one place to edit when it does.
extension ValidationRun {
  /// Places that have no driver here, and why.
  private static let missingDrivers: [ArtifactKind: String] = [
    .hdfs: "hdfs artifacts need Hadoop's RPC and Kerberos",
    .plugin: "plugin artifacts need a driver that listens on a socket of the cluster",
  ]

  /// An error where the object is about to run and would come to it, else a warning.
  private func unsupported(_ what: String, at path: FieldPath) {
    let isFatal = options.mode == .run && isReachable
    report("unsupported", "\(what) is not supported yet by this version", at: path, severity: isFatal ? .error : .warning)
  }

  func checkSupport(of template: CallableTemplate) {
    let (name, path) = (template.name, template.path)
    for side in ["inputs", "outputs"] {
      for (index, artifact) in template.list(side, "artifacts").enumerated() {
        checkSupport(
          ofArtifact: artifact, named: "templates.\(name).\(side).artifacts.\(artifact.text(at: "name"))",
          at: path[side]["artifacts"][index])
      }
    }
    if let location = template.json["archiveLocation"] {
      checkSupport(ofArtifact: location, named: "templates.\(name).archiveLocation", at: path["archiveLocation"])
    }
  }

  func checkSupport(ofSpec spec: JSON, at path: FieldPath) {
    isReachable = true
    for (index, artifact) in (spec["arguments"]?.elements("artifacts") ?? []).enumerated() {
      checkSupport(
        ofArtifact: artifact, named: "spec.arguments.artifacts.\(artifact.text(at: "name"))", at: path["arguments"]["artifacts"][index])
    }
  }

  /// A location that is only a key goes to the default repository, whichever that is.
  private func checkSupport(ofArtifact artifact: JSON, named name: String, at path: FieldPath) {
    for kind in ArtifactKind.allCases {
      guard let reason = Self.missingDrivers[kind] else { continue }
      let isPlace = artifact[kind.rawValue]?.object?.contains { $0.key != "key" && !$0.value.isNull } ?? false
      guard isPlace else { continue }
      let isFatal = options.mode == .run && isReachable
      report(
        "unsupported", "\(name).\(kind.rawValue) is not supported: \(reason), which this program does not have; use another location",
        at: path[kind.rawValue], severity: isFatal ? .error : .warning)
    }
  }
}
