import ArgoModel
import JSONValue

/// Where artifacts go and come from that have a key or less (spec 1.6, 2.21).
extension RunState {
  /// An artifact whose place is not whole lies in the run's repository, under its key: Argo takes nothing else of such a place, a bucket
  /// without an endpoint neither. Where the repository is this program's own, that is said here; for another one it stays as it is, and the
  /// pod's `archiveLocation` says the rest.
  func located(_ artifact: JSON) -> JSON {
    guard header.repositoryLocation == nil, let place = ArtifactPlace(artifact),
      ["s3", "gcs", "oss", "azure", "hdfs"].contains(place.kind),
      !Artifact(artifact).hasLocation
    else { return artifact }
    var changed = artifact
    changed[place.kind] = nil
    changed["local"] = ["key": .string(place.key)]
    return changed
  }

  /// The template's `archiveLocation` with which a pod is told where its artifacts lie; nil where it needs none. `body`: the template with
  /// tags replaced.
  func archiveLocation(_ body: JSON, _ leaf: Frame) throws(RunFailure) -> JSON? {
    let own = body.present("archiveLocation")
    if let own, Artifact(own).hasLocation { return own }
    // The repository's word is final; else the template's, else the workflow's.
    let archivesLogs =
      header.repository.archivesLogs || (own?["archiveLogs"]?.bool ?? spec.json["archiveLogs"]?.bool ?? false)
    if let repository = header.repositoryLocation {
      let artifacts =
        ["inputs", "outputs"].flatMap { body.at($0, "artifacts")?.array ?? [] }
        + [body.at("data", "source", "artifactPaths")].compactMap { $0 }
      guard archivesLogs || artifacts.contains(where: { !Artifact($0).hasLocation }) else { return nil }
      var location = try evaluate(repository, leaf, isStrict: false)
      location["archiveLogs"] = .bool(archivesLogs)
      return location
    }
    return archivesLogs ? ["archiveLogs": true] : nil
  }

  /// An artifact that a pod reported, as the status says it: the key alone where it lies in the run's repository, which says the rest.
  func shortened(_ artifact: JSON) -> JSON {
    guard header.repositoryLocation != nil, let place = ArtifactPlace(artifact), var ours = ArtifactPlace(header.repository.location) else {
      return artifact
    }
    ours.key = place.key
    guard ours == place else { return artifact }
    var short = artifact
    short[place.kind] = place.keyOnly
    return short
  }
}
