import JSONValue
import KubeModel
import Testing

/// Workflows small enough to try everything at every moment.
struct SmallWorkflow: Sendable, CustomTestStringConvertible {
  let name: String
  let spec: @Sendable () -> JSON
  var hasExitHandler = false
  var isTimingDependent = false
  var testDescription: String { name }

  var simulated: SimulatedWorkflow {
    var result = SimulatedWorkflow(
      workflow: Resource(
        .workflow, json: ["metadata": ["name": .string(name), "namespace": "default", "uid": .string(name)], "spec": spec()]))
    result.hasExitHandler = hasExitHandler
    result.isTimingDependent = isTimingDependent
    for template in result.workflow.spec["templates"]?.array ?? [] {
      var facts = TemplateFacts()
      facts.parallelism = template["parallelism"]?.int.map { Int($0) }
      facts.retryLimit = template.at("retryStrategy", "limit")?.int.map { Int($0) }
      if template["container"] != nil {
        let kind = template.at("container", "args")?[0]?.string.flatMap(TemplateFacts.ResultKind.init(rawValue:)) ?? .number
        facts.leaf = .init(result: kind, hasParameter: template["outputs"] != nil, isDaemon: template["daemon"]?.bool ?? false)
      }
      result.templates[template["name"]?.string ?? ""] = facts
    }
    return result
  }

  private static let leaf: JSON = ["name": "leaf", "container": ["image": "sim", "command": ["sim"], "args": ["number"]]]
  private static let list: JSON = ["name": "list", "container": ["image": "sim", "command": ["sim"], "args": ["list"]]]

  static let all: [SmallWorkflow] = [
    SmallWorkflow(name: "pod") { ["entrypoint": "leaf", "templates": [leaf]] },
    SmallWorkflow(
      name: "steps-exit",
      spec: {
        [
          "entrypoint": "main", "onExit": "leaf",
          "templates": [
            leaf,
            [
              "name": "main",
              "steps": [
                [["name": "a", "template": "leaf", "continueOn": ["failed": true]], ["name": "b", "template": "leaf"]],
                [["name": "c", "template": "leaf"]],
              ],
            ],
          ],
        ]
      }, hasExitHandler: true),
    SmallWorkflow(name: "dag-retry") {
      [
        "entrypoint": "main",
        "templates": [
          [
            "name": "tried", "retryStrategy": ["limit": 2, "retryPolicy": "Always", "backoff": ["duration": "2s", "factor": 2]],
            "container": ["image": "sim", "command": ["sim"]],
          ],
          [
            "name": "main",
            "dag": [
              "tasks": [
                ["name": "a", "template": "tried"], ["name": "b", "template": "tried", "depends": "a"],
                ["name": "c", "template": "tried", "depends": "a.Failed || a.Errored"],
                ["name": "d", "template": "tried", "depends": "b || c"],
              ]
            ],
          ],
        ],
      ]
    },
    SmallWorkflow(name: "loops") {
      [
        "entrypoint": "main",
        "templates": [
          leaf, list, ["name": "pause", "suspend": ["duration": "2s"]],
          [
            "name": "main",
            "steps": [
              [["name": "make", "template": "list"], ["name": "wait", "template": "pause"]],
              [
                [
                  "name": "each", "template": "leaf", "withParam": "{{steps.make.outputs.result}}",
                  "continueOn": ["failed": true, "error": true],
                ],
                ["name": "some", "template": "inner", "withSequence": ["count": "2"], "continueOn": ["failed": true]],
              ], [["name": "last", "template": "leaf", "when": "{{steps.make.outputs.result}} != []"]],
            ],
          ],
          [
            "name": "inner",
            "dag": [
              "tasks": [
                ["name": "x", "template": "leaf", "withItems": [1, 2]], ["name": "y", "template": "leaf", "depends": "x.AnySucceeded"],
              ]
            ],
          ],
        ],
      ]
    },
    SmallWorkflow(
      name: "hooks",
      spec: {
        [
          "entrypoint": "main",
          "hooks": ["exit": ["template": "leaf"], "bad": ["template": "leaf", "expression": "workflow.status == \"Failed\""]],
          "templates": [
            leaf,
            [
              "name": "main",
              "dag": [
                "tasks": [
                  [
                    "name": "a", "template": "leaf",
                    "hooks": [
                      "exit": ["template": "leaf"], "good": ["template": "leaf", "expression": "tasks.a.status == \"Succeeded\""],
                    ],
                  ], ["name": "b", "template": "leaf", "depends": "a"],
                ]
              ],
            ],
          ],
        ]
      }, hasExitHandler: true),
    SmallWorkflow(
      name: "limits",
      spec: {
        [
          "entrypoint": "main", "parallelism": 2, "activeDeadlineSeconds": 40, "onExit": "leaf",
          "templates": [
            leaf,
            ["name": "main", "parallelism": 2, "steps": [[["name": "a", "template": "inner", "withItems": [1, 2, 3]]]]],
            [
              "name": "inner", "parallelism": 1,
              "steps": [[["name": "x", "template": "leaf", "withItems": [1, 2], "continueOn": ["failed": true]]]],
            ],
          ],
        ]
      }, hasExitHandler: true, isTimingDependent: true),
    SmallWorkflow(
      name: "agent",
      spec: {
        [
          "entrypoint": "main", "onExit": "call", "parallelism": 1,
          "templates": [
            leaf, ["name": "call", "http": ["url": "http://sim"]],
            ["name": "again", "retryStrategy": ["limit": 1, "retryPolicy": "Always"], "plugin": ["sim": [:]]],
            [
              "name": "main",
              "steps": [
                [["name": "a", "template": "call", "continueOn": ["failed": true]], ["name": "b", "template": "leaf"]],
                [["name": "c", "template": "again", "withItems": [1, 2]]],
              ],
            ],
          ],
        ]
      }, hasExitHandler: true, isTimingDependent: true),
    SmallWorkflow(name: "daemon") {
      [
        "entrypoint": "main",
        "templates": [
          leaf, ["name": "server", "daemon": true, "container": ["image": "sim", "command": ["sim"]]],
          ["name": "main", "steps": [[["name": "up", "template": "server"]], [["name": "use", "template": "leaf"]]]],
        ],
      ]
    },
  ]
}
