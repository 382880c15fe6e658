package import JSONValue

/// Where the artifacts of a run go that name no place of their own (spec 1.1 `artifactRepositoryRef`).
package struct ArtifactRepository: Sendable, Hashable {
  /// How the repository was found, as `status.artifactRepositoryRef` shows it. Frozen with the run.
  package var reference: JSON

  package init(reference: JSON) { self.reference = reference }

  /// The repository of this program: a directory of its state.
  package static let own = ArtifactRepository(reference: ["default": true])

  /// Argo's `ArtifactRepository`; nil for the program's own.
  package var json: JSON? { reference.present("artifactRepository") }

  /// Logs of all pods are kept, whatever workflow and template say.
  package var archivesLogs: Bool { json?["archiveLogs"]?.bool ?? false }

  /// Kinds of places in the order in which Argo looks for them.
  private static let kinds = ["artifactory", "azure", "gcs", "hdfs", "oss", "plugin", "s3"]

  /// Argo's default for keys.
  package static let keyFormat = "{{workflow.name}}/{{pod.name}}"

  /// The same of the program's own repository, which all namespaces of a server share.
  package static let ownKeyFormat = "{{workflow.namespace}}/" + keyFormat

  /// The artifact location that the repository stands for, with tags in its key: `{s3: {bucket…, key}}`, or `{local: {key}}`.
  package var location: JSON {
    guard let json, let kind = Self.kinds.first(where: { json.present($0) != nil }), var place = json[kind] else {
      return ["local": ["key": .string(Self.ownKeyFormat)]]
    }
    func take(_ member: String) -> String? {
      let text = place[member]?.string
      place[member] = nil
      return text.flatMap { $0.isEmpty ? nil : $0 }
    }
    switch kind {
    case "azure": place["blob"] = .string(take("blobNameFormat") ?? Self.keyFormat)
    case "hdfs": place["path"] = .string(take("pathFormat") ?? Self.keyFormat)
    case "artifactory":
      let base = take("repoURL") ?? ""
      place["url"] = .string((base.hasSuffix("/") ? base : base + "/") + (take("keyFormat") ?? Self.keyFormat))
    default:
      let prefix = take("keyPrefix")
      place["key"] = .string(take("keyFormat") ?? prefix.map { ArtifactPlace.join($0, Self.keyFormat) } ?? Self.keyFormat)
    }
    return [kind: place]
  }

  /// Whether this is a directory of this program's state.
  package var isOwn: Bool { json.map { json in !Self.kinds.contains { json.present($0) != nil } } ?? true }
}

/// An artifact's place: what kind it is of, and the key within it.
package struct ArtifactPlace: Sendable, Hashable {
  /// `s3`, `gcs`, … `local`.
  package var kind: String
  /// The location's members.
  package var json: JSON

  /// nil when the artifact (or repository location) names no place.
  package init?(_ artifact: JSON) {
    guard let kind = Artifact.locationKeys.first(where: { artifact.present($0) != nil }), let json = artifact[kind] else { return nil }
    self.kind = kind
    self.json = json
  }

  /// The member that holds the key; nil for kinds without keys.
  private var member: String? {
    switch kind {
    case "s3", "gcs", "oss", "plugin", "local": "key"
    case "azure": "blob"
    case "hdfs": "path"
    case "artifactory", "http": "url"
    default: nil
    }
  }

  /// The key within the place; of a URL its path. Empty when there is none.
  package var key: String {
    get {
      guard let member, let text = json[member]?.string else { return "" }
      return member == "url" ? String(text[Self.path(of: text)...]) : text
    }
    set {
      guard let member else { return }
      guard member == "url", let text = json[member]?.string else { return json[member] = .string(newValue) }
      let base = text[..<Self.path(of: text)]
      json[member] = .string(base + (newValue.hasPrefix("/") ? newValue : "/" + newValue))
    }
  }

  /// Where the path of a URL begins.
  private static func path(of url: String) -> String.Index {
    let start = url.firstRange(of: "://")?.upperBound ?? url.startIndex
    return url[start...].firstIndex(of: "/") ?? url.endIndex
  }

  /// The place without its key's details: what stands for it in the status of a run whose repository says the rest.
  package var keyOnly: JSON {
    guard let member, member != "url" else { return json }
    return [member: .string(key)]
  }

  /// Two parts of a key, with one slash between them, as Go's `path.Join` does.
  package static func join(_ first: String, _ second: String) -> String {
    var parts: [Substring] = []
    for part in (first + "/" + second).split(separator: "/") where part != "." {
      if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
    }
    return (first.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
  }
}

extension Artifact {
  /// The artifact as it is reached: one whose place is not whole lies at `location`, which is where its template's or workflow's artifacts
  /// are kept. Argo's rule: everything of the place but the key is taken, whatever kind the artifact said.
  package static func relocated(_ artifact: JSON, to location: JSON?) -> JSON {
    let view = Artifact(artifact)
    guard !view.hasLocation, let own = ArtifactPlace(artifact), let location, var place = ArtifactPlace(location) else {
      return artifact
    }
    place.key = own.key
    var moved = artifact
    moved[own.kind] = nil
    moved[place.kind] = place.json
    return moved
  }
}
