internal import Basics

/// Names, IDs and pod names of nodes (spec section 2.3).
package enum NodeNames {
  package static func stepGroup(_ parent: String, _ index: Int) -> String { "\(parent)[\(index)]" }
  /// `group` is the step group's name.
  package static func step(_ group: String, _ step: String) -> String { "\(group).\(step)" }
  package static func task(_ dag: String, _ task: String) -> String { "\(dag).\(task)" }
  package static func item(_ name: String, _ index: Int, _ text: String) -> String { "\(name)(\(index):\(text))" }
  package static func attempt(_ name: String, _ number: Int) -> String { "\(name)(\(number))" }
  package static func hook(_ name: String, _ hook: String) -> String { "\(name).hooks.\(hook)" }
  package static func onExit(_ name: String) -> String { "\(name).onExit" }
  package static func container(_ pod: String, _ container: String) -> String { "\(pod).\(container)" }

  /// The node's ID: the workflow's name for its root, else `<workflow>-<FNV-1a of the node's name in decimal>`.
  package static func id(workflow: String, node: String) -> String {
    node == workflow ? workflow : "\(workflow)-\(fnv1a32(node))"
  }

  package enum PodNameFormat: Sendable, Hashable { case v1, v2 }

  /// The name of the node's pod. Version 2 (the default) is `<workflow>-<template>-<hash>` with the part before the hash cut to 242
  /// characters, without the template when it has no name; version 1 is the node's ID.
  package static func pod(workflow: String, node: String, template: String, format: PodNameFormat = .v2) -> String {
    guard format == .v2 else { return id(workflow: workflow, node: node) }
    if node == workflow { return workflow }
    var prefix = template.isEmpty ? workflow : "\(workflow)-\(template)"
    if prefix.utf8.count > 242 { prefix = String(decoding: prefix.utf8.prefix(242), as: UTF8.self) }
    return "\(prefix)-\(fnv1a32(node))"
  }

  /// The node's name without that of its boundary and the `[i].` or `.` that follows it; the full name without a boundary.
  package static func display(node: String, boundary: String?) -> String {
    guard let boundary, node.utf8.starts(with: boundary.utf8) else { return node }
    var rest = Array(node.utf8.dropFirst(boundary.utf8.count))[...]
    let whole = rest
    if rest.first == UInt8(ascii: "[") {
      let digits = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
      let after = rest.dropFirst(1 + digits.count)
      guard !digits.isEmpty, after.first == UInt8(ascii: "]") else { return String(decoding: whole, as: UTF8.self) }
      rest = after.dropFirst()
    }
    guard rest.first == UInt8(ascii: ".") else { return String(decoding: whole, as: UTF8.self) }
    return String(decoding: rest.dropFirst(), as: UTF8.self)
  }
}
