import ArgumentParser
import JSONValue

/// The forms in which a template, a cron workflow or an archived workflow is printed.
enum ObjectOutput: String, ExpressibleByArgument, CaseIterable {
  case name, json, yaml, wide

  /// One object; `block` is the form for people. JSON has four blanks a level, as the original's.
  static func text(_ object: JSON, _ form: ObjectOutput?, yaml: (JSON) -> String, block: (JSON) -> String) -> String {
    switch form {
    case .name: (object.at("metadata", "name")?.string ?? "") + "\n"
    case .json: object.text(.spacious) + "\n"
    case .yaml: yaml(object)
    case .wide, nil: block(object)
    }
  }
}

/// The forms of a list.
enum ListOutput: String, ExpressibleByArgument, CaseIterable { case wide, name }

extension JSON {
  /// The objects of a list; none where the answer has `null`.
  var items: [JSON] { self["items"]?.array ?? [] }
  /// `metadata.name`, safe for a terminal.
  var displayName: String { Printable.line(at("metadata", "name")?.string ?? "") }
}

/// A failure with what was being done before it, as Go wraps errors.
struct WrappedFailure: Error, CustomStringConvertible {
  var description: String
  init(_ doing: String, _ cause: any Error, separator: String = ": ") { description = doing + separator + "\(cause)" }

  /// Carries something out, and says of its failure what it was.
  static func wrap<Value>(_ doing: String, separator: String = ": ", _ body: () async throws -> Value) async throws -> Value {
    do { return try await body() } catch { throw WrappedFailure(doing, error, separator: separator) }
  }
}
