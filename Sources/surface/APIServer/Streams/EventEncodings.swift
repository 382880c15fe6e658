internal import Contracts
internal import JSONValue
internal import KubeAPI
internal import KubeModel
import NIOCore

/// Writes the lines of watches. An event that goes to many watchers is written once in each form (``SharedTexts``).
enum EventEncodings {
  static func write(_ signal: WatchSignal, _ printer: ResourcePrinter, isFirst: Bool, to buffer: inout ByteBuffer) {
    // Only tables begin differently.
    var needsColumns = false
    if isFirst, case .table = printer.negotiated.shape { needsColumns = true }
    switch signal {
    case .event(let event):
      if let texts = event.texts {
        let form = needsColumns ? printer.shapeName + " with columns" : printer.shapeName
        buffer.writeBytes(texts.text(form) { text(event, printer, needsColumns: needsColumns) })
      } else {
        buffer.writeBytes(text(event, printer, needsColumns: needsColumns))
      }
    case .bookmark(let revision, let endsInitial):
      buffer.writeBytes(line("BOOKMARK", printer.bookmark(revision: revision, endsInitial: endsInitial)))
    case .failed(let status): buffer.writeBytes(line("ERROR", status.json))
    }
  }

  private static func text(_ event: WatchEvent, _ printer: ResourcePrinter, needsColumns: Bool) -> [UInt8] {
    line(event.change.rawValue, printer.document(event.resource, isFirst: needsColumns))
  }

  private static func line(_ type: String, _ object: JSON) -> [UInt8] {
    let document: JSON = ["type": .string(type), "object": object]
    return document.bytes(.compact) + [0x0A]
  }
}

extension ResourcePrinter {
  /// The object of a bookmark: nothing but a revision.
  func bookmark(revision: Int64, endsInitial: Bool) -> JSON {
    var metadata: JSONObject = ["resourceVersion": .string(String(revision)), "creationTimestamp": .null]
    if endsInitial { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
    switch negotiated.shape {
    case .whole: return ["kind": .string(kind.kind.kind), "apiVersion": .string(kind.kind.apiVersion), "metadata": .object(metadata)]
    case .metadata(let version):
      return ["kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": .object(metadata)]
    case .table(let version): return table([], version, metadata: .object(metadata), hasColumns: false)
    }
  }
}
