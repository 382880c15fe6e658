import Validation

extension RuleTests {
  static let namesAndCalls: [RuleCase] = [
    .templates(
      "name-required", "  - container: {image: a}\n  - {name: main, container: {image: a}}", ["7:5 spec.templates[0].name is required"],
      "- container", "- name: x\n    container"),
    .templates(
      "name-not-unique", "  - {name: main, container: {image: a}}\n  - {name: main, container: {image: a}}",
      ["8:12 spec.templates[1].name 'main' is not unique"], "  - {name: main, container: {image: a}}\n  - {name: main",
      "  - {name: main, container: {image: a}}\n  - {name: other"),
    .templates(
      "name-invalid", "  - {name: main, container: {image: a}}\n  - {name: a_b, container: {image: a}}",
      [
        "8:12 spec.templates[1].name: 'a_b' is invalid: name must consist of alpha-numeric characters or '-', and must start with an "
          + "alpha-numeric character (e.g. My-name1-2, 123-NAME)"
      ], "a_b", "a-b"),
    .templates(
      "template-undefined", "  - name: main\n    steps: [[{name: a, template: hell0}]]\n  - {name: hello, container: {image: a}}",
      ["8:34 templates.main.steps[0].a template name 'hell0' undefined (did you mean 'hello'?)"], "hell0", "hello"),
    .templates(
      "template-missing", "  - name: main\n    steps: [[{name: a}]]\n  - {name: hello, container: {image: a}}",
      ["8:14 templates.main.steps[0].a template name is required (say template, templateRef or inline)"], "{name: a}",
      "{name: a, template: hello}"),
    .templates(
      "template-ref-not-found",
      "  - name: main\n    steps: [[{name: a, templateRef: {name: x, template: z}}]]\n  - {name: z, container: {image: a}}",
      [
        "8:37 templates.main.steps[0].a template reference x.z not found (there is no WorkflowTemplate of this name; "
          + "a ClusterWorkflowTemplate needs clusterScope: true)"
      ], "templateRef: {name: x, template: z}", "template: z"),
    .templates(
      "template-ref",
      "  - name: main\n    steps: [[{name: a, template: z, templateRef: {name: x, template: z}}]]\n  - {name: z, container: {image: a}}",
      ["8:50 templates.main.steps[0].a template name cannot be specified with templateRef"], ", templateRef: {name: x, template: z}", ""),
    .templates(
      "inline", "  - name: main\n    steps: [[{name: a, inline: {name: b, suspend: {}}}]]",
      ["8:39 templates.main.steps[0].a an inline template has no name (remove it)"], "{name: b, ", "{"),
    .templates(
      "inline",
      "  - name: main\n    steps: [[{name: a, inline: {steps: [[{name: c, inline: {suspend: {}}}]]}}]]\n  - {name: b, suspend: {}}",
      [
        "8:60 templates.main.steps[0].a templates..steps[0].c an inline template cannot hold another inline template "
          + "(give one of them a name)"
      ], "inline: {suspend: {}}", "template: b"),
    .templates(
      "endless-recursion",
      "  - name: main\n    steps: [[{name: a, template: b}]]\n  - name: b\n    dag: {tasks: [{name: c, template: main}]}",
      ["10:39 templates.main calls itself without end: main -> b -> main (give one of the calls a condition (when))"],
      "template: main}", "template: main, when: \"{{workflow.name}} == a\"}"),
    .templates(
      "name-not-unique",
      "  - name: main\n    steps:\n    - - {name: a, template: b}\n    - - {name: a, template: b}\n  - {name: b, container: {image: a}}",
      ["10:16 templates.main.steps[1].name 'a' is not unique"], "    - - {name: a, template: b}\n  -",
      "    - - {name: c, template: b}\n  -"),
    .templates(
      "unresolved-tag",
      "  - name: main\n    steps:\n    - - {name: a, template: b}\n      - {name: c, template: b, when: \"{{steps.a.status}} == x\"}\n"
        + "  - {name: b, container: {image: a}}",
      ["10:38 templates.main.steps failed to resolve {{steps.a.status}}"], "      - {name: c",
      "    - - {name: c"),
    .templates(
      "unresolved-tag",
      "  - name: main\n    steps: [[{name: a, template: b, withItems: [{k: 1}], arguments: {parameters: [{name: p, value: \"{{item.j}}\"}]}}]]\n"
        + "  - {name: b, inputs: {parameters: [{name: p}]}, container: {image: \"{{inputs.parameters.p}}\"}}",
      ["8:100 templates.main.steps failed to resolve {{item.j}}"], "{{item.j}}", "{{item.k}}"),
    .templates(
      "hook-expression",
      "  - name: main\n    steps: [[{name: a, template: b, hooks: {x: {template: b}}}]]\n  - {name: b, container: {image: a}}",
      ["8:48 templates.main.steps[0].a.x Expression required"], "{x: {", "{exit: {"),
    .templates(
      "hook-expression",
      "  - name: main\n    steps: [[{name: a, template: b, withItems: [x, z], hooks: {exit: {template: b, expression: \"steps['a'].status == 'Failed'\"}}}]]\n"
        + "  - {name: b, container: {image: a}}",
      [
        "8:96 templates.main.steps[0].a.exit the expression cannot be evaluated: cannot fetch status from <nil> (1:12) "
          + "(each item of a loop has a name of its own, such as a(0:x): loop over a template of steps that has this step and its hook, "
          + "where steps.a is the item)"
      ], "withItems: [x, z], ", ""),
    .templates(
      "unresolved-tag",
      "  - name: main\n    dag: {tasks: [{name: a, template: b, withItems: [x, z], hooks: {exit: {template: b, "
        + "arguments: {parameters: [{name: p, value: \"{{tasks.a.exitCode}}\"}]}}}}]}\n"
        + "  - {name: b, inputs: {parameters: [{name: p, value: v}]}, container: {image: \"{{inputs.parameters.p}}\"}}",
      [
        "8:131 templates.main.tasks.a failed to resolve {{tasks.a.exitCode}} "
          + "(each item of a loop has a name of its own, such as a(0:x): loop over a template of steps that has this step and its hook, "
          + "where steps.a is the item)"
      ], "withItems: [x, z], ", ""),
    .templates(
      "hook-expression",
      "  - name: main\n    steps: [[{name: first, template: b}], [{name: a, template: b, hooks: {h: {template: b, expression: \"steps.frist.status == 'x' || steps.a.status == 'y'\"}}}]]\n"
        + "  - {name: b, container: {image: a}}",
      [
        "8:104 templates.main.steps[1].a.h the expression cannot be evaluated: cannot fetch status from <nil> (1:13) (did you mean 'first'?)"
      ], "frist", "first"),
    .templates(
      "unresolved-tag",
      "  - name: main\n    steps: [[{name: a, template: b, hooks: {exit: {template: b}}, arguments: {parameters: [{name: p, value: \"{{steps.a.exitCode}}\"}]}}]]\n"
        + "  - {name: b, inputs: {parameters: [{name: p, value: v}]}, container: {image: \"{{inputs.parameters.p}}\"}}",
      ["8:109 templates.main.steps failed to resolve {{steps.a.exitCode}}"], "steps.a.exitCode", "workflow.name"),
    .templates(
      "loop",
      "  - name: main\n    steps: [[{name: a, template: b, withItems: [1], withParam: \"[]\"}]]\n  - {name: b, container: {image: a}}",
      ["8:14 templates.main.steps[0].a only one of withItems, withParam, withSequence can be specified"], ", withParam: \"[]\"", ""),
    .templates(
      "loop",
      "  - name: main\n    steps: [[{name: a, template: b, withSequence: {count: 1, end: 2}}]]\n  - {name: b, container: {image: a}}",
      ["8:51 templates.main.steps[0].a only one of count or end can be defined in withSequence"], ", end: 2", ""),
    .templates(
      "argument-missing",
      "  - name: main\n    steps: [[{name: a, template: b}]]\n  - {name: b, inputs: {parameters: [{name: p}]}, container: {image: a}}",
      ["8:34 templates.main.steps[0].a templates.b inputs.parameters.p was not supplied"], "name: p}", "name: p, default: x}"),
  ]

