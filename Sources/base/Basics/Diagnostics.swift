import Glibc

/// Messages for whoever runs the program, on standard error: faults of the machine that no object's status can carry.
package enum Diagnostics {
  package static func report(_ message: String) {
    let line = Array("argosy: \(message)\n".utf8)
    _ = Glibc.write(STDERR_FILENO, line, line.count)
  }
}
