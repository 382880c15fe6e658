import AccessCore
import Basics
import Contracts
import JSONValue
import KubeModel

/// The questions about access that the API answers: each a document with a `spec`, answered by the same document with a `status`.
extension AccessService {
  /// The plurals of the reviews, with their groups; each takes `create` only.
  package static let reviews: [String: String] = [
    "selfsubjectaccessreviews": "authorization.k8s.io", "subjectaccessreviews": "authorization.k8s.io",
    "localsubjectaccessreviews": "authorization.k8s.io", "selfsubjectrulesreviews": "authorization.k8s.io",
    "selfsubjectreviews": "authentication.k8s.io",
    "tokenreviews": "authentication.k8s.io",
  ]

  private static let kinds: [String: String] = [
    "selfsubjectaccessreviews": "SelfSubjectAccessReview", "subjectaccessreviews": "SubjectAccessReview",
    "localsubjectaccessreviews": "LocalSubjectAccessReview", "selfsubjectrulesreviews": "SelfSubjectRulesReview",
    "selfsubjectreviews": "SelfSubjectReview", "tokenreviews": "TokenReview",
  ]

  /// Answers a review of this plural. `namespace`: of the URL, for `localsubjectaccessreviews`. Throws `invalid` or `badRequest` in
  /// Kubernetes' words, `notFound` for a plural that is no review.
  package func review(_ plural: String, namespace: String = "", _ document: JSON, by user: UserInfo) throws(KubeStatus) -> JSON {
    var answer = document
    if answer["apiVersion"]?.string == nil, let group = Self.reviews[plural] { answer["apiVersion"] = .string("\(group)/v1") }
    if answer["kind"]?.string == nil, let kind = Self.kinds[plural] { answer["kind"] = .string(kind) }
    if answer["metadata"]?.object == nil { answer["metadata"] = ["creationTimestamp": nil] }
    switch plural {
    case "selfsubjectaccessreviews":
      answer["status"] = status(decide(try attributes(document, "SelfSubjectAccessReview", user: user)))
    case "subjectaccessreviews", "localsubjectaccessreviews":
      let isLocal = plural == "localsubjectaccessreviews"
      let kind = isLocal ? "LocalSubjectAccessReview" : "SubjectAccessReview"
      if isLocal {
        if document.at("spec", "nonResourceAttributes")?.object != nil {
          throw Self.invalid(kind, "spec.nonResourceAttributes", "disallowed on this kind of request", value: "null")
        }
        if let given = document.at("spec", "resourceAttributes")?.object, given["namespace"]?.string ?? "" != namespace {
          throw Self.invalid(
            kind, "spec.resourceAttributes.namespace", "must match metadata.namespace",
            value: GoQuote.quoted(given["namespace"]?.string ?? ""))
        }
      }
      let subject = Self.subject(document["spec"] ?? .null)
      guard !subject.name.isEmpty || !subject.groups.isEmpty else {
        throw Self.invalid(kind, "spec.user", "at least one of user or group must be specified", value: "\"\"")
      }
      answer["status"] = status(decide(try attributes(document, kind, user: subject)))
    case "selfsubjectrulesreviews":
      answer["status"] = try rulesStatus(document, user)
    case "selfsubjectreviews":
      answer["status"] = ["userInfo": Self.json(user)]
    case "tokenreviews":
      answer["status"] = try tokenStatus(document)
    default: throw KubeStatus(.notFound, "the server could not find the requested resource")
    }
    return answer
  }

  private static func invalid(_ kind: String, _ field: String, _ message: String, value: String) -> KubeStatus {
    var details = KubeStatus.Details(group: "authorization.k8s.io", kind: kind)
    details.causes = [.init(reason: "FieldValueInvalid", message: "Invalid value: \(value): \(message)", field: field)]
    return KubeStatus(
      .invalid, "\(kind).authorization.k8s.io \"\" is invalid: \(field): Invalid value: \(value): \(message)", details: details)
  }