  static let arguments: [RuleCase] = [
    .spec(
      "argument-value", "  arguments: {parameters: [{name: p}]}", ["7:28 spec.arguments.p.value or spec.arguments.p.valueFrom is required"],
      "name: p", "name: p, value: 1", mode: .submit),
    .spec(
      "parameter-enum", "  arguments: {parameters: [{name: p, value: c, enum: [a, b]}]}",
      ["7:45 spec.arguments.p.value should be present in spec.arguments.p.enum list"], "value: c", "value: b"),
    .spec(
      "parameter-enum", "  arguments: {parameters: [{name: p, value: c, enum: []}]}",
      ["7:54 spec.arguments.p.enum should contain at least one value"], "[]", "[c]"),
    .spec(
      "argument-value-from", "  arguments: {parameters: [{name: p, valueFrom: {path: /a}}]}",
      ["7:49 spec.arguments.p.valueFrom only allows: default, configMapKeyRef and supplied"], "path: /a", "supplied: {}"),
    .spec(
      "artifact-location", "  arguments: {artifacts: [{name: p}]}", ["7:27 spec.arguments.p.from, artifact location, or key is required"],
      "name: p", "name: p, raw: {data: x}"),
    .templates(
      "artifact-from",
      "  - name: main\n    steps: [[{name: a, template: b, arguments: {artifacts: [{name: p, from: \"{{inputs.artifacts.p}}\", "
        + "fromExpression: \"1\"}]}}]]\n    inputs: {artifacts: [{name: p, raw: {data: x}}]}\n"
        + "  - {name: b, inputs: {artifacts: [{name: p, path: /p}]}, container: {image: a}}",
      ["8:61 templates.main.steps[0].a.arguments.p shouldn't have both `from` and `fromExpression` in Artifact"],
      ", fromExpression: \"1\"", ""),
    .spec(
      "name-invalid", "  arguments: {parameters: [{name: p.q, value: 1}]}",
      [
        "7:35 spec.arguments.parameters[0].name: 'p.q' is invalid: Parameter/Artifact name must consist of alpha-numeric characters, '_' or "
          + "'-' e.g. my_param_1, MY-PARAM-1"
      ], "p.q", "p_q"),
  ]

