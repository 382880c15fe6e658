import JSONValue
import KubeModel
import Testing
import Validation

@Suite struct StructuralTests {
  static let cases: [(String, [String])] = [
    (
      "templates: [{name: main, contianer: {image: a}}]",
      ["6:28 unknown field \"spec.templates[0].contianer\", did you mean \"container\"?"]
    ),
    (
      "templates: [{name: main, container: {image: a, someExtraField: 1}}]",
      ["6:50 unknown field \"spec.templates[0].container.someExtraField\""]
    ),
    ("parallelism: \"3\"", ["6:16 spec.parallelism: expected integer, found string \"3\" (remove the quotes)"]),
    ("suspend: \"true\"", ["6:12 spec.suspend: expected boolean, found string \"true\" (remove the quotes)"]),
    ("arguments: {parameters: {name: a}}", ["6:27 spec.arguments.parameters: expected list, found object"]),
    ("entrypoint: [a]", ["6:15 spec.entrypoint: expected string, found list"]),
    ("activeDeadlineSeconds: 1.5", ["6:26 spec.activeDeadlineSeconds: expected integer, found number 1.5"]),
    (
      "templates: [{name: main, steps: [{name: a, template: b}]}]",
      [
        "6:36 spec.templates[0].steps[0]: expected list, found object (a group of steps is a list: begin its first step with \"- -\")"
      ]
    ),
    (
      "volumeClaimGC: {strategy: OnWorkflowCompleted}",
      [
        "6:29 spec.volumeClaimGC.strategy: unsupported value \"OnWorkflowCompleted\", expected one of: OnWorkflowSuccess, "
          + "OnWorkflowCompletion (did you mean \"OnWorkflowCompletion\"?)"
      ]
    ),
    ("volumes: [{emptyDir: {}}]", ["6:13 spec.volumes[0].name is required"]),
    ("podPriority: 1", ["6:3 field \"spec.podPriority\" was removed in Argo Workflows v4 (use podPriorityClassName)"]),
    (
      "synchronization: {mutex: {name: a}}",
      ["6:21 field \"spec.synchronization.mutex\" was removed in Argo Workflows v4 (write it as a list: mutexes: [{name: …}])"]
    ),
    (
      "synchronization: {semaphore: {}}",
      [
        "6:21 field \"spec.synchronization.semaphore\" was removed in Argo Workflows v4 (write it as a list: semaphores: "
          + "[{configMapKeyRef: …}])"
      ]
    ),
    ("templateDefaults: {script: {source: a}}", []),
    (
      "nodeSelector: {a: b}\n  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}",
      ["6:17 warning nodeSelector, affinity: kept in the pods and ignored, since this machine is the only node"]
    ),
    ("affinity: {nodeAffinity: {anything: [1]}}", ["6:29 unknown field \"spec.affinity.nodeAffinity.anything\""]),
    ("metrics: null", []),
  ]

  @Test("in a test file, what is a list of lists says so") func orders() {
    let text = "apiVersion: argosy/v1\nkind: WorkflowTest\nmetadata: {name: t}\nspec: {expect: {order: [build]}}"
    #expect(lines(lint(text)) == ["4:25 spec.expect.order[0]: expected list, found string \"build\" (it is a list of lists: [[build, …]])"])
  }

  @Test("a field that does not fit its type is named with its place", arguments: cases)
  func shapes(fields: String, expected: [String]) {
    let text = """
      apiVersion: argoproj.io/v1alpha1
      kind: WorkflowTemplate
      metadata:
        name: t
      spec:
        \(fields)
      """
    #expect(lines(lint(text)) == expected)
  }

  @Test("the schedule of a version 3 CronWorkflow gets the form of version 4")
  func schedule() {
    let text = """
      apiVersion: argoproj.io/v1alpha1
      kind: CronWorkflow
      metadata: {name: t}
      spec:
        schedule: "* * * * *"
        workflowSpec: {}
      """
    #expect(
      lines(lint(text)) == [
        "5:3 field \"spec.schedule\" was removed in Argo Workflows v4 (write it as a list: schedules: [\"…\"])"
      ])
  }

  @Test("every type that a field names is in the schema, and every type is used")
  func integrity() {
    let schema = Schema.standard
    var used = Set(ManifestLoader.kinds.map(\.kind))
    func names(_ type: Schema.FieldType) -> [String] {
      switch type {
      case .object(let name): [name]
      case .list(let element), .map(let element): names(element)
      default: []
      }
    }
    for type in schema.types.values {
      #expect(Set(type.fields.map(\.name)).count == type.fields.count, "\(type.name) has a field twice")
      for field in type.fields {
        for name in names(field.type) {
          #expect(schema.type(name) != nil, "\(type.name).\(field.name) is of unknown type \(name)")
          used.insert(name)
        }
      }
    }
    let bases: Set = [Schema.testKind]
    #expect(Set(schema.types.keys).subtracting(used).subtracting(bases) == [])
    #expect(schema.type("ScriptTemplate")?.field("volumeMounts")?.type == .list(.object("VolumeMount")))
    #expect(schema.type("Artifact")?.field("s3")?.type == .object("S3Artifact"))
    #expect(schema.type("Template")?.field("steps")?.type == .list(.list(.object("WorkflowStep"))))
    #expect(schema.type("Parameter")?.field("value")?.type == .anyString)
  }

  @Test("plain scalars become text where a string is expected, and nowhere else")
  func normalization() {
    let document: JSON = [
      "metadata": ["labels": ["a": true, "b": 1.5]],
      "spec": [
        "parallelism": 2,
        "templates": [["container": ["env": [["name": "a", "value": 1]]], "activeDeadlineSeconds": 3, "steps": [[["withItems": [1]]]]]],
      ],
    ]
    let expected: JSON = [
      "metadata": ["labels": ["a": "true", "b": "1.5"]],
      "spec": [
        "parallelism": 2,
        "templates": [["container": ["env": [["name": "a", "value": "1"]]], "activeDeadlineSeconds": 3, "steps": [[["withItems": [1]]]]]],
      ],
    ]
    #expect(Schema.standard.normalized(document, kind: "Workflow") == expected)
  }
}
