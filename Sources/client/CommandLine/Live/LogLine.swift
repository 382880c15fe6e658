/// A line of a pod's log as `argo logs` prints it.
package enum LogLine {
  /// `pod: line`; on a terminal in the pod's own colour. Ends with a line break.
  package static func text(pod: String, line: String, style: DisplayStyle) -> String {
    let line = line.utf8.last == 0x0D ? String(line.dropLast()) : line
    return style.paint("\(pod): \(line)", color(pod)) + "\n"
  }

  /// The colour that a pod's name always has.
  static func color(_ pod: String) -> ANSIColor {
    let colors: [ANSIColor] = [.green, .yellow, .blue, .magenta, .cyan, .white]
    let sum = pod.unicodeScalars.reduce(0) { ($0 + Int($1.value)) % colors.count }
    return colors[sum]
  }
}
