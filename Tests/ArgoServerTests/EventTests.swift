import ArgoServer
import Basics
import Contracts
import JSONValue
import KubeAPI
import KubeModel
import ResourceDB
import ResourceService
import Synchronization
import Testing

private struct WholeCatalog: CatalogProviding { let catalog: any KindCatalog = Catalog() }

/// Lets everything through but what is named: `create workflows`.
private struct Rules: Authorizing {
  var forbidden: Set<String> = []
  func decide(_ attributes: AccessAttributes) -> AccessDecision {
    AccessDecision(isAllowed: !forbidden.contains("\(attributes.verb) \(attributes.resource)"), reason: "")
  }
}

private final class Recorder: EventRecording {
  let events = Mutex<[ObjectEvent]>([])
  func record(_ event: ObjectEvent) { events.withLock { $0.append(event) } }
}

/// A store with namespaces `n` and `m`, each with a template `greet`, and a cluster template `greet`.
private struct EventBench {
  let store: ResourceDatabase
  let resources: ResourceService
  let recorder = Recorder()
  let user = UserInfo.serviceAccount(namespace: "n", name: "sender")

  init() throws {
    store = try ResourceDatabase(file: ":memory:")
    let catalog = WholeCatalog()
    resources = ResourceService(store: store, kinds: { catalog.catalog })
    let spec: JSON = [
      "entrypoint": "main", "workflowMetadata": ["labels": ["of": "template"], "annotations": ["also": "template"]],
      "templates": [["name": "main", "suspend": [:]]],
    ]
    for namespace in ["n", "m"] {
      try store.create(Resource(.namespace, json: ["metadata": ["name": .string(namespace)], "status": ["phase": "Active"]]))
      try store.create(Resource(.workflowTemplate, json: ["metadata": ["name": "greet", "namespace": .string(namespace)], "spec": spec]))
    }
    try store.create(Resource(.clusterWorkflowTemplate, json: ["metadata": ["name": "greet"], "spec": spec]))
  }

  func bind(_ name: String, in namespace: String = "n", _ spec: JSON) throws {
    try store.create(
      Resource(.workflowEventBinding, json: ["metadata": ["name": .string(name), "namespace": .string(namespace)], "spec": spec]))
  }

  func dispatcher(_ settings: EventSettings = EventSettings(), forbidden: Set<String> = []) -> EventDispatcher {
    EventDispatcher(
      resources: resources, authorizer: Rules(forbidden: forbidden), webhooks: WebhookClients(resources: resources, hmac: { _, _ in [] }),
      recorder: recorder, settings: settings)
  }

  func send(
    _ payload: JSON, to namespace: String = "n", discriminator: String = "", metadata: [String: [String]] = [:], forbidden: Set<String> = []
  ) throws {
    try dispatcher(forbidden: forbidden).receive(
      IncomingEvent(namespace: namespace, discriminator: discriminator, metadata: metadata, payload: payload), by: user)
  }

  func workflows() throws -> [Resource] { try store.list(.workflow, namespace: nil, labels: .everything) }
}

@Suite("Events") struct EventTests {
  private let bench: EventBench
  init() throws { bench = try EventBench() }

