import ArgoServer
import Contracts
import JSONValue
import KubeModel
import Testing

@Suite struct ActorLabelTests {
  private let server = UserInfo(name: "system:serviceaccount:argo:argo-server")

  @Test("a creator's name becomes a label's value, and what the client wrote there goes") func creator() {
    var workflow = Resource(
      .workflow, json: ["metadata": ["name": "a", "labels": ["workflows.argoproj.io/creator-email": "somebody.at.else", "kept": "1"]]])
    ActorLabels.setCreator(&workflow, server)
    #expect(workflow.labels == ["workflows.argoproj.io/creator": "system-serviceaccount-argo-argo-server", "kept": "1"])
  }

  @Test("nobody leaves no label") func anonymous() {
    var workflow = Resource(.workflow, json: ["metadata": ["name": "a", "labels": ["workflows.argoproj.io/creator": "forged"]]])
    ActorLabels.setCreator(&workflow, .anonymous)
    #expect(workflow.json == Resource(.workflow, json: ["metadata": ["name": "a"]]).json)
  }

  @Test(
    "values are cut and cleaned as a label's must be",
    arguments: [
      ("a@b", "a-b"), ("--x--", "x"), (String(repeating: "a", count: 70) + "é", String(repeating: "a", count: 62)), ("...", ""),
    ])
  func values(name: String, value: String) {
    #expect(ActorLabels.value(of: UserInfo(name: name)) ?? "" == value)
  }

  @Test("an act is told with who did it") func actor() {
    var workflow = Resource(.workflow, json: ["metadata": ["name": "a"]])
    ActorLabels.setActor(&workflow, server, .stop)
    #expect(
      workflow.labels == [
        "workflows.argoproj.io/actor": "system-serviceaccount-argo-argo-server", "workflows.argoproj.io/action": "Stop",
      ])
  }
}
