internal import Contracts
internal import JSONValue
internal import KubeModel

/// Reads the options of the Kubernetes API from a query and from a body of `DeleteOptions`.
enum QueryOptions {
  static func list(_ target: RequestTarget) throws(KubeStatus) -> ListOptions {
    var options = ListOptions()
    (options.labels, options.fields) = try selectors(target)
    if let text = target["limit"], !text.isEmpty {
      guard let limit = Int64(text) else {
        throw KubeStatus(.badRequest, "strconv.ParseInt: parsing \"\(text)\": invalid syntax")
      }
      options.limit = Int(clamping: max(0, limit))
    }
    options.continueToken = target["continue"] ?? ""
    options.resourceVersion = target["resourceVersion"] ?? ""
    options.versionMatch = try versionMatch(target)
    if options.versionMatch != nil, options.resourceVersion.isEmpty {
      throw invalidList("resourceVersionMatch", "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided")
    }
    if options.versionMatch == .exact, options.resourceVersion == "0" {
      throw invalidList("resourceVersionMatch", "Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")
    }
    if options.versionMatch != nil, !options.continueToken.isEmpty {
      throw invalidList("resourceVersionMatch", "Forbidden: resourceVersionMatch is forbidden when continue is provided")
    }
    return options
  }

  static func watch(_ target: RequestTarget) throws(KubeStatus) -> WatchOptions {
    var options = WatchOptions()
    (options.labels, options.fields) = try selectors(target)
    options.resourceVersion = target["resourceVersion"] ?? ""
    options.allowsBookmarks = try target.flag("allowWatchBookmarks") ?? false
    options.sendsInitialEvents = try target.flag("sendInitialEvents")
    let match = try versionMatch(target)
    if options.sendsInitialEvents != nil, match != .notOlderThan {
      throw invalidList("sendInitialEvents", "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
    }
    if options.sendsInitialEvents == nil, match != nil {
      throw invalidList(
        "resourceVersionMatch", "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
    }
    return options
  }

  private static func versionMatch(_ target: RequestTarget) throws(KubeStatus) -> ListOptions.VersionMatch? {
    guard let text = target["resourceVersionMatch"], !text.isEmpty else { return nil }
    guard let match = ListOptions.VersionMatch(rawValue: text) else {
      throw invalidList("resourceVersionMatch", "Unsupported value: \"\(text)\": supported values: \"Exact\", \"NotOlderThan\"")
    }
    return match
  }

  private static func invalidList(_ field: String, _ problem: String) -> KubeStatus {
    KubeStatus(
      .invalid, "ListOptions.meta.k8s.io \"\" is invalid: \(field): \(problem)", details: .init(group: "meta.k8s.io", kind: "ListOptions"))
  }

  private static func selectors(_ target: RequestTarget) throws(KubeStatus) -> (LabelSelector, FieldSelector) {
    do throws(SelectorError) {
      return (try LabelSelector.parse(target["labelSelector"] ?? ""), try FieldSelector.parse(target["fieldSelector"] ?? ""))
    } catch {
      throw KubeStatus(.badRequest, "unable to parse requirement: \(error)")
    }
  }

  /// Seconds after which a watch is to end; nil where the client does not say.
  static func timeoutSeconds(_ target: RequestTarget) throws(KubeStatus) -> Int64? {
    guard let text = target["timeoutSeconds"], !text.isEmpty else { return nil }
    guard let seconds = Int64(text) else { throw KubeStatus(.badRequest, "strconv.ParseInt: parsing \"\(text)\": invalid syntax") }
    return seconds > 0 ? seconds : nil
  }

  /// - Parameter userAgent: its first word names the field manager where the client does not.
  static func write(_ target: RequestTarget, user: UserInfo, userAgent: String, kind: String) throws(KubeStatus) -> WriteOptions {
    let manager = target["fieldManager"] ?? ""
    guard manager.unicodeScalars.count <= 128, !manager.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
      throw KubeStatus(
        .invalid,
        "\(kind).meta.k8s.io \"\" is invalid: fieldManager: Invalid value: \"\(manager.prefix(200))\": must be at most 128 printable characters"
      )
    }
    let agent = userAgent.prefix { $0 != "/" && $0 != " " }.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }.prefix(128)
    var options = WriteOptions(user: user, fieldManager: manager.isEmpty ? String(String.UnicodeScalarView(agent)) : manager)
    options.isDryRun = try dryRun(target.query.filter { $0.name == "dryRun" && !$0.value.isEmpty }.map(\.value), kind)
    if let text = target["fieldValidation"], !text.isEmpty {
      guard let validation = WriteOptions.FieldValidation(rawValue: text) else {
        throw KubeStatus(
          .invalid,
          "\(kind).meta.k8s.io \"\" is invalid: fieldValidation: Unsupported value: \"\(text)\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\""
        )
      }
      options.fieldValidation = validation
    }
    options.force = try target.flag("force") ?? false
    return options
  }

  private static func dryRun(_ values: [String], _ kind: String) throws(KubeStatus) -> Bool {
    for value in values where value != "All" {
      throw KubeStatus(.invalid, "\(kind).meta.k8s.io \"\" is invalid: dryRun: Unsupported value: \"\(value)\": supported values: \"All\"")
    }
    return !values.isEmpty
  }

  /// From the body, else from the query. A dry run of the body is told too.
  static func delete(_ target: RequestTarget, _ body: JSON?) throws(KubeStatus) -> (DeleteOptions, isDryRun: Bool) {
    var options = DeleteOptions()
    guard let body, !body.isNull else {
      options.propagation = try propagation(target["propagationPolicy"], orphans: try target.flag("orphanDependents"))
      if let text = target["gracePeriodSeconds"], !text.isEmpty {
        guard let seconds = Int64(text) else { throw KubeStatus(.badRequest, "strconv.ParseInt: parsing \"\(text)\": invalid syntax") }
        options.graceSeconds = seconds
      }
      return (options, false)
    }
    guard body.object != nil else { throw KubeStatus(.badRequest, "DeleteOptions must be an object") }
    if let kind = body["kind"]?.string, kind != "DeleteOptions" {
      throw KubeStatus(.badRequest, "expect DeleteOptions, got \(kind)")
    }
    options.propagation = try propagation(body["propagationPolicy"]?.string, orphans: body["orphanDependents"]?.bool)
    options.graceSeconds = body["gracePeriodSeconds"]?.int
    options.uid = body.at("preconditions", "uid")?.string
    options.resourceVersion = body.at("preconditions", "resourceVersion")?.string
    return (options, try dryRun(body["dryRun"]?.array?.compactMap(\.string) ?? [], "DeleteOptions"))
  }

  private static func propagation(_ text: String?, orphans: Bool?) throws(KubeStatus) -> DeleteOptions.Propagation? {
    guard let text, !text.isEmpty else { return orphans.map { $0 ? .orphan : .background } }
    guard let result = DeleteOptions.Propagation(rawValue: text) else {
      throw KubeStatus(
        .invalid,
        "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"\(text)\": supported values: \"Background\", \"Foreground\", \"Orphan\""
      )
    }
    if orphans != nil {
      throw KubeStatus(
        .invalid,
        "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: \"\(text)\": orphanDependents and deletionPropagation cannot be both set"
      )
    }
    return result
  }
}
