import JSONValue
import KubeModel

/// The state of one validation: what is in scope everywhere, which templates were seen, and what was found.
///
/// The original stops at the first failure; this goes on and reports every failure once, with the text that the original would give it.
final class ValidationRun {
  let options: WorkflowValidator.Options
  /// Templates may be used with arguments that are not known here (WorkflowTemplate and ClusterWorkflowTemplate).
  var isTemplateResource = false
  /// The workflow's volumes, which containers mount by name; nil: not known here, or only at run time.
  var volumes: Set<String>?
  /// Tags that resolve everywhere.
  var globals: Set<String> = []
  var findings: [Finding] = []
  /// The call sites above what is being checked, as the original nests them in messages.
  private var prefixes: [String] = []
  /// Set while a template of another document is checked: its findings are shown where it is referred to.
  private var anchor: FieldPath?
  private var reported: Set<[String]> = []
  var visited: Set<String> = []
  /// Whether what is being checked is called, directly or not, from the entrypoint or an exit handler.
  var isReachable = false
  private var origins: [String: TemplateOrigin] = [:]
  private var depth = 0

  init(_ options: WorkflowValidator.Options) { self.options = options }

  func report(
    _ rule: String, _ message: String, hint: String? = nil, at path: FieldPath, severity: Diagnostic.Severity = .error
  ) {
    let place = anchor ?? path
    guard reported.insert([place.description, message, rule]).inserted else { return }
    let text = (prefixes + [message]).joined(separator: " ")
    findings.append(Finding(severity: severity, rule: rule, message: text, hint: hint, path: place))
  }

  /// Whether something was said of a place.
  func hasReported(_ path: FieldPath) -> Bool {
    let place = anchor ?? path
    return findings.contains { $0.path == place }
  }

  /// Warns of what runs and is likely a mistake, where advice is asked for. It is about the place alone, whoever calls it.
  func advise(_ rule: String, _ message: String, hint: String? = nil, at path: FieldPath) {
    guard options.givesAdvice else { return }
    let place = anchor ?? path
    guard reported.insert([place.description, message, rule]).inserted else { return }
    findings.append(Finding(severity: .warning, rule: rule, message: message, hint: hint, path: place))
  }

  /// Runs `body` with `prefix` before every message.
  func nested(_ prefix: String, _ body: () -> Void) {
    prefixes.append(prefix)
    body()
    prefixes.removeLast()
  }

  /// Runs `body` for a template of `origin` that is called at `path`. Nesting is bounded; deeper calls are not followed.
  func inside(_ origin: TemplateOrigin, calledAt path: FieldPath, _ body: () -> Void) {
    guard depth < 200 else { return }
    depth += 1
    let held = anchor
    if origin.isForeign, anchor == nil { anchor = path }
    body()
    anchor = held
    depth -= 1
  }

  /// The templates of a stored WorkflowTemplate or ClusterWorkflowTemplate; nil when the catalog has none of that name.
  func origin(named name: String, isClusterScope: Bool) -> TemplateOrigin? {
    let id = "\(isClusterScope ? "cluster" : "namespaced")/\(name)"
    if let held = origins[id] { return held }
    guard let resource = options.catalog(name, isClusterScope) else { return nil }
    let origin = TemplateOrigin(id: id, name: name, spec: resource.spec, path: FieldPath("spec"), isForeign: true)
    origins[id] = origin
    return origin
  }
}

/// Where plain `template:` names are looked up: the templates of one workflow or of one stored template.
final class TemplateOrigin {
  let id: String
  let name: String
  let spec: JSON
  let isForeign: Bool
  let templates: [CallableTemplate]
  private let places: [String: Int]

  init(id: String, name: String, spec: JSON, path: FieldPath, isForeign: Bool) {
    self.id = id
    self.name = name
    self.spec = spec
    self.isForeign = isForeign
    let listed = spec["templates"]?.array ?? []
    templates = listed.enumerated().map { CallableTemplate(json: $1, path: path["templates"][$0]) }
    places = Dictionary(templates.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  func template(named name: String) -> CallableTemplate? { places[name].map { templates[$0] } }
}

/// A template and where it is written.
struct CallableTemplate {
  var json: JSON
  var path: FieldPath

  var name: String { json["name"]?.string ?? "" }
  func list(_ keys: String...) -> [JSON] { json.at(keys)?.array ?? [] }
  func has(_ key: String) -> Bool { json[key].map { !$0.isNull } ?? false }

  /// The original's names of template types, by the body's field, in the order in which it looks for them.
  static let bodies = [
    ("container", "Container"), ("containerSet", "ContainerSet"), ("steps", "Steps"), ("dag", "DAG"), ("script", "Script"),
    ("resource", "Resource"), ("data", "Data"), ("suspend", "Suspend"), ("http", "HTTP"), ("plugin", "Plugin"),
  ]

  /// The type as messages name it; `Unknown` without a body.
  var typeName: String { Self.bodies.first { has($0.0) }?.1 ?? "Unknown" }
  var isPod: Bool { ["Container", "ContainerSet", "Script", "Resource", "Data"].contains(typeName) }
  var isLeaf: Bool { isPod || typeName == "HTTP" || typeName == "Plugin" }

  var hasContainerNamedMain: Bool { list("containerSet", "containers").contains { $0["name"]?.string == "main" } }
  /// Whether the node has `outputs.result` and `exitCode`.
  var hasResult: Bool { ["Container", "Script", "Data", "HTTP", "Plugin"].contains(typeName) || hasContainerNamedMain }
}

extension JSON {
  /// The string at `key`; empty when there is none.
  func text(at key: String) -> String { self[key]?.string ?? "" }
  /// Whether there is a value other than null at `key`.
  func holds(_ key: String) -> Bool { self[key].map { !$0.isNull } ?? false }
  func elements(_ key: String) -> [JSON] { self[key]?.array ?? [] }
  /// A scalar as Argo's `AnyString` holds it.
  var scalarText: String? {
    switch self {
    case .string(let text): text
    case .int, .double, .number, .bool: text(.go)
    default: nil
    }
  }
}

/// Whether a value is only known at run time.
func isTemplated(_ text: String) -> Bool { text.contains("{{") }