  @Test("a binding whose selector holds submits its template with what the event says") func submits() throws {
    try bench.bind(
      "greeter",
      [
        "event": ["selector": #"payload.to != "" && metadata["x-argo-e2e"] == ["true"] && discriminator == "d" && namespace == "n""#],
        "submit": [
          "workflowTemplateRef": ["name": "greet"],
          "metadata": ["labels": ["who": "payload.to", "fixed": #""literal""#], "annotations": ["note": #"payload.to + "!""#]],
          "arguments": [
            "parameters": [
              ["name": "to", "valueFrom": ["event": "payload.to"]], ["name": "count", "valueFrom": ["event": "len(payload.list)"]],
              ["name": "list", "valueFrom": ["event": "payload.list"]], ["name": "nothing", "valueFrom": ["event": "payload.absent"]],
            ], "artifacts": [["name": "file", "raw": ["data": "x"]]],
          ],
        ],
      ])
    try bench.bind(
      "other", ["event": ["selector": #"payload.to == "somebody else""#], "submit": ["workflowTemplateRef": ["name": "greet"]]])
    try bench.send(["to": "Ann", "list": [1, "a"]], discriminator: "d", metadata: ["x-argo-e2e": ["true"]])
    let workflow = try #require(try bench.workflows().first)
    #expect(try bench.workflows().count == 1)
    #expect(workflow.name.hasPrefix("greet-") && workflow.name.count == 11)
    #expect(workflow.spec["workflowTemplateRef"] == ["name": "greet"])
    #expect(
      workflow.labels == [
        "workflows.argoproj.io/workflow-template": "greet", "workflows.argoproj.io/workflow-event-binding": "greeter",
        "workflows.argoproj.io/creator": "system-serviceaccount-n-sender", "of": "template", "who": "Ann", "fixed": "literal",
      ])
    #expect(workflow.annotations["note"] == "Ann!")
    #expect(workflow.annotations["also"] == "template")
    #expect(
      workflow.spec.at("arguments", "parameters") == [
        ["name": "to", "value": "Ann"], ["name": "count", "value": "2"], ["name": "list", "value": #"[1,"a"]"#],
        ["name": "nothing", "value": "null"],
      ])
    #expect(workflow.spec.at("arguments", "artifacts") == [["name": "file", "raw": ["data": "x"]]])
    #expect(bench.recorder.events.withLock { $0.isEmpty })
  }

  @Test("a cluster template, a name of the event's own, and a binding that submits nothing") func forms() throws {
    try bench.bind(
      "cluster",
      [
        "event": ["selector": true],
        "submit": ["workflowTemplateRef": ["name": "greet", "clusterScope": true], "metadata": ["name": #"payload.id + "-world""#]],
      ])
    try bench.bind("silent", ["event": ["selector": "true"]])
    try bench.bind(
      "generated",
      ["event": ["selector": "true"], "submit": ["workflowTemplateRef": ["name": "greet"], "metadata": ["generateName": #""made-""#]]])
    try bench.send(["id": "hello"])
    let workflows = try bench.workflows()
    #expect(workflows.count == 2)
    let cluster = try #require(workflows.first { $0.name == "hello-world" })
    #expect(cluster.spec["workflowTemplateRef"] == ["name": "greet", "clusterScope": true])
    #expect(cluster.label("workflows.argoproj.io/cluster-workflow-template") == "greet")
    #expect(workflows.contains { $0.name.hasPrefix("made-") })
  }

  @Test(
    "what fails is told by an error and an event, in Argo's words",
    arguments: [
      ("", "", "failed to evaluate workflow template expression: unexpected token EOF"),
      ("payload.to", "", "unable to cast expression result 'Ann' to bool"),
      ("nobody.knows", "", "failed to evaluate workflow template expression"),
      ("true", "nowhere", "failed to get workflow template: workflowtemplates.argoproj.io \"nowhere\" not found"),
    ])
  func failures(selector: String, template: String, message: String) throws {
    try bench.bind(
      "wrong",
      [
        "event": ["selector": .string(selector)],
        "submit": ["workflowTemplateRef": ["name": .string(template.isEmpty ? "greet" : template)]],
      ])
    try bench.bind("right", ["event": ["selector": "true"], "submit": ["workflowTemplateRef": ["name": "greet"]]])
    let failure = #expect(throws: KubeStatus.self) { try bench.send(["to": "Ann"]) }
    #expect(failure?.reason == .internalError)
    #expect(failure?.message.hasPrefix("failed to dispatch event: [") == true)
    #expect(failure?.message.contains(message) == true, "\(failure?.message ?? "")")
    // The other one is dispatched nevertheless.
    #expect(try bench.workflows().count == 1)
    let told = bench.recorder.events.withLock { $0 }
    #expect(told.map(\.reason) == ["WorkflowEventBindingError"])
    #expect(told.first?.about.name == "wrong")
    #expect(told.first?.message.hasPrefix("failed to dispatch event: ") == true)
  }

  @Test(
    "a malformed submission says what is malformed",
    arguments: [
      (#"{"arguments":{"parameters":[{"name":"p","value":"x"}]}}"#, #"malformed workflow template parameter "p": valueFrom is nil"#),
      (#"{"metadata":{"name":"1"}}"#, "workflow name expression must evaluate to a string, not a int"),
      (#"{"metadata":{"labels":{"a":"payload.("}}}"#, #"failed to evaluate workflow label "a" expression: "#),
    ])
  func malformed(submit: String, message: String) throws {
    var submit = try JSON.parse(submit)
    submit["workflowTemplateRef"] = ["name": "greet"]
    try bench.bind("wrong", ["event": ["selector": "true"], "submit": submit])
    let failure = #expect(throws: KubeStatus.self) { try bench.send([:]) }
    #expect(failure?.message.contains(message) == true, "\(failure?.message ?? "")")
    #expect(try bench.workflows().isEmpty)
  }

  @Test("all is done with the sender's rights", arguments: ["get workflowtemplates", "create workflows", "list workfloweventbindings"])
  func rights(forbidden: String) throws {
    try bench.bind("any", ["event": ["selector": "true"], "submit": ["workflowTemplateRef": ["name": "greet"]]])
    let failure = #expect(throws: KubeStatus.self) { try bench.send([:], forbidden: [forbidden]) }
    #expect(failure?.message.contains("is forbidden") == true)
    #expect(failure?.reason == (forbidden.hasPrefix("list") ? .forbidden : .internalError))
    #expect(try bench.workflows().isEmpty)
  }

  @Test("without a namespace the bindings of all are asked, each in its own") func broadcast() throws {
    for namespace in ["n", "m"] {
      try bench.bind(
        "any", in: namespace,
        ["event": ["selector": .string("namespace == \"\(namespace)\"")], "submit": ["workflowTemplateRef": ["name": "greet"]]])
    }
    try bench.send([:], to: "")
    #expect(Set(try bench.workflows().map(\.namespace)) == ["m", "n"])
  }

  @Test("taken asynchronously, senders are answered first, and refused when too many wait") func asynchronous() throws {
    try bench.bind("any", ["event": ["selector": "true"], "submit": ["workflowTemplateRef": ["name": "greet"]]])
    var settings = EventSettings()
    (settings.isAsynchronous, settings.workers, settings.queue) = (true, 1, 2)
    let dispatcher = bench.dispatcher(settings)
    // While the store is held, nobody gets on.
    let gate = Mailbox<Void>()
    let held = bench.store.watch([.workflow]) { _ in _ = gate.takeFirst() }
    var taken = 0
    var refusal: KubeStatus?
    for _ in 0..<10 {
      do throws(KubeStatus) {
        try dispatcher.receive(IncomingEvent(namespace: "n", discriminator: "", metadata: [:], payload: [:]), by: bench.user)
        taken += 1
      } catch { refusal = error }
    }
    #expect(refusal?.reason == .serviceUnavailable)
    #expect(refusal?.message == "operation queue full")
    #expect(taken == 3)
    gate.close()
    dispatcher.stop()
    held.cancel()
    #expect(try bench.workflows().count == taken)
  }
}

@Suite("Webhook clients") struct WebhookClientTests {
  private let bench: EventBench
  private let clients: WebhookClients

  init() throws {
    bench = try EventBench()
    // Stands for HMAC: the key's first letter, twice.
    clients = WebhookClients(resources: bench.resources) { key, message in message.isEmpty ? [] : [key.first ?? 0, key.first ?? 0] }
    for name in ["github.com", "gitlab.com", "bitbucket.org", "stash"] {
      try bench.store.create(Resource(.serviceAccount, json: ["metadata": ["name": .string(name), "namespace": "n"]]))
    }
  }

  private func secret(_ data: [String: String]) throws {
    let encoded = data.map { ($0.key, JSON.string(Base64.encode(Array($0.value.utf8)))) }
    try bench.store.create(
      Resource(
        .secret, json: ["metadata": ["name": "argo-workflows-webhook-clients", "namespace": "n"], "data": .object(JSONObject(encoded))]))
  }

  private func account(_ fields: [(name: String, value: String)], body: String = "{}") throws -> String? {
    try clients.account(namespace: "n", fields: HeaderFields(fields), body: Array(body.utf8))?.name
  }

  @Test("each kind of client proves itself in its way") func proofs() throws {
    try secret([
      "github.com": "type: github\nsecret: \"a!\"", "gitlab.com": "type: gitlab\nsecret: sesame",
      "bitbucket.org": "type: bitbucket\nsecret: some-uuid",
      "stash": "{type: bitbucketserver, secret: b!}",
    ])
    let prefix = "system:serviceaccount:n:"
    #expect(try account([("X-GitHub-Event", "push"), ("X-Hub-Signature-256", "sha256=6161")]) == prefix + "github.com")
    #expect(try account([("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Token", "sesame")]) == prefix + "gitlab.com")
    #expect(try account([("X-Event-Key", "repo:push"), ("X-Hook-UUID", "some-uuid")]) == prefix + "bitbucket.org")
    #expect(try account([("X-Event-Key", "pr:opened"), ("X-Hub-Signature", "sha256=6262")]) == prefix + "stash")
    let wrong: [[(name: String, value: String)]] = [
      [("X-GitHub-Event", "push"), ("X-Hub-Signature-256", "sha256=6262")], [("X-GitHub-Event", "push"), ("X-Hub-Signature-256", "6161")],
      [("X-Hub-Signature-256", "sha256=6161")], [("X-GitHub-Event", "push")],
      [("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Token", "sesam")], [],
    ]
    for fields in wrong { #expect(try account(fields) == nil, "\(fields)") }
    #expect(try account([("X-GitHub-Event", "push"), ("X-Hub-Signature-256", "sha256=6161")], body: "") == nil)
  }

  @Test("an empty secret proves nothing") func emptySecret() throws {
    try secret(["gitlab.com": "type: gitlab\nsecret: ''", "github.com": "type: github"])
    #expect(try account([("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Token", "")]) == nil)
    #expect(try account([("X-GitHub-Event", "push"), ("X-Hub-Signature-256", "sha256=0000")]) == nil)
  }

  @Test(
    "what is set up wrongly, and what is too large, is refused without a reason",
    arguments: [#"{"a": "type: nobody\nsecret: x"}"#, #"{"a": ": : :"}"#, #"{"absent": "type: gitlab\nsecret: sesame"}"#, ""])
  func refusals(data: String) throws {
    if !data.isEmpty {
      let data = try JSON.parse(data).object ?? [:]
      try secret(Dictionary(data.map { ($0.key, $0.value.string ?? "") }, uniquingKeysWith: { first, _ in first }))
    }
    let failure = #expect(throws: KubeStatus.self) { try account([("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Token", "sesame")]) }
    #expect(failure == KubeStatus(.forbidden, "failed to process webhook request"))
  }

  @Test("a body over two megabytes is refused") func tooLarge() throws {
    try secret(["gitlab.com": "type: gitlab\nsecret: sesame"])
    let body = String(repeating: " ", count: (2 << 20) + 1)
    #expect(throws: KubeStatus.self) { try account([("X-Gitlab-Event", "x"), ("X-Gitlab-Token", "sesame")], body: body) }
  }
}