  static let bodies: [RuleCase] = [
    .templates(
      "template-type", "  - {name: main}",
      [
        "7:5 templates.main template type unspecified. choose one of: container, containerSet, steps, script, resource, dag, suspend, "
          + "template, template ref"
      ], "{name: main}", "{name: main, suspend: {}}"),
    .templates(
      "template-type", "  - {name: main, suspend: {}, container: {image: a}}",
      [
        "7:5 templates.main multiple template types specified. choose one of: container, containerSet, steps, script, resource, dag, "
          + "suspend, template, template ref"
      ], "suspend: {}, ", ""),
    .templates("image", "  - {name: main, container: {}}", ["7:29 templates.main.container.image may not be empty"], "{}", "{image: a}"),
    .templates(
      "unresolved-tag", "  - {name: main, container: {image: \"{{inputs.parameters.x}}\"}}",
      ["7:37 templates.main: failed to resolve {{inputs.parameters.x}}"], "inputs.parameters.x", "workflow.name"),
    .templates(
      "mount-path",
      "  - {name: main, volumes: [{name: v}, {name: w}], container: {image: a, volumeMounts: [{name: v, mountPath: /a}, {name: w, mountPath: /a}]}}",
      ["7:135 templates.main.container.volumeMounts[1].mountPath '/a' already mounted in container.volumeMounts.v"], "w, mountPath: /a",
      "w, mountPath: /b"),
    .templates(
      "volume-mount", "  - {name: main, volumes: [{name: data}], container: {image: a, volumeMounts: [{name: dta, mountPath: /a}]}}",
      ["7:87 templates.main: volume 'dta' not found in workflow spec (did you mean \"data\"?)"], "dta", "data"),
    .templates(
      "unresolved-tag",
      "  - {name: main, steps: [[{name: a, template: b, withItems: [1], when: \"{{itemx}} == 1\"}]]}\n  - {name: b, suspend: {}}",
      ["7:72 templates.main.steps failed to resolve {{itemx}} (did you mean {{item}}?)"], "itemx", "item"),
    .templates(
      "artifact-path", "  - {name: main, container: {image: a}, outputs: {artifacts: [{name: p, path: /a/../../b}]}}",
      [
        "7:79 error in templates.main.outputs.artifacts.p: Directory traversal is not permitted: /a/../../b may escape its directory "
          + "(write the path without \"..\")"
      ], "/a/../../b", "/a/b"),
    .templates(
      "artifact-path", "  - {name: main, container: {image: a}, inputs: {artifacts: [{name: p, raw: {data: x}}]}}",
      ["7:62 error in templates.main.inputs.artifacts.p: Artifact 'p' did not specify a path"], "name: p", "name: p, path: /p"),
    .templates(
      "artifact-location", "  - {name: main, container: {image: a}, inputs: {artifacts: [{name: p, path: /p, git: {revision: x}}]}}",
      ["7:87 templates.main.inputs.artifacts.p.git.repo is required"], "revision: x", "repo: x"),
    .templates(
      "container-set", "  - name: main\n    containerSet: {containers: [{name: a, image: a, dependencies: [c]}, {name: b, image: a}]}",
      ["8:67 templates.main.containerSet.containers.a dependency 'c' not defined"], "[c]", "[b]"),
    .templates(
      "container-set",
      "  - name: main\n    containerSet: {containers: [{name: a, image: a, dependencies: [b]}, {name: b, image: a, dependencies: [a]}]}",
      ["8:32 templates.main.containerSet.containers dependency cycle detected among: a, b"], "dependencies: [a]", "dependencies: []"),
    .templates(
      "container-set",
      "  - name: main\n    containerSet: {containers: [{name: a, image: a}]}\n    outputs: {artifacts: [{name: p, path: /p}]}",
      ["8:32 templates.main.containerSet.containers must have a container named \"main\" for input or output"], "{name: a, image",
      "{name: main, image"),
    .templates(
      "container-name", "  - {name: main, container: {image: a}, sidecars: [{name: wait, image: a}]}",
      ["7:59 templates.main.sidecars: \"wait\" is a reserved Argo container name"], "wait", "helper"),
    .templates(
      "init-container-name", "  - {name: main, container: {image: a}, initContainers: [{image: a}]}",
      ["7:58 initContainers must all have container name"], "[{image", "[{name: i, image"),
    .templates(
      "active-deadline", "  - {name: main, container: {image: a}, activeDeadlineSeconds: -1}",
      ["7:64 templates.main.activeDeadlineSeconds must be a positive integer > 0 or an argo variable"], "-1", "\"5\""),
    .templates(
      "active-deadline", "  - name: main\n    activeDeadlineSeconds: 1\n    steps: [[{name: a, template: b}]]\n  - {name: b, suspend: {}}",
      ["8:28 templates.main.activeDeadlineSeconds is only valid for leaf templates"], "    activeDeadlineSeconds: 1\n", ""),
    .templates(
      "parallelism", "  - {name: main, container: {image: a}, parallelism: 1}",
      ["7:54 templates.main.parallelism is only valid for steps and dag templates"], ", parallelism: 1", ""),
    .templates(
      "parallelism", "  - name: main\n    parallelism: 0\n    steps: [[{name: a, template: b}]]\n  - {name: b, suspend: {}}",
      ["8:18 templates.main.parallelism must be greater than or equal to 1"], "0\n", "1\n"),
    .templates(
      "parallelism", "  - name: main\n    parallelism: -2\n    dag: {tasks: [{name: a, template: b}]}\n  - {name: b, suspend: {}}",
      ["8:18 templates.main.parallelism must be greater than or equal to 1"], "-2", "2"),
    .templates(
      "timeout", "  - {name: main, container: {image: a}, timeout: \"10\"}",
      ["7:50 main has invalid duration format in timeout (write \"10s\" for seconds)"], "\"10\"", "10s"),
    .templates(
      "timeout", "  - {name: main, suspend: {}, timeout: 10s}", ["7:40 Suspend template doesn't support timeout field"], ", timeout: 10s",
      ""),
    .templates(
      "retry-policy", "  - {name: main, container: {image: a}, retryStrategy: {retryPolicy: OnFail}}",
      ["7:70 OnFail is not a valid RetryPolicy"], "OnFail}", "OnFailure}"),
    .templates(
      "metric", "  - {name: main, container: {image: a}, metrics: {prometheus: [{name: a.b, help: x, counter: {value: \"1\"}}]}}",
      ["7:71 templates.main metric name 'a.b' is invalid. Metric names must contain alphanumeric characters or '_'"], "a.b", "a_b"),
    .templates(
      "metric", "  - {name: main, container: {image: a}, metrics: {prometheus: [{name: a, counter: {value: \"1\"}}]}}",
      ["7:64 templates.main metric 'a' must contain a help string under 'help: ' field"], "name: a, counter", "name: a, help: x, counter"),
    .templates(
      "pod-resources", "  - {name: main, container: {image: a}, podResources: {limits: {gpu: 1}}}",
      ["7:70 templates.main.podResources: \"gpu\" is not a valid pod-level resource, only cpu, memory and hugepages-* are supported"],
      "gpu",
      "cpu"),
    .templates(
      "resource-claims", "  - {name: main, suspend: {}, resourceClaims: [{name: a}]}",
      ["7:47 templates.main.resourceClaims is not supported for Suspend templates, which do not create a pod"],
      ", resourceClaims: [{name: a}]", ""),
  ]

