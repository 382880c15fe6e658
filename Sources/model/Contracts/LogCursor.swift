package import KubeModel

/// A line that a container printed.
package struct LogLine: Sendable, Hashable {
  /// When it was read from the container: RFC 3339 in UTC with nine digits of a second, so that times compare as texts do.
  package var time: [UInt8]
  /// Without the line's end. A line of more than a megabyte comes in several pieces.
  package var text: [UInt8]
  package init(time: [UInt8], text: [UInt8]) {
    self.time = time
    self.text = text
  }
}

/// A container's log that is read in portions, for one who reads many at once: no call waits for the container. It keeps one file open until it is
/// released. Calls may come from any thread, one at a time.
package protocol LogCursor: Sendable {
  /// Whole lines that are there now, together about `bytes` long, in the order in which they were printed; none: there is nothing more at the moment.
  func next(about bytes: Int) -> [LogLine]
  /// Hands out the rest as a line though its end was not printed: for logs whose container has ended. Empty: there is no rest.
  func rest() -> [LogLine]
}

/// Opens the logs of this machine's pods for reading in portions.
package protocol LogOpening: Sendable {
  /// The log of a pod's container from where the options say on; `follows` and `hasTimestamps` do not matter. Without `follows` it ends where it ended
  /// when it was opened. Nil when the container has no log, or none yet. Throws `badRequest` in Kubernetes' words when the pod has no such container.
  func openLog(of pod: Resource, _ options: LogOptions) throws(KubeStatus) -> (any LogCursor)?
}

/// Opens logs that outlived their pods (``KeptLogReading``) for reading in portions.
package protocol KeptLogOpening: KeptLogReading {
  /// An empty container is `main`. Throws `notFound` when no such log is kept.
  func openKeptLog(ofWorkflow uid: String, pod: String, _ options: LogOptions) throws(KubeStatus) -> any LogCursor
}
