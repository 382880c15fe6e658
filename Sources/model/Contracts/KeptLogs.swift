package import KubeModel

/// What is kept of one pod.
package struct KeptPodLogs: Sendable, Hashable {
  package var pod: String
  /// The names of the containers whose logs are kept, sorted.
  package var containers: [String]
  /// The labels that the pod had.
  package var labels: [String: String]
  package init(pod: String, containers: [String], labels: [String: String] = [:]) {
    (self.pod, self.containers, self.labels) = (pod, containers, labels)
  }
}

/// Logs of a workflow's pods that outlive their Pod objects: as long as the workflow is there or archived.
package protocol KeptLogReading: Sendable {
  /// Gives a container's log to `sink` piece by piece until it returns false or to its end; there is nothing to follow. An empty `container` in the
  /// options is `main`. Throws `notFound` when no such log is kept. Blocks its thread.
  ///
  /// - Parameter uid: the workflow's.
  func readKeptLog(
    ofWorkflow uid: String, pod: String, _ options: LogOptions, sink: @escaping @Sendable ([UInt8]) -> Bool
  ) throws(KubeStatus)
  /// The pods of a workflow of which logs are kept, sorted by name.
  func keptLogs(ofWorkflow uid: String) -> [KeptPodLogs]
}

/// What lies on the disk for an archived workflow, removed with it.
package protocol KeptFilesRemoving: Sendable {
  /// Removes the kept logs of a workflow; with `artifacts`, of the artifacts in this program's own repository those too that its pods saved under keys
  /// which begin so. Doing it twice is no error. Blocks.
  ///
  /// - Parameters:
  ///   - artifacts: the archived workflow; nil: its artifacts stay.
  ///   - prefixes: those that no other workflow has.
  func removeKept(ofWorkflow uid: String, artifacts: Resource?, below prefixes: [String]) throws(KubeStatus)
  /// The uids of workflows of which something is kept.
  func keptWorkflows() -> [String]
}
