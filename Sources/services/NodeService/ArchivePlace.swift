import ArgoModel
import Contracts
import JSONValue

/// Where a pod's artifacts are kept that have a key or less: its template's `archiveLocation`, as the engine wrote it (spec 1.6).
struct ArchivePlace {
  /// The location with its key; nil where artifacts go to this program's own repository.
  private let place: ArtifactPlace?
  private let location: JSON?
  /// The logs of the main containers are kept as artifacts.
  let archivesLogs: Bool

  init(template: JSON) {
    location = template.present("archiveLocation")
    place = location.flatMap { ArtifactPlace($0) }
    archivesLogs = location?["archiveLogs"]?.bool ?? false
  }

  /// What comes before the file's name in a key: the location's, else `standard`.
  func keyPrefix(_ standard: String) -> String { place.map(\.key) ?? standard }

  /// The artifact as it is reached.
  func reached(_ artifact: JSON) -> JSON { Artifact.relocated(artifact, to: location) }

  /// The output artifact with the place that it is to be saved at, its key still missing where it is to be made from `keyPrefix` and the
  /// file's name.
  func target(_ artifact: JSON) -> JSON {
    guard var place, !Artifact(artifact).hasLocation else { return artifact }
    if let own = ArtifactPlace(artifact), !own.key.isEmpty { return reached(artifact) }
    var moved = artifact
    if let own = ArtifactPlace(artifact) { moved[own.kind] = nil }
    place.key = ""
    moved[place.kind] = place.json
    return moved
  }
}
