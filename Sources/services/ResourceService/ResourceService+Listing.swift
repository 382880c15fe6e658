import Contracts
import KubeAPI
import KubeModel

extension ResourceService {
  package func list(_ kind: ResourceKind, namespace: String?, _ options: ListOptions) throws(KubeStatus) -> ResourcePage {
    let kind = try served(kind)
    let isShownAsStored = kind.isStoredVersion && !(composer?.composedKinds.contains(kind.stored) ?? false)
    var options = options
    if !isShownAsStored { options.wantsTexts = false }
    let page = try storedPage(kind, namespace: namespace, options)
    guard !isShownAsStored else { return page }
    var shown = page
    shown.items = []
    shown.items.reserveCapacity(page.items.count)
    for item in page.items { shown.items.append(try kind.shown(item, by: composer)) }
    return shown
  }

  /// A page of objects as they are stored.
  func storedPage(_ kind: ServedKind, namespace: String?, _ options: ListOptions) throws(KubeStatus) -> ResourcePage {
    let selection = try Selection(kind, namespace: namespace, labels: options.labels, fields: options.fields)
    var request = PageRequest(kind.stored, namespace: selection.namespace)
    request.labels = selection.labels
    if !selection.fields.requirements.isEmpty { request.accepts = { selection.matchesFields($0) } }
    request.limit = max(0, options.limit)
    request.wantsTexts = options.wantsTexts && request.accepts == nil
    var token: ContinueToken?
    if options.continueToken.isEmpty {
      request.revision = try exactRevision(options)
    } else {
      guard options.resourceVersion.isEmpty || options.resourceVersion == "0" else {
        throw KubeStatus(.badRequest, "specifying resource version is not allowed when using continue")
      }
      let given = try ContinueToken(options.continueToken)
      request.after = given.position
      request.revision = given.revision
      token = given
    }
    if let token, let revision = token.revision, revision > store.revision {
      throw KubeStatus(.badRequest, "continue key is not valid: its revision \(revision) is not given out yet")
    }
    let stored: StoredPage
    do throws(KubeStatus) {
      stored = try store.page(request)
    } catch {
      guard error.reason == .expired, var token else { throw error }
      token.revision = nil
      throw .continueExpired(token.text)
    }
    var page = ResourcePage(items: stored.items, revision: stored.revision)
    if request.wantsTexts { page.texts = stored.texts }
    guard stored.hasMore, let end = stored.end else { return page }
    if !selection.hasSelectors {
      let total = if let token { token.remaining } else { try store.count(kind.stored, namespace: selection.namespace) }
      page.remaining = total.map { max(1, $0 - stored.items.count - stored.texts.count) }
    }
    page.continueToken =
      ContinueToken(
        revision: stored.revision, position: end, remaining: page.remaining
      ).text
    return page
  }

  /// The revision that a list must show; nil: the newest will do.
  private func exactRevision(_ options: ListOptions) throws(KubeStatus) -> Int64? {
    guard !options.resourceVersion.isEmpty else {
      guard options.versionMatch == nil else {
        throw KubeStatus(.badRequest, "resourceVersionMatch is forbidden unless resourceVersion is provided")
      }
      return nil
    }
    let revision = try parsedRevision(options.resourceVersion)
    if options.versionMatch == .exact {
      guard revision > 0 else {
        throw KubeStatus(.badRequest, "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"")
      }
      try wait(for: revision)
      return revision
    }
    try wait(for: revision)
    return nil
  }

  /// Reads a client's `resourceVersion`.
  func parsedRevision(_ text: String) throws(KubeStatus) -> Int64 {
    guard let revision = Int64(text), revision >= 0 else {
      throw KubeStatus(.badRequest, "Invalid value: \"\(text)\": resourceVersion must be an integer that this server gave out")
    }
    return revision
  }

  /// Throws, as Kubernetes does after waiting, for a revision that was not given out: all that was is there at once.
  private func wait(for revision: Int64) throws(KubeStatus) {
    let current = store.revision
    guard revision > current else { return }
    var details = KubeStatus.Details()
    details.causes = [KubeStatus.Cause(reason: "ResourceVersionTooLarge", message: "Too large resource version")]
    details.retryAfterSeconds = 1
    throw KubeStatus(.timeout, "Too large resource version: \(revision), current: \(current)", details: details)
  }
}

extension KubeStatus {
  /// A list's first page is too old to go on from. `token` goes on without it.
  static func continueExpired(_ token: String) -> KubeStatus {
    KubeStatus(
      .expired,
      "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue "
        + "parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided "
        + "token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was "
        + "returned and now may show up in the list.", continueToken: token)
  }
}
