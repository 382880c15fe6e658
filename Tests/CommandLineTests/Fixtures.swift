import Basics
import JSONValue

@testable import CommandLine

/// A node as the tests need it; `start` and `end` are seconds after ``Fixture/origin``.
func node(
  _ id: String, _ type: String, _ phase: String = "Succeeded", name: String? = nil, display: String? = nil, template: String? = "t",
  boundary: String? = nil, start: Int64 = 0, end: Int64? = 1, children: [String] = [], message: String? = nil, more: JSONObject = [:]
) -> (String, JSON) {
  var json: JSONObject = ["id": .string(id), "name": .string(name ?? id), "displayName": .string(display ?? name ?? id)]
  json["type"] = .string(type)
  json["phase"] = .string(phase)
  json["templateName"] = template.map { .string($0) }
  json["boundaryID"] = boundary.map { .string($0) }
  json["startedAt"] = .string(Fixture.at(start).rfc3339)
  json["finishedAt"] = end.map { .string(Fixture.at($0).rfc3339) }
  json["message"] = message.map { .string($0) }
  if !children.isEmpty { json["children"] = .array(children.map { .string($0) }) }
  for (key, value) in more { json[key] = value }
  return (id, .object(json))
}

enum Fixture {
  /// 2026-11-21T02:44:13Z
  static let origin = Instant(seconds: 1_795_229_053)

  static func at(_ seconds: Int64) -> Instant { origin + TimeSpan(seconds: seconds) }

  static func workflow(_ name: String, phase: String = "Succeeded", status: JSONObject = [:], nodes: [(String, JSON)]) -> JSON {
    var members: JSONObject = [
      "phase": .string(phase), "startedAt": .string(origin.rfc3339), "nodes": .object(JSONObject(nodes)), "progress": "1/1",
    ]
    if phase != "Running" && phase != "Pending" { members["finishedAt"] = .string(at(9).rfc3339) }
    for (key, value) in status { members[key] = value }
    return [
      "metadata": ["name": .string(name), "namespace": "default", "creationTimestamp": .string(origin.rfc3339)],
      "spec": ["entrypoint": "main"],
      "status": .object(members),
    ]
  }

  static func context(glyphs: Bool = true, color: Bool = false, after seconds: Int64 = 69) -> DisplayContext {
    DisplayContext(style: DisplayStyle(hasColor: color, hasGlyphs: glyphs), now: at(seconds))
  }

  /// The tree's lines without what fills them up to the message column.
  static func tree(_ workflow: JSON, form: TreeForm = .short, glyphs: Bool = true) -> [String] {
    WorkflowText.get(workflow, form: form, context: context(glyphs: glyphs)).split(separator: "\n", omittingEmptySubsequences: false)
      .dropLast().map { trimmed(String($0)) }
  }

  /// Only the first column of the tree, without its header.
  static func steps(_ workflow: JSON, glyphs: Bool = true) -> [String] {
    tree(workflow, glyphs: glyphs).dropFirst().map { line in
      var kept = ""
      var spaces = 0
      for character in line {
        if character == " " {
          spaces += 1
        } else {
          if spaces > 1 && kept.contains(where: { $0.isLetter }) { break }
          kept += String(repeating: " ", count: spaces)
          spaces = 0
          kept.append(character)
        }
      }
      return kept
    }
  }

  static func trimmed(_ text: String) -> String {
    var rest = Substring(text)
    while rest.last == " " { rest.removeLast() }
    return String(rest)
  }
}
