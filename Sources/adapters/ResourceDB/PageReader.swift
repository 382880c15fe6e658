import Contracts
import JSONValue
import KubeModel

/// Reads objects in order of namespace and name, as they are or as they were at a revision: then what has changed since is taken from the history, by walking
/// through the objects and the changes side by side.
struct PageReader {
  private let request: PageRequest
  private let cache: ResourceCache
  private let objects: Statement
  /// The first change of each object after the revision; nil when the page shows the newest.
  private let earlier: Statement?
  private var object: ResourceKey?
  private var change: ResourceKey?

  init(_ request: PageRequest, on connection: Connection, range: HistoryRange, cache: ResourceCache) throws(StoreFailure) {
    self.request = request
    self.cache = cache
    objects = try connection.statement(request.namespace == nil ? .pageKind : .pageNamespace)
    if let revision = request.revision, revision < range.newest {
      let statement = try connection.statement(request.namespace == nil ? .earlierKind : .earlierNamespace)
      try Self.bind(statement, request)
      try statement.bind(4, revision)
      earlier = statement
    } else {
      earlier = nil
    }
    try Self.bind(objects, request)
    try nextObject()
    try nextChange()
  }

  func reset() {
    objects.reset()
    earlier?.reset()
  }

  private static func bind(_ statement: Statement, _ request: PageRequest) throws(StoreFailure) {
    try statement.bind(1, request.kind.qualifiedPlural)
    // Below a namespace's own name, nothing in it comes before the page.
    if let namespace = request.namespace {
      try statement.bind(2, namespace)
      let after = request.after
      try statement.bind(3, after?.namespace == namespace ? after?.name ?? "" : "")
    } else {
      try statement.bind(2, request.after?.namespace ?? "")
      try statement.bind(3, request.after?.name ?? "")
    }
  }

  private func key(_ statement: Statement) -> ResourceKey {
    ResourceKey(request.kind, namespace: statement.string(0), name: statement.string(1))
  }

  private mutating func nextObject() throws(StoreFailure) { object = try objects.step() ? key(objects) : nil }

  private mutating func nextChange() throws(StoreFailure) {
    guard let earlier else { return }
    change = try earlier.step() ? key(earlier) : nil
  }

  /// An object of the page.
  struct Item {
    enum Content {
      case resource(Resource)
      case text([UInt8])
    }
    var key: ResourceKey
    var content: Content
  }

  /// The next object that the request picks.
  mutating func next() throws(StoreFailure) -> Item? {
    while true {
      var found: Item?
      switch (object, change) {
      case (nil, nil): return nil
      case (let key?, nil):
        found = try present(key)
        try nextObject()
      case (let objectKey?, let changeKey?) where objectKey.precedes(changeKey):
        found = try present(objectKey)
        try nextObject()
      case (let objectKey, let changeKey?):
        found = try past(changeKey)
        if objectKey == changeKey { try nextObject() }
        try nextChange()
      }
      guard let found else { continue }
      if let accepts = request.accepts, case .resource(let resource) = found.content, !accepts(resource) { continue }
      return found
    }
  }

  /// The object at the cursor as it is, if its labels match.
  private func present(_ key: ResourceKey) throws(StoreFailure) -> Item? {
    if !request.labels.requirements.isEmpty {
      guard request.labels.matches(try objects.labels(3, of: key)) else { return nil }
    }
    let version = objects.integer(2)
    if wantsTexts, let text = try StoredText.shown(objects.document(4, of: key), kind: request.kind, resourceVersion: version) {
      return Item(key: key, content: .text(text))
    }
    if let cached = cache.peek(key, resourceVersion: version) { return item(key, cached) }
    return item(key, try Resource(request.kind, stored: objects.document(4, of: key), key: key, resourceVersion: version))
  }

  /// The object at the cursor of changes as it was before the change, if it was there and its labels match.
  private func past(_ key: ResourceKey) throws(StoreFailure) -> Item? {
    guard let earlier, !earlier.isEmpty(4) else { return nil }
    let resource = try Resource(request.kind, stored: earlier.document(4, of: key), key: key, resourceVersion: earlier.integer(3))
    return request.labels.requirements.isEmpty || request.labels.matches(resource.labels) ? item(key, resource) : nil
  }

  private var wantsTexts: Bool { request.wantsTexts && request.accepts == nil }

  private func item(_ key: ResourceKey, _ resource: Resource) -> Item {
    Item(key: key, content: wantsTexts ? .text(resource.json.bytes()) : .resource(resource))
  }
}

extension ResourceKey {
  /// The order of pages: by namespace, then name, each by its bytes.
  func precedes(_ other: ResourceKey) -> Bool {
    if namespace != other.namespace { return namespace.utf8.lexicographicallyPrecedes(other.namespace.utf8) }
    return name.utf8.lexicographicallyPrecedes(other.name.utf8)
  }
}
