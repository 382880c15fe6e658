import Basics
import JSONValue
import Testing

@testable import CommandLine

@Suite("Templates, cron workflows, limits and archived workflows as text") struct ObjectTextTests {
  private static func template(_ name: String, in namespace: String? = "argo") -> JSON {
    var metadata: JSONObject = ["name": .string(name), "creationTimestamp": .string(Fixture.origin.rfc3339)]
    metadata["namespace"] = namespace.map { .string($0) }
    return ["metadata": .object(metadata)]
  }

  private static let cron: JSON = [
    "metadata": ["name": "nightly", "namespace": "argo", "creationTimestamp": .string(Fixture.origin.rfc3339)],
    "spec": [
      "schedules": ["0 3 * * *", "30 2 * * *"], "timezone": "Asia/Tokyo", "startingDeadlineSeconds": 0, "concurrencyPolicy": "Replace",
      "workflowSpec": ["arguments": ["parameters": [["name": "env", "value": "test"], ["name": "unset"], ["name": "n", "value": 3]]]],
    ],
    "status": [
      "lastScheduledTime": "2026-11-20T18:00:00Z", "active": [["name": "nightly-1"], ["name": "nightly-2"]],
      "conditions": [["type": "SubmissionError", "message": "no such template"], ["type": "Other", "status": "True"]],
    ],
  ]

  @Test("a template's block, and the tables with the original's blanks behind names")
  func templates() {
    let context = Fixture.context()
    #expect(
      NamespacedTemplates.block(Self.template("job"), context)
        == "Name:                job\nNamespace:           argo\nCreated:             Sat Nov 21 02:44:13 +0000 (1 minute ago)\n")
    #expect(
      ClusterTemplates.block(Self.template("job", in: nil), context)
        == "Name:                job\nCreated:             Sat Nov 21 02:44:13 +0000 (1 minute ago)\n")
    let two = [Self.template("job"), Self.template("longer-name")]
    #expect(NamespacedTemplates.table(two, hasNamespace: false) == "NAME\njob           \nlonger-name   \n")
    #expect(
      NamespacedTemplates.table(two, hasNamespace: true) == "NAMESPACE   NAME\nargo        job           \nargo        longer-name   \n")
    #expect(ClusterTemplates.table([], hasNamespace: false) == "NAME\n")
  }

  @Test("the forms of an object: JSON with four blanks a level, YAML, its name")
  func forms() {
    let template = Self.template("job", in: nil)
    func text(_ form: ObjectOutput?) -> String { ObjectOutput.text(template, form, yaml: { _ in "yaml\n" }) { _ in "block\n" } }
    #expect(text(.json).hasPrefix("{\n    \"metadata\": {\n        \"name\": \"job\""))
    #expect(text(.name) == "job\n" && text(.yaml) == "yaml\n" && text(.wide) == "block\n" && text(nil) == "block\n")
  }

  @Test("a cron workflow's block has keys of thirty columns, the next time of all schedules in its zone, and what went wrong")
  func cronBlock() {
    // 02:45:22 UTC is 11:45:22 in Tokyo: half past two on the next day there.
    #expect(
      CronText.block(Self.cron, Fixture.context()) == """
        Name:                          nightly
        Namespace:                     argo
        Created:                       Sat Nov 21 02:44:13 +0000 (1 minute ago)
        Schedules:                     0 3 * * *,30 2 * * *
        Suspended:                     false
        Timezone:                      Asia/Tokyo
        StartingDeadlineSeconds:       0
        ConcurrencyPolicy:             Replace
        LastScheduledTime:             Fri Nov 20 18:00:00 +0000 (8 hours ago)
        NextScheduledTime:             Sat Nov 21 17:30:00 +0000 (14 hours from now) (assumes workflow-controller is in UTC)
        Active Workflows:              nightly-1, nightly-2
        Conditions:                    \("")
        ✖ SubmissionError              no such template
         Other                         True
        Workflow Parameters:           \("")
          env:                         test
          n:                           3

        """)
  }

  @Test("the table of cron workflows; a schedule that is none has no next run")
  func cronTable() {
    var broken = Self.cron
    broken["metadata"] = ["name": "broken", "namespace": "b", "creationTimestamp": .string(Fixture.origin.rfc3339)]
    broken["spec"] = ["schedules": ["nonsense"], "suspend": true]
    broken["status"] = .null
    #expect(
      CronText.table([Self.cron, broken], hasNamespace: true, Fixture.context()) == """
        NAMESPACE   NAME      AGE   LAST RUN   NEXT RUN   SCHEDULES              TIMEZONE     SUSPENDED
        argo        nightly   1m    8h         14h        0 3 * * *,30 2 * * *   Asia/Tokyo   false
        b           broken    1m    N/A        N/A        nonsense                            true

        """)
  }

  @Test("a limit's lines; a type that the server leaves out is a ConfigMap")
  func limits() {
    #expect(
      SyncArguments.text(["key": "k", "namespace": "argo", "limit": 3, "type": "DATABASE"])
        == "Key: k\nType: database\nNamespace: argo\nLimit: 3\n")
    #expect(
      SyncArguments.text(["key": "k", "namespace": "argo", "limit": 3, "cmName": "c"])
        == "Key: k\nType: configmap\nConfigMap Name: c\nNamespace: argo\nLimit: 3\n")
  }

  @Test("an archived workflow's block and list")
  func archived() {
    var workflow = Fixture.workflow("old", phase: "Failed", status: ["message": "step failed"], nodes: [])
    workflow["metadata"] = [
      "name": "old", "namespace": "argo", "uid": "u-1", "creationTimestamp": .string(Fixture.origin.rfc3339),
    ]
    let context = Fixture.context()
    #expect(
      ArchiveText.text(workflow, nil, context, yaml: { _ in "" }) == """
        Name:                old
        Namespace:           argo
        ServiceAccount:      unset (will run with the default ServiceAccount)
        Status:              Failed
        Message:             step failed
        Created:             Sat Nov 21 02:44:13 +0000 (1 minute ago)
        Started:             Sat Nov 21 02:44:13 +0000 (1 minute ago)
        Finished:            Sat Nov 21 02:44:22 +0000 (1 minute ago)
        Duration:            9 seconds

        """)
    #expect(ArchiveText.text(workflow, .json, context, yaml: { _ in "" }).hasPrefix("{\"metadata\":{\"name\":\"old\""))
    let list = ArchiveText.list([workflow], .wide, context, yaml: { _ in "" })
    #expect(
      list == """
        NAMESPACE   NAME   STATUS   AGE   DURATION   PRIORITY   MESSAGE       P/R/C   PARAMETERS   UID
        argo        old    Failed   1m    9s         0          step failed   0/0/0                u-1

        """)
    #expect(ArchiveText.list([], .json, context, yaml: { _ in "" }) == "[]\n")
    #expect(ArchiveText.list([], .wide, context, yaml: { _ in "" }) == "No workflows found\n")
  }

  @Test(
    "What looks like a UID is one",
    arguments: [
      ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", true), ("A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11", false), ("my-wf", false),
      ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", false), ("g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", false), ("", false),
    ])
  func uids(text: String, isUID: Bool) {
    #expect(ArchiveIdentity.looksLikeUID(text) == isUID)
  }

  @Test("names with control characters do not reach the terminal")
  func hostileNames() {
    let template = Self.template("evil\u{1B}[2J\nName: other", in: nil)
    #expect(!ClusterTemplates.block(template, Fixture.context()).contains("\u{1B}"))
    #expect(ClusterTemplates.table([template], hasNamespace: false).split(separator: "\n").count == 2)
  }
}
