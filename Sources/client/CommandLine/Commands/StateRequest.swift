import JSONValue

/// What is asked of a kept state directory. As JSON it is one line, which a process hands to the one that serves the directory.
package struct StateRequest: Sendable, Hashable {
  package enum Verb: String, Sendable, Hashable, CaseIterable {
    case get, list, stop, terminate, suspend, resume, set
    /// As `get`, with what is kept of the way of the nodes, in the member `argosyHistory`.
    case explain
    /// Encrypts stored Secrets with a new key.
    case rotateKey = "rotate-key"
    /// Makes a token of the service account that `names` names, in `namespace`.
    case token
    /// Says that a backup of the directory begins, to `names`.
    case backup
  }

  package var directory: String
  package var verb: Verb
  /// Names of workflows; `@latest` is the newest. Of `list` none.
  package var names: [String] = []
  /// Empty: all namespaces, for `list` only.
  package var namespace = "default"
  /// A label selector that adds workflows to `names`; of `list` it chooses.
  package var labels = ""
  /// A field selector over nodes.
  package var selector = ""
  package var message = ""
  package var phase = ""
  package var outputs: [ParameterArgument] = []
  /// How long a token is good, in seconds.
  package var lifetime: Int64 = 3600
  /// Say what would be done, and do nothing.
  package var isDryRun = false

  package init(_ verb: Verb, directory: String) {
    self.verb = verb
    self.directory = directory
  }

  package var json: JSON {
    [
      "verb": .string(verb.rawValue), "names": .array(names.map { .string($0) }), "namespace": .string(namespace),
      "labels": .string(labels), "selector": .string(selector), "message": .string(message), "phase": .string(phase),
      "outputs": .array(outputs.map { [.string($0.name), .string($0.value)] }), "dryRun": .bool(isDryRun),
      "lifetime": .int(lifetime),
    ]
  }

  /// Nil when the document is no request.
  package init?(_ json: JSON, directory: String) {
    guard let verb = json["verb"]?.string.flatMap(Verb.init(rawValue:)) else { return nil }
    self.init(verb, directory: directory)
    names = (json["names"]?.array ?? []).compactMap(\.string)
    namespace = json["namespace"]?.string ?? "default"
    labels = json["labels"]?.string ?? ""
    selector = json["selector"]?.string ?? ""
    message = json["message"]?.string ?? ""
    phase = json["phase"]?.string ?? ""
    outputs = (json["outputs"]?.array ?? []).map { ParameterArgument(name: $0[0]?.string ?? "", value: $0[1]?.string ?? "") }
    isDryRun = json["dryRun"]?.bool ?? false
    lifetime = json["lifetime"]?.int ?? 3600
  }
}
