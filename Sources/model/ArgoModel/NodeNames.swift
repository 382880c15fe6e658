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
    node == workflow ? workflow : joined(workflow, fnv1a32(node))
  }

  /// `<prefix>-<hash>`: made in one piece, since every node has such names, which its rows and its pod say again and again.
  package static func joined(_ prefix: String, _ hash: UInt32) -> String {
    var prefix = prefix
    return prefix.withUTF8 { prefix in
      // Room for the longest number: it is written backwards from the end of that, and the prefix before it.
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: prefix.count + 11) { bytes in
        var start = prefix.count + 11
        var rest = hash
        repeat {
          start -= 1
          bytes[start] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
          rest /= 10
        } while rest > 0
        start -= 1
        bytes[start] = UInt8(ascii: "-")
        start -= prefix.count
        _ = bytes[start...].update(fromContentsOf: prefix)
        return String(decoding: UnsafeRawBufferPointer(UnsafeMutableBufferPointer(rebasing: bytes[start...])), as: UTF8.self)
      }
    }
  }

  package enum PodNameFormat: Sendable, Hashable { case v1, v2 }

  /// The name of the node's pod. Version 2 (the default) is `<workflow>-<template>-<hash>` with the part before the hash cut to 242
  /// characters, without the template when it has no name; version 1 is the node's ID.
  package static func pod(workflow: String, node: String, template: String, format: PodNameFormat = .v2) -> String {
    guard format == .v2 else { return id(workflow: workflow, node: node) }
    if node == workflow { return workflow }
    return joined(podPrefix(workflow: workflow, template: template, format: format), fnv1a32(node))
  }

  /// The part of such a name before the hash.
  package static func podPrefix(workflow: String, template: String, format: PodNameFormat) -> String {
    guard format == .v2 else { return workflow }
    let prefix = template.isEmpty ? workflow : "\(workflow)-\(template)"
    return prefix.utf8.count > 242 ? String(decoding: prefix.utf8.prefix(242), as: UTF8.self) : prefix
  }

  /// The node's name without that of its boundary and the `[i].` or `.` that follows it; the full name without a boundary.
  package static func display(node: String, boundary: String?) -> String {
    let start = displayStart(node: node, boundary: boundary)
    return start == 0 ? node : String(Substring(node.utf8.dropFirst(start)))
  }

  /// How many bytes of the node's name come before what is displayed of it.
  package static func displayStart(node: String, boundary: String?) -> Int {
    guard var boundary else { return 0 }
    var node = node
    return node.withUTF8 { node in boundary.withUTF8 { displayStart(node: node, boundary: $0) } }
  }

  private static func displayStart(node: UnsafeBufferPointer<UInt8>, boundary: UnsafeBufferPointer<UInt8>) -> Int {
    let whole = boundary.count
    guard node.count >= whole else { return 0 }
    for place in 0..<whole where node[place] != boundary[place] { return 0 }
    var start = whole
    func byte(_ place: Int) -> UInt8? { place < node.count ? node[place] : nil }
    if byte(start) == UInt8(ascii: "[") {
      start += 1
      let digits = start
      while let digit = byte(start), (0x30...0x39).contains(digit) { start += 1 }
      guard start > digits, byte(start) == UInt8(ascii: "]") else { return whole }
      start += 1
    }
    return byte(start) == UInt8(ascii: ".") ? start + 1 : whole
  }
}