  static let dag: [RuleCase] = [
    .templates(
      "dag-tasks", "  - {name: main, dag: {tasks: []}}", ["7:23 templates.main must have at least one task"], "dag: {tasks: []}",
      "suspend: {}"),
    dagCase(
      "dag-dependency", "{name: a, template: b}, {name: c, template: b, dependencies: [x]}",
      ["8:80 templates.main.tasks.c dependency 'x' not defined"], "[x]", "[a]"),
    dagCase(
      "dag-dependency", "{name: a, template: b}, {name: c, template: b, depends: a.AnySucceeded}",
      [
        "8:75 templates.main.tasks.c dependency 'a' uses an items-based condition such as .AnySucceeded or .AllFailed but does not contain "
          + "any items"
      ], "AnySucceeded", "Succeeded"),
    dagCase(
      "dag-cycle", "{name: a, template: b, dependencies: [c]}, {name: c, template: b, dependencies: [a]}",
      ["8:62 templates.main.tasks dependency cycle detected: a->c->a"], "dependencies: [a]", "dependencies: []"),
    dagCase(
      "dag-task-name", "{name: a, template: b}, {name: 1x, template: b, dependencies: [a]}",
      ["8:50 templates.main.tasks.1x name cannot begin with a digit when using either 'depends' or 'dependencies'"], "1x", "x1"),
    dagCase(
      "dag-depends", "{name: a, template: b}, {name: c, template: b, depends: a}, {name: d, template: b, dependencies: [a]}",
      ["8:116 templates.main cannot use both 'depends' and 'dependencies' in the same DAG template"], "dependencies: [a]", "depends: a"),
    dagCase(
      "depends", "{name: a, template: b}, {name: c, template: b, depends: a.Suceeded}",
      ["8:75 templates.main.tasks.c task result 'Suceeded' for task 'a' is invalid (did you mean 'Succeeded'?)"], "Suceeded", "Succeeded"),
    dagCase(
      "dag-continue-on", "{name: a, template: b, continueOn: {failed: true}}, {name: c, template: b, depends: a}",
      ["8:54 templates.main cannot use 'continueOn' when using 'depends'. Instead use 'dep-task.Failed'/'dep-task.Errored'"],
      ", continueOn: {failed: true}", ""),
    dagCase(
      "unresolved-tag", "{name: a, template: b}, {name: c, template: b, when: \"{{tasks.a.status}} == x\"}",
      ["8:72 templates.main.tasks.c failed to resolve {{tasks.a.status}}"], "when:", "dependencies: [a], when:"),
    .templates(
      "dag-missing-dependency",
      "  - name: main\n    dag:\n      tasks:\n      - {name: a, template: b}\n"
        + "      - {name: c, template: d, arguments: {parameters: [{name: p, value: \"{{tasks.a.outputs.result}}\"}]}}\n"
        + "  - {name: b, container: {image: a}}\n  - {name: d, inputs: {parameters: [{name: p}]}, container: {image: a}}",
      ["11:74 templates.main.tasks.c missing dependency 'a' for parameter 'p'"], "template: d,", "template: d, dependencies: [a],"),
    .templates(
      "dag-target", "  - {name: main, dag: {target: x, tasks: [{name: a, template: b}]}}\n  - {name: b, suspend: {}}",
      ["7:32 templates.main.targets: target 'x' is not defined"], "target: x", "target: a"),
  ]

