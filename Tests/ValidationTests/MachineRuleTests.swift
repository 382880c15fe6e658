import Testing
import Validation

@Suite struct MachineRuleTests {
  @Test("what only a cluster has a use for is said once for a manifest")
  func clusterOnly() {
    let text = """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: t}
      spec:
        entrypoint: main
        tolerations: [{key: a}]
        templates:
        - name: main
          nodeSelector: {disk: ssd}
          affinity: {}
          container: {image: a, livenessProbe: {grpc: {port: 1}}}
        - name: other
          nodeSelector: {disk: ssd}
          container: {image: a, readinessProbe: {exec: {command: [a]}}}
      """
    let found = lint(text, mode: .run)
    #expect(found.map(\.rule) == ["cluster-only", "grpc-probe"])
    #expect(
      found.map(\.message) == [
        "tolerations, nodeSelector, affinity: kept in the pods and ignored, since this machine is the only node",
        "gRPC probes are not carried out: they count as passed",
      ])
    #expect(found.allSatisfy { $0.severity == .warning })
    #expect(found.first?.path.description == "spec.tolerations")
  }
}
