import KubeModel

/// What users ask of runs of the archive (``WorkflowArchiving``), by their workflow's uid. As the same calls of ``WorkflowActing``; `notFound` when it is
/// not archived.
package protocol ArchivedRunActing: Sendable {
  /// Makes the workflow anew, under its name and uid, and lets it go on. Throws `alreadyExists` while a workflow of the name is there.
  @discardableResult func retry(archived uid: String, _ request: RetryRequest, labels: LabelEdit) throws(KubeStatus) -> Resource
  @discardableResult func resubmit(archived uid: String, _ request: ResubmitRequest, labels: LabelEdit) throws(KubeStatus) -> Resource
  @discardableResult func fork(archived uid: String, _ request: ForkRequest, labels: LabelEdit) throws(KubeStatus) -> Resource
}