  static func dagCase(
    _ rule: String, _ tasks: String, _ expected: [String], _ from: String, _ to: String
  ) -> RuleCase {
    .templates(rule, "  - name: main\n    dag: {tasks: [\(tasks)]}\n  - {name: b, suspend: {}}", expected, from, to)
  }

  static let languages: [RuleCase] = [
    .templates(
      "expression", "  - {name: main, container: {image: \"{{=1 +}}\"}}",
      ["7:37 templates.main: invalid expression in {{=1 +}}: unexpected token EOF (1:4)"], "1 +}}", "1 + 1}}"),
    .templates(
      "expression", "  - {name: main, container: {image: a}, retryStrategy: {expression: \"(1\"}}",
      ["7:69 invalid expression in retryStrategy.expression: unexpected token EOF (1:3)"], "(1", "true"),
    .templates(
      "expression", "  - {name: main, container: {image: a}, retryStrategy: {expression: \"asint(lastRetry.exitCode) > 1\"}}",
      ["7:69 invalid expression in retryStrategy.expression: there is no function asint (did you mean asInt?)"], "asint", "asInt"),
    .templates(
      "expression",
      "  - name: main\n    steps: [[{name: a, template: b, when: \"{{=b64enc('a') == 'YQ=='}}\"}]]\n  - {name: b, suspend: {}}",
      ["8:43 templates.main.steps invalid expression in {{=b64enc('a') == 'YQ=='}}: there is no function b64enc (write sprig.b64enc)"],
      "b64enc", "sprig.b64enc"),
    .templates(
      "expression",
      "  - name: main\n    steps: [[{name: a, template: b, when: \"{{=sprig.uper('a') == 'A'}}\"}]]\n  - {name: b, suspend: {}}",
      ["8:43 templates.main.steps invalid expression in {{=sprig.uper('a') == 'A'}}: there is no function sprig.uper"], "uper", "upper"),
    .templates(
      "when", "  - name: main\n    steps: [[{name: a, template: b, when: \"1 ==\"}]]\n  - {name: b, suspend: {}}",
      ["8:43 templates.main.steps[0].a Invalid 'when' expression '1 ==': Unexpected end of expression"], "1 ==", "1 == 1"),
    dagCase(
      "depends", "{name: a, template: b}, {name: c, template: b, depends: \"a &&\"}",
      ["8:75 templates.main.tasks.c invalid 'depends' expression 'a &&': unexpected end of the depends expression"], "a &&\"", "a && a\""),
  ]

