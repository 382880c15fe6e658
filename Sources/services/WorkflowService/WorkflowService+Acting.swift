import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// Which run a new start is made from.
enum RunSource: Sendable, Hashable {
  /// That of a Workflow object.
  case live(ResourceKey)
  /// One of the archive (``WorkflowArchiving``), by the workflow's uid.
  case archived(uid: String)
}

/// What users ask of runs, as calls that return when it is stored (spec 2.11-2.13).
extension WorkflowService: WorkflowActing {
  @discardableResult
  package func act(_ key: ResourceKey, _ command: RunCommand, labels: LabelEdit = LabelEdit()) throws(KubeStatus) -> Resource {
    try ask { loop in result { () throws(KubeStatus) in try loop.act(key, command, labels) } }
  }

  @discardableResult
  package func retry(
    _ key: ResourceKey, _ request: RetryRequest = RetryRequest(), labels: LabelEdit = LabelEdit()
  ) throws(KubeStatus) -> Resource {
    try retry(.live(key), request, labels)
  }

  @discardableResult
  package func resubmit(
    _ key: ResourceKey, _ request: ResubmitRequest = ResubmitRequest(), labels: LabelEdit = LabelEdit()
  ) throws(KubeStatus) -> Resource {
    try resubmit(.live(key), request, labels)
  }

  @discardableResult
  package func fork(_ key: ResourceKey, _ request: ForkRequest, labels: LabelEdit = LabelEdit()) throws(KubeStatus) -> Resource {
    try fork(.live(key), request, labels)
  }
}

extension WorkflowService: ArchivedRunActing {
  @discardableResult
  package func retry(
    archived uid: String, _ request: RetryRequest = RetryRequest(), labels: LabelEdit = LabelEdit()
  ) throws(KubeStatus) -> Resource {
    try retry(.archived(uid: uid), request, labels)
  }

  @discardableResult
  package func resubmit(
    archived uid: String, _ request: ResubmitRequest = ResubmitRequest(), labels: LabelEdit = LabelEdit()
  ) throws(KubeStatus) -> Resource {
    try resubmit(.archived(uid: uid), request, labels)
  }

  @discardableResult
  package func fork(archived uid: String, _ request: ForkRequest, labels: LabelEdit = LabelEdit()) throws(KubeStatus) -> Resource {
    try fork(.archived(uid: uid), request, labels)
  }
}

extension WorkflowService {
  private func retry(_ source: RunSource, _ request: RetryRequest, _ labels: LabelEdit) throws(KubeStatus) -> Resource {
    try ask { loop in result { () throws(KubeStatus) in try loop.retry(source, request, labels) } }
  }

  private func resubmit(_ source: RunSource, _ request: ResubmitRequest, _ labels: LabelEdit) throws(KubeStatus) -> Resource {
    try ask { loop in
      result { () throws(KubeStatus) in
        try loop.submit(from: source, labels) { (state, workflow, suffix) throws(RunRefusal) in
          var derived = try state.resubmission(
            of: workflow, memoized: request.isMemoized, parameters: request.parameters, suffix: suffix)
          if let priority = request.priority { derived.workflow.spec["priority"] = .int(Int64(priority)) }
          return derived
        }
      }
    }
  }

  private func fork(_ source: RunSource, _ request: ForkRequest, _ labels: LabelEdit) throws(KubeStatus) -> Resource {
    try ask { loop in
      result { () throws(KubeStatus) in
        try loop.submit(from: source, labels) { (state, workflow, suffix) throws(RunRefusal) in
          try state.fork(of: workflow, request, suffix: suffix)
        }
      }
    }
  }
}

private func result<Value>(_ body: () throws(KubeStatus) -> Value) -> Result<Value, KubeStatus> {
  do throws(KubeStatus) { return .success(try body()) } catch { return .failure(error) }
}
