internal import KubeModel
import NIOHTTP1

/// One range of an `Accept` header, or a content type: `application/json;as=Table;v=v1;g=meta.k8s.io`.
struct MediaType: Sendable, Hashable {
  /// In lower case, without parameters.
  var name: String
  var parameters: [String: String]

  init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ";", omittingEmptySubsequences: false).map { $0.trimmingSpaces() }
    guard let first = parts.first, first.utf8.contains(UInt8(ascii: "/")), first.utf8.count < 256, parts.count < 16 else { return nil }
    name = first.lowercased()
    parameters = [:]
    for part in parts.dropFirst() {
      let pair = part.split(separator: "=", maxSplits: 1).map { $0.trimmingSpaces() }
      guard pair.count == 2 else { continue }
      let value = pair[1]
      parameters[pair[0].lowercased()] =
        value.hasPrefix("\"") && value.hasSuffix("\"") && value.count > 1 ? String(value.dropFirst().dropLast()) : value
    }
  }

  /// The ranges of a header in the order of preference: by `q`, then as they stand.
  static func accepted(_ headers: HTTPHeaders) -> [MediaType] {
    let ranges = headers[canonicalForm: "accept"].prefix(64).compactMap { MediaType($0) }
    let weighted = ranges.enumerated().map { index, range in (index, range.parameters["q"].flatMap { Double($0) } ?? 1, range) }
    return weighted.filter { $0.1 > 0 }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }.map(\.2)
  }
}

extension StringProtocol {
  fileprivate func trimmingSpaces() -> String {
    let start = drop { $0 == " " || $0 == "\t" }
    let end = start.reversed().drop { $0 == " " || $0 == "\t" }
    return String(end.reversed())
  }
}

/// In which form a client wants to be answered.
struct Negotiated: Sendable, Hashable {
  /// What of the objects is sent.
  enum Shape: Sendable, Hashable {
    case whole
    /// `meta.k8s.io` Table, with the version of it.
    case table(version: String)
    /// Metadata only: PartialObjectMetadata, and PartialObjectMetadataList for lists.
    case metadata(version: String)
  }

  var form = DocumentForm.json
  var shape = Shape.whole

  /// What is served of resources, in Kubernetes' words.
  static let offered = "application/json, application/yaml, application/vnd.kubernetes.protobuf"

  /// Chooses for resources. A client that takes nothing but protobuf is answered in JSON, which its `Content-Type` says. Throws `notAcceptable`.
  static func resource(_ headers: HTTPHeaders, pretty: Bool) throws(KubeStatus) -> Negotiated {
    var result = Negotiated()
    result.form.isPretty = pretty
    let ranges = MediaType.accepted(headers)
    guard !ranges.isEmpty else { return result }
    for range in ranges {
      guard let language = language(range.name) else { continue }
      result.form.language = language
      let version = range.parameters["v"] ?? ""
      switch (range.parameters["as"], range.parameters["g"] ?? "meta.k8s.io") {
      case (nil, _): result.shape = .whole
      case ("Table", "meta.k8s.io") where version == "v1" || version == "v1beta1": result.shape = .table(version: version)
      case ("PartialObjectMetadata", "meta.k8s.io") where version == "v1" || version == "v1beta1",
        ("PartialObjectMetadataList", "meta.k8s.io") where version == "v1" || version == "v1beta1":
        result.shape = .metadata(version: version)
      default: continue
      }
      return result
    }
    throw KubeStatus(.notAcceptable, "only the following media types are accepted: \(offered)")
  }

  /// Chooses for documents that have one shape only.
  static func document(_ headers: HTTPHeaders, pretty: Bool) throws(KubeStatus) -> DocumentForm {
    let ranges = MediaType.accepted(headers)
    guard !ranges.isEmpty else { return DocumentForm(language: .json, isPretty: pretty) }
    guard let language = ranges.lazy.compactMap({ language($0.name) }).first else {
      throw KubeStatus(.notAcceptable, "only the following media types are accepted: \(offered)")
    }
    return DocumentForm(language: language, isPretty: pretty)
  }

  private static func language(_ name: String) -> DocumentForm.Language? {
    switch name {
    case "application/json", "application/*", "*/*", "application/vnd.kubernetes.protobuf": .json
    case "application/yaml": .yaml
    default: nil
    }
  }
}