  static let outputs: [RuleCase] = [
    .templates(
      "output-value", "  - {name: main, container: {image: a}, outputs: {parameters: [{name: p}]}}",
      ["7:64 templates.main.outputs.parameters.p does not have valueFrom or value specified"], "name: p", "name: p, valueFrom: {path: /p}"),
    .templates(
      "output-value", "  - {name: main, container: {image: a}, outputs: {parameters: [{name: p, value: a, valueFrom: {path: /p}}]}}",
      ["7:64 templates.main.outputs.parameters.p has both valueFrom and value specified, choose one"], "value: a, ", ""),
    .templates(
      "output-value", "  - {name: main, container: {image: a}, outputs: {parameters: [{name: p, valueFrom: {parameter: a}}]}}",
      ["7:85 templates.main.outputs.parameters.p.path must be specified for Container templates"], "parameter: a", "path: /a"),
    .templates(
      "output-value",
      "  - {name: main, steps: [[{name: a, template: b}]], outputs: {parameters: [{name: p, valueFrom: {path: /a}}]}}\n"
        + "  - {name: b, container: {image: a}}",
      ["7:97 templates.main.outputs.parameters.p.parameter or expression must be specified for Steps templates"], "path: /a",
      "parameter: \"{{steps.a.outputs.result}}\""),
    .templates(
      "unresolved-tag",
      "  - {name: main, steps: [[{name: a, template: b}]], outputs: {parameters: [{name: p, valueFrom: {parameter: \"{{steps.x.id}}\"}}]}}\n"
        + "  - {name: b, container: {image: a}}",
      ["7:109 templates.main.outputs failed to resolve {{steps.x.id}}"], "steps.x", "steps.a"),
    .templates(
      "global-name", "  - {name: main, container: {image: a}, outputs: {parameters: [{name: p, globalName: a.b, valueFrom: {path: /p}}]}}",
      [
        "7:86 templates.main.outputs.parameters.p.globalName: Parameter/Artifact name must consist of alpha-numeric characters, '_' or '-' "
          + "e.g. my_param_1, MY-PARAM-1"
      ], "a.b", "a-b"),
  ]

