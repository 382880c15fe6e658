internal import Contracts
internal import JSONValue
internal import KubeModel

/// What a handler answers.
enum ArgoReply: Sendable {
  /// An object, of which the client may want only some fields.
  case document(JSON)
  /// A list whose objects are read while it is sent.
  case series(ObjectSeries)
  case stream(ResultStream)
  /// As it is.
  case served(ServedReply)

  /// The answer that says no more than that it is done.
  static let done = ArgoReply.document([:])

  /// An object of the store.
  static func object(_ resource: Resource) -> ArgoReply { .document(resource.json) }

  /// A page of objects as a list of their kind: `WorkflowTemplateList`.
  static func list(_ page: ResourcePage, of kind: ResourceKind) -> ArgoReply { .document(document(page, of: kind)) }

  /// The most objects of a list that are finished before it is sent.
  private static let finishedAtOnce = 100

  /// The same of objects that are yet to be finished, so many of them: of a long list one after the other while it is sent, so that it is never in
  /// memory whole.
  static func list(
    _ page: ResourcePage, of kind: ResourceKind, unfinished: Int,
    finish: @escaping @Sendable (Resource) throws(KubeStatus) -> Resource
  ) throws(KubeStatus) -> ArgoReply {
    guard unfinished > finishedAtOnce else {
      var page = page
      for place in page.items.indices { page.items[place] = try finish(page.items[place]) }
      return .list(page, of: kind)
    }
    var head = page
    head.items = []
    return .series(ObjectSeries(head: document(head, of: kind), items: page.items, finish: finish))
  }

  private static func document(_ page: ResourcePage, of kind: ResourceKind) -> JSON {
    var metadata: JSONObject = ["resourceVersion": .string(String(page.revision))]
    if !page.continueToken.isEmpty { metadata["continue"] = .string(page.continueToken) }
    if let remaining = page.remaining { metadata["remainingItemCount"] = .int(Int64(remaining)) }
    return [
      "apiVersion": .string(kind.apiVersion), "kind": .string(kind.kind + "List"), "metadata": .object(metadata),
      "items": .array(page.items.map(\.json)),
    ]
  }
}

/// A list that is written object by object.
struct ObjectSeries: Sendable {
  /// The list without objects.
  let head: JSON
  let items: [Resource]
  /// Gives an object as it is sent.
  let finish: @Sendable (Resource) throws(KubeStatus) -> Resource

  /// Writes the list as ``FieldFilter/applied(to:)`` would leave it. Blocks while the reader is behind. What cannot be read any more ends it in the middle: such
  /// an answer is no JSON.
  func write(to sink: any ReplySink, _ filter: FieldFilter) {
    defer { sink.finish() }
    let trimmed = filter.applied(to: head)
    guard !filter.leavesOut("items") else {
      _ = sink.push(trimmed.bytes(.compact))
      return
    }
    var begin = Array("{".utf8)
    for (member, value) in trimmed.object ?? [:] where member != "items" {
      begin += JSON.string(member).bytes(.compact) + [UInt8(ascii: ":")] + value.bytes(.compact) + [UInt8(ascii: ",")]
    }
    guard sink.push(begin + Array("\"items\":[".utf8)) else { return }
    for (place, item) in items.enumerated() {
      guard let whole = try? finish(item), let shown = filter.applied(to: ["items": [whole.json]])["items"]?[0] else { return }
      guard sink.push((place == 0 ? [] : [UInt8(ascii: ",")]) + shown.bytes(.compact)) else { return }
    }
    _ = sink.push(Array("]}".utf8))
  }
}

/// A stream of results: of a watch or of a log.
struct ResultStream: Sendable {
  /// The member of each result that `fields` trims: `object`, named `result.object.…` there. Empty: results are not trimmed.
  var trims = ""
  /// Is called when the head is sent: either it keeps its thread until the end, or it hands the sink to others and returns what is cancelled when the reader goes.
  var begin: @Sendable (ResultSink) -> (any WatchHandle)?
}

/// Takes the results of a stream, and puts each in the frame that the client wants.
struct ResultSink: Sendable {
  let sink: any ReplySink
  let encoding: StreamEncoding
  let trims: String
  let filter: FieldFilter

  /// Blocks while the reader is behind. False: the reader is gone.
  func push(_ result: JSON) -> Bool { sink.push(frame(result)) }
  /// Never blocks. False: the reader is gone, or was cut off since it was too far behind.
  func offer(_ result: JSON) -> Bool { sink.offer(frame(result)) }
  /// Whether the reader is still there.
  var isOpen: Bool { sink.push([]) }

  /// The stream ends with a failure.
  func fail(_ status: KubeStatus) {
    _ = sink.offer(encoding.frame(["error": .object(status.streamError)]))
    sink.finish()
  }

  func finish() { sink.finish() }

  private func frame(_ result: JSON) -> [UInt8] {
    guard !trims.isEmpty, !filter.isEmpty, let object = result[trims] else { return encoding.frame(["result": result]) }
    var trimmed = result
    trimmed[trims] = filter.applied(to: object)
    return encoding.frame(["result": trimmed])
  }
}

/// How the results of a stream are told apart.
enum StreamEncoding: Sendable, Hashable {
  /// A line of JSON each.
  case lines
  /// Server-sent events, as browsers read them.
  case events

  /// By the request's `Accept`.
  init(accept: String?) {
    let wanted = (accept ?? "").split(separator: ",").map { $0.prefix { $0 != ";" }.filter { $0 != " " }.lowercased() }
    self = wanted.contains("text/event-stream") ? .events : .lines
  }

  var contentType: String { self == .lines ? "application/json" : "text/event-stream" }
  /// What is sent when nothing else is, so that the connection lives; nil: nothing.
  var keepAlive: [UInt8]? { self == .lines ? nil : Array(":\n".utf8) }

  func frame(_ document: JSON) -> [UInt8] {
    let text = document.bytes(.compact)
    return self == .lines ? text + [0x0A] : Array("data: ".utf8) + text + [0x0A, 0x0A]
  }
}
