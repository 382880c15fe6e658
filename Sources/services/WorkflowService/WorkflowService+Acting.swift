import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// What users ask of runs, as calls that return when it is stored (spec 2.11-2.13). Each is one transaction. A refusal is a `badRequest` in
/// Argo's words, a workflow that is not there `notFound`.
///
/// The calls block: they are for threads of one's own.
extension WorkflowService {
  /// Stops, terminates, suspends or resumes a run, or sets what its suspended nodes wait for. Returns the workflow as it is then.
  @discardableResult
  package func act(_ key: ResourceKey, _ command: RunCommand) throws(KubeStatus) -> Resource {
    try ask { loop in result { () throws(KubeStatus) in try loop.act(key, command) } }
  }

  /// Lets a run that is over go on. Returns the workflow as it is then.
  @discardableResult
  package func retry(_ key: ResourceKey, _ request: RetryRequest = RetryRequest()) throws(KubeStatus) -> Resource {
    try ask { loop in result { () throws(KubeStatus) in try loop.retry(key, request) } }
  }

  /// Submits a workflow again, as a new one. Returns that.
  @discardableResult
  package func resubmit(
    _ key: ResourceKey, memoized: Bool = false, parameters: [ParameterValue] = [], priority: Int32? = nil
  ) throws(KubeStatus) -> Resource {
    try ask { loop in
      result { () throws(KubeStatus) in
        try loop.submit(from: key) { (state, workflow, suffix) throws(RunRefusal) in
          var derived = try state.resubmission(of: workflow, memoized: memoized, parameters: parameters, suffix: suffix)
          if let priority { derived.workflow.spec["priority"] = .int(Int64(priority)) }
          return derived
        }
      }
    }
  }

  /// Makes a new run from a node of one that is over. Returns its workflow.
  @discardableResult
  package func fork(_ key: ResourceKey, _ request: ForkRequest) throws(KubeStatus) -> Resource {
    try ask { loop in
      result { () throws(KubeStatus) in
        try loop.submit(from: key) { (state, workflow, suffix) throws(RunRefusal) in
          try state.fork(of: workflow, request, suffix: suffix)
        }
      }
    }
  }
}

private func result<Value>(_ body: () throws(KubeStatus) -> Value) -> Result<Value, KubeStatus> {
  do throws(KubeStatus) { return .success(try body()) } catch { return .failure(error) }
}