  static let specs: [RuleCase] = [
    .spec(
      "pod-gc", "  podGC: {strategy: OnPodComplete}",
      ["7:21 podGC.strategy unknown strategy 'OnPodComplete' (did you mean \"OnPodCompletion\"?)"],
      "OnPodComplete", "OnPodCompletion"),
    .spec(
      "executor-plugin",
      "  executorPlugins: [{metadata: {name: p}, spec: {sidecar: {container: {image: a, name: a, ports: [{containerPort: 1}], "
        + "resources: {limits: {cpu: 1}, requests: {cpu: 1}}}}}}]",
      ["7:21 spec.executorPlugins: security context is mandatory"], "image: a,", "image: a, securityContext: {},"),
    .spec("parallelism", "  parallelism: 0", ["7:16 spec.parallelism must be greater than or equal to 1"], "0", "1"),
    .spec(
      "parallelism", "  templateDefaults: {parallelism: 0}",
      ["7:35 spec.templateDefaults.parallelism must be greater than or equal to 1"], "0}", "1}"),
    .spec("template-undefined", "  onExit: mian", ["7:11 template name 'mian' undefined (did you mean 'main'?)"], "mian", "main"),
    .spec("hook-expression", "  hooks: {x: {template: main}}", ["7:14 hooks.x Expression required"], "{x:", "{exit:"),
    .document(
      "entrypoint-required",
      "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: t}\nspec:\n  templates: [{name: main, suspend: {}}]",
      ["5:3 spec.entrypoint is required"], "templates:", "entrypoint: main\n  templates:"),
    .document(
      "object-name",
      "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {}\nspec:\n  entrypoint: a\n  templates: [{name: a, suspend: {}}]",
      ["3:11 metadata.name or metadata.generateName is required"], "{}\n", "{name: a}\n", mode: .submit),
    .document(
      "object-name",
      "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: \(String(repeating: "a", count: 64))}\nspec:\n  entrypoint: a\n"
        + "  templates: [{name: a, suspend: {}}]",
      [
        "3:18 workflow name \"\(String(repeating: "a", count: 64))\" must not be more than 63 characters long (currently 64)"
      ], String(repeating: "a", count: 64), "a"),
    .document(
      "object-name",
      "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: Build-}\nspec:\n  entrypoint: a\n"
        + "  templates: [{name: a, suspend: {}}]",
      [
        "3:26 metadata.generateName: Invalid value: \"Build-\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
          + "characters, '-' or '.', and must start and end with an alphanumeric character"
      ], "Build-", "build-"),
    .document(
      "label",
      "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: a, labels: {team: build & test}}\nspec:\n  entrypoint: a\n"
        + "  templates: [{name: a, suspend: {}}]",
      [
        "3:36 metadata.labels: Invalid value: \"build & test\": a valid label must be an empty string or consist of alphanumeric characters, "
          + "'-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
          + "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
      ], "build & test", "build.and.test"),
    .document(
      "label",
      "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: a}\nspec:\n  entrypoint: a\n"
        + "  templates: [{name: a, suspend: {}, metadata: {annotations: {\"说明\": \"{{workflow.name}}\"}}}]",
      [
        "6:69 spec.templates[0].metadata.annotations: Invalid value: \"说明\": name part must consist of alphanumeric characters, '-', '_' or "
          + "'.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation "
          + "is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
      ], "说明", "{{workflow.name}}"),
  ]

