internal import ArgoModel

/// What the original's controller tells of workflows, under its names (Argo Workflows' `docs/metrics.md`: `gauge`, `total_count`, `is_leader`).
extension WorkflowIndex {
  /// Prometheus' text format. `total_count` is of what was seen since the start, as the original's is.
  package func metricsText() -> String {
    let (now, entered) = phases
    var text = """
      # HELP argo_workflows_gauge Workflows that are there, by phase.
      # TYPE argo_workflows_gauge gauge

      """
    for phase in WorkflowPhase.allCases where phase != .unknown {
      text += "argo_workflows_gauge{phase=\"\(phase.rawValue)\"} \(now[phase.rawValue] ?? 0)\n"
    }
    text += """
      # HELP argo_workflows_total_count Workflows that have come to a phase, by namespace.
      # TYPE argo_workflows_total_count counter

      """
    for (place, count) in entered.sorted(by: { ($0.key.namespace, $0.key.phase) < ($1.key.namespace, $1.key.phase) }) {
      text += "argo_workflows_total_count{namespace=\"\(place.namespace)\",phase=\"\(place.phase)\"} \(count)\n"
    }
    return text + """
      # HELP argo_workflows_is_leader Whether this process runs the workflows.
      # TYPE argo_workflows_is_leader gauge
      argo_workflows_is_leader 1

      """
  }
}
