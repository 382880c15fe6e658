internal import ArgoModel
package import Basics
internal import Contracts
internal import JSONValue
package import KubeModel

/// Which workflows a list shows (spec 5.2, 5.3).
package struct WorkflowListRequest: Sendable {
  package enum NameFilter: String, Sendable, Hashable {
    case exact = "Exact", contains = "Contains", prefix = "Prefix", notEquals = "NotEquals"
  }

  /// Empty: all.
  package var namespace = ""
  package var isOtherNamespace = false
  /// Empty: any.
  package var name = ""
  package var nameFilter = NameFilter.exact
  package var labels = LabelSelector.everything
  package var createdAfter: Instant?
  package var finishedBefore: Instant?
  package var startedAfter: Instant?
  package var startedBefore: Instant?
  /// 0: all.
  package var limit = 0
  package var offset = 0
  package var tellsRemaining = false

  /// Reads what a client sends. Throws `badRequest` in Argo's words.
  ///
  /// - Parameter fieldSelector: of the fields that Argo knows: `metadata.name`, `metadata.namespace`, `spec.startedAt` with `<` and `>`,
  ///   `ext.showRemainingItemCount`.
  package init(
    namespace: String, nameFilter: String = "", createdAfter: String = "", finishedBefore: String = "", labelSelector: String = "",
    fieldSelector: String = "", limit: Int64 = 0, continueToken: String = ""
  ) throws(KubeStatus) {
    self.namespace = namespace
    self.limit = Int(clamping: max(0, limit))
    if !continueToken.isEmpty {
      guard let number = Int(continueToken) else { throw KubeStatus(.badRequest, "listOptions.continue must be int") }
      guard number >= 0 else { throw KubeStatus(.badRequest, "listOptions.continue must >= 0") }
      offset = number
    }
    if !nameFilter.isEmpty {
      guard let filter = NameFilter(rawValue: nameFilter) else {
        throw KubeStatus(.badRequest, "nameFilter must be Exact, Contains, Prefix or NotEquals. Received: \(nameFilter)")
      }
      self.nameFilter = filter
    }
    self.createdAfter = try Self.time(createdAfter, of: "createdAfter")
    self.finishedBefore = try Self.time(finishedBefore, of: "finishedBefore")
    do throws(SelectorError) { labels = try LabelSelector.parse(labelSelector) } catch {
      throw KubeStatus(.badRequest, "unable to parse requirement: \(error)")
    }
    for term in fieldSelector.split(separator: ",") { try take(term) }
  }

  private mutating func take(_ term: Substring) throws(KubeStatus) {
    func value(_ prefix: String) -> String? { term.hasPrefix(prefix) ? String(term.dropFirst(prefix.count)) : nil }
    if let other = value("metadata.namespace!=") {
      (namespace, isOtherNamespace) = (other, true)
    } else if let wanted = value("metadata.namespace==") ?? value("metadata.namespace=") {
      guard namespace.isEmpty || namespace == wanted else {
        throw KubeStatus(
          .badRequest,
          "'namespace' query param (\(JSON.string(namespace).text())) and fieldselector 'metadata.namespace' (\(JSON.string(wanted).text())) "
            + "are both specified and contradict each other")
      }
      namespace = wanted
    } else if let other = value("metadata.name!=") {
      (name, nameFilter) = (other, .notEquals)
    } else if let wanted = value("metadata.name==") ?? value("metadata.name=") {
      name = wanted
    } else if let time = value("spec.startedAt>") {
      startedAfter = try Self.time(time, of: "spec.startedAt")
    } else if let time = value("spec.startedAt<") {
      startedBefore = try Self.time(time, of: "spec.startedAt")
    } else if let text = value("ext.showRemainingItemCount=") {
      switch text {
      case "1", "t", "T", "true", "TRUE", "True": tellsRemaining = true
      case "0", "f", "F", "false", "FALSE", "False": tellsRemaining = false
      default: throw KubeStatus(.badRequest, "ext.showRemainingItemCount must be true or false. Received: \(text)")
      }
    } else {
      throw KubeStatus(.badRequest, "unsupported requirement \(term)")
    }
  }

  private static func time(_ text: String, of field: String) throws(KubeStatus) -> Instant? {
    guard !text.isEmpty else { return nil }
    guard let time = Instant(rfc3339: text) else {
      throw KubeStatus(.badRequest, "\(field) must be a time of RFC 3339. Received: \(text)")
    }
    return time
  }

  /// What must be allowed to be listed: this namespace, or (empty) all.
  package var accessedNamespace: String { isOtherNamespace ? "" : namespace }

  func picks(_ entry: WorkflowIndex.Entry) -> Bool {
    guard namespace.isEmpty || (entry.namespace == namespace) != isOtherNamespace, picks(name: entry.name),
      labels.requirements.isEmpty || labels.matches(entry.labels)
    else { return false }
    if let createdAfter, entry.created < createdAfter { return false }
    if let finishedBefore { guard let time = entry.finishedAt, time <= finishedBefore else { return false } }
    if let startedAfter { guard let time = entry.startedAt, time >= startedAfter else { return false } }
    if let startedBefore { guard let time = entry.startedAt, time <= startedBefore else { return false } }
    return true
  }

  private func picks(name other: String) -> Bool {
    guard !name.isEmpty else { return true }
    return switch nameFilter {
    case .exact: other == name
    case .contains: other.contains(name)
    case .prefix: other.hasPrefix(name)
    case .notEquals: other != name
    }
  }

  /// The same of archived workflows, but for the place of the page.
  var archiveQuery: ArchiveQuery {
    var query = ArchiveQuery()
    query.namespace = namespace.isEmpty || isOtherNamespace ? nil : namespace
    if !name.isEmpty {
      let filter: ArchiveQuery.NameFilter =
        switch nameFilter {
        case .exact: .exact(name)
        case .contains: .contains(name)
        case .prefix: .prefix(name)
        case .notEquals: .notEquals(name)
        }
      query.names = [filter]
    }
    query.labels = labels
    (query.startedAfter, query.startedBefore) = (startedAfter, startedBefore)
    (query.createdAfter, query.finishedBefore) = (createdAfter, finishedBefore)
    query.isGone = true
    return query
  }
}