  static let kinds: [RuleCase] = [
    cron("cron-schedule", "schedules: []", ["5:3 cron workflow must have at least one schedule"], "[]", "[\"* * * * *\"]"),
    cron(
      "cron-schedule", "schedules: [\"* * * *\"]",
      ["5:15 cron schedule * * * * is malformed: expected exactly 5 fields, found 4: [* * * *]"], "* * * *\"", "*/5 1-3 * jan sun\""),
    cron(
      "cron-schedule", "schedules: [\"60 * * * *\"]",
      ["5:15 cron schedule 60 * * * * is malformed: end of range (60) above maximum (59): 60"], "60", "59"),
    cron(
      "when", "schedules: [\"@daily\"]\n  when: cronworkflow.failed = 1",
      [
        "6:9 Invalid 'when' expression 'cronworkflow.failed = 1': Unable to access unexported field 'failed' in token 'cronworkflow.failed' "
          + "(write \"{{=cronworkflow.failed == 1}}\")"
      ], "cronworkflow.failed = 1", "\"{{=cronworkflow.failed == 1}}\""),
    cron(
      "when", "schedules: [\"@daily\"]\n  when: \"{{cronworkflow.failed}} < 3\"",
      [
        "6:9 Invalid 'when' expression '{{cronworkflow.failed}} < 3': Invalid token: '{{' "
          + "(only the name and the namespace are texts here: write {{=cronworkflow.failed}})"
      ], "{{cronworkflow.failed}} < 3", "{{=cronworkflow.failed}} < 3"),
    cron(
      "when", "schedules: [\"@daily\"]\n  when: \"{{cronworkflow.labels.a-b}} == 'x'\"",
      [
        "6:9 Invalid 'when' expression '{{cronworkflow.labels.a-b}} == 'x'': Invalid token: '{{' "
          + "(only the name and the namespace are texts here: write {{=cronworkflow.labels['a-b']}})"
      ], "{{cronworkflow.labels.a-b}} == 'x'", "'{{=cronworkflow.labels['a-b']}}' == 'x'"),
    cron(
      "when", "schedules: [\"@daily\"]\n  when: \"{{=cronworkflow.failed}} && {{=cronworkflow.succeeded > 1}}\"",
      [
        "6:9 Failed to evaluate 'when' expresion '{{=cronworkflow.failed}} && {{=cronworkflow.succeeded > 1}}': "
          + "Value '0' cannot be used with the logical operator '&&', it is not a bool"
      ], "failed}} &&", "failed > 1}} &&"),
    cron(
      "when", "schedules: [\"@daily\"]\n  when: \"{{=cronworkflow.faild < 3}}\"",
      [
        "6:9 failed to evaluate expression {{=cronworkflow.faild < 3}}: invalid operation: <nil> < int (1:20) "
          + "(did you mean cronworkflow.failed?)"
      ], "faild", "failed"),
    cron(
      "when", "schedules: [\"@daily\"]\n  when: \"{{cronworkflow.name}} == c\"",
      [
        "6:9 Failed to evaluate 'when' expresion '{{cronworkflow.name}} == c': No parameter 't' found. (write texts with quotes, also around tags)"
      ],
      "{{cronworkflow.name}} == c", "'{{cronworkflow.name}}' == 'c'"),
    cron(
      "expression", "schedules: [\"@daily\"]\n  stopStrategy: {expression: failed >= 3}",
      ["6:30 stopStrategy failed to evaluate stop expression: unknown name failed (1:1) (write cronworkflow.failed)"],
      "expression: failed", "expression: cronworkflow.failed"),
    cron(
      "expression", "schedules: [\"@daily\"]\n  stopStrategy: {expression: cronworkflow.failed}",
      ["6:30 stopStrategy the stop expression is neither true nor false (compare it: cronworkflow.failed >= 3)"],
      "expression: cronworkflow.failed", "expression: cronworkflow.failed > 1"),
    cron(
      "cron-concurrency", "schedules: [\"@daily\"]\n  concurrencyPolicy: allow",
      ["6:22 'allow' is not a valid concurrencyPolicy (did you mean \"Allow\"?)"], "allow", "Allow"),
    cron(
      "cron-deadline", "schedules: [\"@every 1h\"]\n  startingDeadlineSeconds: -1", ["6:28 startingDeadlineSeconds must be positive"], "-1",
      "0"),
    cron(
      "template-undefined", "schedules: [\"CRON_TZ=UTC * * * * *\"]",
      ["6:30 cannot validate Workflow: template name 'mian' undefined (did you mean 'main'?)"],
      "mian", "main", entrypoint: "mian"),
    .document(
      "event-selector",
      "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowEventBinding\nmetadata: {name: t}\nspec: {event: {selector: \"\"}}",
      ["4:15 spec.event.selector is required"], "\"\"", "\"true\""),
  ]

  private static func cron(
    _ rule: String, _ fields: String, _ expected: [String], _ from: String, _ to: String, entrypoint: String = "main"
  ) -> RuleCase {
    .document(
      rule,
      "apiVersion: argoproj.io/v1alpha1\nkind: CronWorkflow\nmetadata: {name: t}\nspec:\n  \(fields)\n"
        + "  workflowSpec: {entrypoint: \(entrypoint), templates: [{name: main, suspend: {}}]}", expected, from, to)
  }
}