  private static func subject(_ spec: JSON) -> UserInfo {
    var user = UserInfo(name: spec["user"]?.string ?? "", uid: spec["uid"]?.string ?? "")
    // `groups` in v1; `group` was its name in v1beta1.
    user.groups = (spec["groups"] ?? spec["group"])?.array?.compactMap(\.string) ?? []
    for (key, values) in spec["extra"]?.object ?? [:] { user.extra[key.lowercased()] = values.array?.compactMap(\.string) ?? [] }
    return user
  }

  private func attributes(_ document: JSON, _ kind: String, user: UserInfo) throws(KubeStatus) -> AccessAttributes {
    let resource = document.at("spec", "resourceAttributes")
    let path = document.at("spec", "nonResourceAttributes")
    func text(_ source: JSON, _ field: String) -> String { source[field]?.string ?? "" }
    switch (resource?.object, path?.object) {
    case (.some, .some):
      throw Self.invalid(
        kind, "spec.nonResourceAttributes", "cannot be specified in combination with resourceAttributes", value: path?.text() ?? "null")
    case (nil, nil):
      throw Self.invalid(
        kind, "spec.resourceAttributes", "exactly one of nonResourceAttributes or resourceAttributes must be specified", value: "null")
    case (.some, nil):
      let given = resource ?? .null
      var request = AccessAttributes(user: user, verb: text(given, "verb"))
      request.group = text(given, "group")
      request.resource = text(given, "resource")
      request.subresource = text(given, "subresource")
      request.namespace = text(given, "namespace")
      request.name = text(given, "name")
      return request
    case (nil, .some):
      let given = path ?? .null
      var request = AccessAttributes(user: user, verb: text(given, "verb"))
      request.path = text(given, "path")
      return request
    }
  }

  private func status(_ decision: AccessDecision) -> JSON {
    var status: JSONObject = ["allowed": .bool(decision.isAllowed)]
    if !decision.reason.isEmpty { status["reason"] = .string(decision.reason) }
    return .object(status)
  }

  private func rulesStatus(_ document: JSON, _ user: UserInfo) throws(KubeStatus) -> JSON {
    guard let namespace = document.at("spec", "namespace")?.string, !namespace.isEmpty else {
      throw KubeStatus(.badRequest, "no namespace on request")
    }
    let (rules, errors) = index.read { $0.rules(for: user, namespace: namespace) }
    var resources: [JSON] = []
    var paths: [JSON] = []
    for rule in rules {
      if !rule.resources.isEmpty {
        resources.append(PolicyRule(rule.verbs, of: rule.resources, in: rule.apiGroups, named: rule.resourceNames).json)
      }
      if !rule.nonResourceURLs.isEmpty { paths.append(PolicyRule(rule.verbs, paths: rule.nonResourceURLs).json) }
    }
    var status: JSONObject = ["resourceRules": .array(resources), "nonResourceRules": .array(paths), "incomplete": false]
    if !errors.isEmpty { status["evaluationError"] = .string(AccessRules.aggregate(errors)) }
    return .object(status)
  }

  /// A user as documents show it.
  package static func json(_ user: UserInfo) -> JSON {
    var members = JSONObject()
    if !user.name.isEmpty { members["username"] = .string(user.name) }
    if !user.uid.isEmpty { members["uid"] = .string(user.uid) }
    if !user.groups.isEmpty { members["groups"] = .array(user.groups.map { .string($0) }) }
    if !user.extra.isEmpty {
      var extra = JSONObject()
      for (key, values) in user.extra.sorted(by: { $0.key < $1.key }) { extra[key] = .array(values.map { .string($0) }) }
      members["extra"] = .object(extra)
    }
    return .object(members)
  }

  private func tokenStatus(_ document: JSON) throws(KubeStatus) -> JSON {
    guard let token = document.at("spec", "token")?.string, !token.isEmpty else {
      throw KubeStatus(.badRequest, "token is required for TokenReview in authentication")
    }
    let asked = document.at("spec", "audiences")?.array?.compactMap(\.string) ?? []
    guard let found = try user(ofToken: token, audiences: asked.isEmpty ? [signing.issuer] : asked) else {
      return ["user": [:], "error": "invalid bearer token"]
    }
    return ["authenticated": true, "user": Self.json(found.user), "audiences": .array(found.audiences.map { .string($0) })]
  }
}