/// A page of workflows, newest start first.
package struct WorkflowPage: Sendable {
  package var items: [Resource]
  package var revision: Int64
  /// Empty on the last page.
  package var continueToken = ""
  /// Nil where it was not asked for.
  package var remaining: Int?
  /// The uids of those that are only archived: their items are summaries (``WorkflowServer/whole(_:)``).
  package var archived: Set<String> = []
}

extension WorkflowServer {
  /// Live workflows, newest start first, then those that are only archived, of which there are summaries (Argo's order; a page is sorted in itself).
  ///
  /// - Parameter isBrief: without nodes, which spares to compose them.
  package func list(_ request: WorkflowListRequest, isBrief: Bool) throws(KubeStatus) -> WorkflowPage {
    let live = index.entries(request.picks)
    // Without a limit there are no pages.
    let offset = request.limit == 0 ? 0 : request.offset
    let shown = live.dropFirst(offset).prefix(request.limit == 0 ? live.count : request.limit)
    var items: [(start: Instant, workflow: Resource)] = []
    items.reserveCapacity(shown.count)
    for entry in shown {
      let key = ResourceKey(.workflow, namespace: entry.namespace, name: entry.name)
      // One that went meanwhile is not shown.
      guard let stored = try store.get(key), stored.uid == entry.uid else { continue }
      let shown = isBrief ? try composer.summarized(stored) : try composer.composed(stored)
      items.append((entry.start, Self.completed(shown)))
    }
    var page = WorkflowPage(items: [], revision: index.revision)
    var behind = max(0, live.count - offset - shown.count)
    if let archive {
      var query = request.archiveQuery
      let left = request.limit - shown.count
      query.offset = max(0, offset - live.count)
      // Whether something comes behind the page is asked too.
      query.limit = request.limit == 0 ? 0 : max(1, left)
      let old = try other(archive, query, request)
      if request.limit == 0 || left > 0 {
        // One that went between the two questions is in both answers.
        let seen = Set(items.map(\.workflow.uid))
        for workflow in old.workflows where !seen.contains(workflow.uid) {
          items.append((workflow.startTime, workflow))
          page.archived.insert(workflow.uid)
        }
        behind += old.remaining
      } else {
        behind += old.total
      }
    }
    page.items = items.enumerated().sorted { ($1.element.start, $0.offset) < ($0.element.start, $1.offset) }.map(\.element.workflow)
    if request.limit > 0, behind > 0 { page.continueToken = String(offset + items.count) }
    if request.tellsRemaining { page.remaining = max(0, behind) }
    return page
  }

  /// The archived workflow of a summary; the summary itself when it was removed meanwhile.
  package func whole(_ summary: Resource) throws(KubeStatus) -> Resource { try archive?.archived(uid: summary.uid) ?? summary }

  /// What the archive has. Of namespaces it knows no others.
  private func other(
    _ archive: any WorkflowArchiving, _ query: ArchiveQuery, _ request: WorkflowListRequest
  ) throws(KubeStatus) -> ArchivePage {
    guard request.isOtherNamespace else { return try archive.archived(query) }
    var all = query
    (all.limit, all.offset) = (0, 0)
    let found = try archive.archived(all).workflows.filter { $0.namespace != request.namespace }
    let rest = found.dropFirst(query.offset)
    let shown = Array(rest.prefix(query.limit == 0 ? rest.count : query.limit))
    return ArchivePage(workflows: shown, total: found.count, remaining: rest.count - shown.count)
  }
}

extension Resource {
  fileprivate var startTime: Instant {
    status["startedAt"]?.string.flatMap(Instant.init(rfc3339:)) ?? creationTimestamp ?? Instant(milliseconds: 0)
  }
}
