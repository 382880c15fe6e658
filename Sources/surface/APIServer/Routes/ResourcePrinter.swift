import Basics
internal import Contracts
internal import JSONValue
internal import KubeAPI
internal import KubeModel
import NIOCore
import NIOHTTP1

/// Writes resources in the form and shape that a client asked for.
struct ResourcePrinter: Sendable {
  let negotiated: Negotiated
  let kind: APIKind
  /// What of the object comes with each row of a table: `None`, `Metadata` or `Object`; empty: `Metadata`.
  let included: String
  /// Names the shape among the texts of an event.
  let shapeName: String
  private let tables: TableBuilder

  init(negotiated: Negotiated, kind: APIKind, included: String = "") {
    self.negotiated = negotiated
    self.kind = kind
    self.included = included
    shapeName = "\(negotiated.shape) \(included)"
    tables = TableBuilder(kind)
  }

  /// Of a watch: one document a line, which a type's parameter says in Kubernetes too.
  var streamContentType: String { "application/json;stream=watch" }

  private var contentType: String { negotiated.form.contentType }

  /// One object.
  func answer(_ status: HTTPResponseStatus, _ resource: Resource) -> APIAnswer {
    answer(status, document(resource, isFirst: true))
  }

  /// One object that was written.
  func answer(_ status: HTTPResponseStatus, _ written: Written) -> APIAnswer {
    var result = answer(status, written.resource)
    result.warn(written.warnings)
    return result
  }

  /// An object that is gone, as a `Status`.
  func deleted(_ written: Written) -> APIAnswer {
    var details = KubeStatus.Details(written.resource.key)
    details.uid = written.resource.uid
    details.kind = kind.kind.plural
    details.group = kind.kind.group
    let status: JSON = ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": details.json]
    var result = answer(.ok, status)
    result.warn(written.warnings)
    return result
  }

  private func answer(_ status: HTTPResponseStatus, _ document: JSON) -> APIAnswer {
    APIAnswer(status, headers: ["content-type": contentType], body: .bytes(ByteBuffer(bytes: negotiated.form.bytes(document))))
  }

  /// A page of a list.
  func answer(_ page: ResourcePage) -> APIAnswer {
    var metadata: JSONObject = ["resourceVersion": .string(String(page.revision))]
    if !page.continueToken.isEmpty { metadata["continue"] = .string(page.continueToken) }
    if let remaining = page.remaining, !page.continueToken.isEmpty { metadata["remainingItemCount"] = .int(Int64(remaining)) }
    if let texts = page.texts { return answer(texts, metadata: .object(metadata)) }
    switch negotiated.shape {
    case .whole:
      return answer(
        .ok,
        [
          "kind": .string(kind.listKind), "apiVersion": .string(kind.kind.apiVersion), "metadata": .object(metadata),
          "items": .array(page.items.map(\.json)),
        ])
    case .metadata(let version):
      return answer(
        .ok,
        [
          "kind": "PartialObjectMetadataList", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": .object(metadata),
          "items": .array(page.items.map { Self.partial($0, version) }),
        ])
    case .table(let version): return answer(.ok, table(page.items, version, metadata: .object(metadata), hasColumns: true))
    }
  }

  /// Lists can be made of the objects' texts.
  var takesTexts: Bool { negotiated.shape == .whole && negotiated.form == .json }

  /// A list of texts.
  private func answer(_ texts: [[UInt8]], metadata: JSON) -> APIAnswer {
    let head: JSON = ["kind": .string(kind.listKind), "apiVersion": .string(kind.kind.apiVersion), "metadata": metadata]
    var body = ByteBuffer()
    body.reserveCapacity(texts.reduce(1024) { $0 + $1.count + 1 })
    body.writeBytes(head.bytes().dropLast())
    body.writeString(",\"items\":[")
    for (index, text) in texts.enumerated() {
      if index > 0 { body.writeInteger(UInt8(ascii: ",")) }
      body.writeBytes(text)
    }
    body.writeString("]}\n")
    return APIAnswer(.ok, headers: ["content-type": contentType], body: .bytes(body))
  }

  /// One object in the client's shape. `isFirst`: a table has its columns.
  func document(_ resource: Resource, isFirst: Bool) -> JSON {
    switch negotiated.shape {
    case .whole: resource.json
    case .metadata(let version): Self.partial(resource, version)
    case .table(let version):
      table([resource], version, metadata: ["resourceVersion": resource.json.at("metadata", "resourceVersion") ?? ""], hasColumns: isFirst)
    }
  }

  /// - Parameter hasColumns: the definitions of the columns are in it.
  func table(_ resources: [Resource], _ version: String, metadata: JSON, hasColumns: Bool) -> JSON {
    tables.table(
      resources, version: version, metadata: metadata, hasColumns: hasColumns,
      includes: TableBuilder.Inclusion(rawValue: included) ?? .metadata,
      now: SystemClock.now())
  }

  private static func partial(_ resource: Resource, _ version: String) -> JSON {
    ["kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": resource.metadata]
  }
}
