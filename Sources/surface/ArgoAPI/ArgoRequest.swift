internal import Contracts
internal import JSONValue
internal import KubeModel

/// A request for a route, its query and body read and checked by the route's row.
struct ArgoRequest: Sendable {
  /// The request as the server gives it: path, header fields, the body's bytes.
  let served: ServedRequest
  /// The body of a route that takes a message or JSON; an empty object where there was none.
  let body: JSON

  var user: UserInfo { served.user }
  /// The path's `{namespace}`; empty where it has none.
  var namespace: String { served.namespace }
  var name: String { served.name }
  /// What stands for another part of the path's pattern.
  func part(_ name: String) -> String { served.parameters[name] ?? "" }

  // MARK: Query

  /// A query parameter; empty where it is not given.
  func text(_ name: String) -> String { served[query: name] ?? "" }
  /// A parameter that the row declares as `integer`; nil where it is not given.
  func integer(_ name: String) -> Int64? { served[query: name].flatMap { Int64($0) } }
  /// A parameter that the row declares as `flag`; nil where it is not given.
  func flag(_ name: String) -> Bool? { served[query: name].flatMap(Self.flag) }
  /// All values of a parameter that may be given often.
  func texts(_ name: String) -> [String] { served.query.filter { $0.name == name }.map(\.value) }

  /// Go's words for switches.
  static func flag(_ text: String) -> Bool? {
    switch text {
    case "1", "t", "T", "true", "TRUE", "True": true
    case "0", "f", "F", "false", "FALSE", "False": false
    default: nil
    }
  }

  /// `listOptions.*`, for lists. Throws `badRequest` for selectors that cannot be read.
  func listOptions() throws(KubeStatus) -> ListOptions {
    var options = ListOptions()
    (options.labels, options.fields) = try selectors()
    options.limit = Int(clamping: max(0, integer("listOptions.limit") ?? 0))
    options.continueToken = text("listOptions.continue")
    options.resourceVersion = text("listOptions.resourceVersion")
    let match = text("listOptions.resourceVersionMatch")
    if !match.isEmpty {
      guard let known = ListOptions.VersionMatch(rawValue: match) else {
        throw KubeStatus(.badRequest, "listOptions.resourceVersionMatch must be Exact or NotOlderThan. Received: \(match)")
      }
      options.versionMatch = known
    }
    return options
  }

  /// `listOptions.labelSelector` and `listOptions.fieldSelector`. Throws `badRequest` for those that cannot be read.
  func selectors() throws(KubeStatus) -> (LabelSelector, FieldSelector) {
    do throws(SelectorError) {
      return (
        try LabelSelector.parse(text("listOptions.labelSelector")), try FieldSelector.parse(text("listOptions.fieldSelector"))
      )
    } catch {
      throw KubeStatus(.badRequest, "unable to parse requirement: \(error)")
    }
  }

  /// `deleteOptions.*`, and whether nothing is to be deleted. Throws `badRequest`.
  func deletion() throws(KubeStatus) -> (options: DeleteOptions, isDryRun: Bool) {
    var options = DeleteOptions()
    let policy = text("deleteOptions.propagationPolicy")
    if !policy.isEmpty {
      guard let known = DeleteOptions.Propagation(rawValue: policy) else {
        throw KubeStatus(.badRequest, "deleteOptions.propagationPolicy must be Orphan, Background or Foreground. Received: \(policy)")
      }
      options.propagation = known
    } else if let orphans = flag("deleteOptions.orphanDependents") {
      options.propagation = orphans ? .orphan : .background
    }
    options.graceSeconds = integer("deleteOptions.gracePeriodSeconds")
    let (uid, version) = (text("deleteOptions.preconditions.uid"), text("deleteOptions.preconditions.resourceVersion"))
    options.uid = uid.isEmpty ? nil : uid
    options.resourceVersion = version.isEmpty ? nil : version
    let dryRun = texts("deleteOptions.dryRun").filter { !$0.isEmpty }
    guard dryRun.allSatisfy({ $0 == "All" }) else { throw KubeStatus(.badRequest, "deleteOptions.dryRun must be All") }
    return (options, !dryRun.isEmpty)
  }

  // MARK: Body

  /// A member of the body's message; nil where it is not given. Its type is the message's, which was checked.
  subscript(member: String) -> JSON? { body[member].flatMap { $0.isNull ? nil : $0 } }

  /// The member that the request is about. Throws `badRequest` without one.
  func required(_ member: String, _ what: String) throws(KubeStatus) -> JSON {
    guard let value = self[member] else { throw KubeStatus(.badRequest, "\(what) was not found in the request body") }
    return value
  }
}
