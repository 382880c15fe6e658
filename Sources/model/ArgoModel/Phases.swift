/// The phase of a node, in Argo's words.
package enum NodePhase: String, Sendable, Hashable, CaseIterable {
  case pending = "Pending"
  case running = "Running"
  case succeeded = "Succeeded"
  case skipped = "Skipped"
  case failed = "Failed"
  case error = "Error"
  case omitted = "Omitted"

  /// Nothing more happens to the node: every phase but Pending and Running.
  package var isFulfilled: Bool { self != .pending && self != .running }
  /// The node ran and ended: Succeeded, Failed or Error.
  package var isCompleted: Bool { self == .succeeded || self == .failed || self == .error }
  package var isFailedOrError: Bool { self == .failed || self == .error }
}

/// What a node of the tree stands for.
package enum NodeType: String, Sendable, Hashable, CaseIterable {
  case pod = "Pod"
  case container = "Container"
  case steps = "Steps"
  case stepGroup = "StepGroup"
  case dag = "DAG"
  case taskGroup = "TaskGroup"
  case retry = "Retry"
  case skipped = "Skipped"
  case suspend = "Suspend"
  case http = "HTTP"
  case plugin = "Plugin"

  /// A new node waits until a pod or the agent tells of it.
  package var startsPending: Bool { self == .pod || self == .http || self == .plugin }

  /// Counts in `progress` as one unit of work.
  package var countsAsWork: Bool {
    switch self {
    case .pod, .http, .plugin, .container, .suspend: true
    default: false
    }
  }
}

/// The phase of a workflow; a new one has none yet.
package enum WorkflowPhase: String, Sendable, Hashable, CaseIterable {
  case unknown = ""
  case pending = "Pending"
  case running = "Running"
  case succeeded = "Succeeded"
  case failed = "Failed"
  case error = "Error"

  package var isCompleted: Bool { self == .succeeded || self == .failed || self == .error }
}
