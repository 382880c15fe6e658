extension RuleTests {
  /// Values that the engine refuses when it comes to them.
  static let values: [RuleCase] = [
    .templates(
      "number", "  - {name: main, container: {image: a}, retryStrategy: {limit: lots}}",
      ["7:64 templates.main.retryStrategy.limit: \"lots\" is no whole number (write a number such as 3)"], "lots", "\"3\""),
    .templates(
      "number", "  - {name: main, container: {image: a}, retryStrategy: {limit: 1, backoff: {duration: 1s, factor: twice}}}",
      ["7:99 templates.main.retryStrategy.backoff.factor: \"twice\" is no number (write factor: 2)"], "twice", "2"),
    .templates(
      "number", "  - name: main\n    steps: [[{name: a, template: b, withSequence: {count: many}}]]\n  - {name: b, suspend: {}}",
      ["8:59 templates.main.steps[0].a.withSequence.count: \"many\" is no whole number (write a number such as 3)"], "many", "\"3\""),
    .templates(
      "number", "  - name: main\n    containerSet: {retryStrategy: {retries: some}, containers: [{name: a, image: a}]}",
      ["8:45 templates.main.containerSet.retryStrategy.retries: \"some\" is no whole number (write a number such as 3)"], "some", "2"),
    .templates(
      "duration", "  - {name: main, suspend: {duration: forever}}",
      ["7:38 templates.main.suspend.duration: \"forever\" is no duration (write 90s, 5m, 2h or 1h30m)"], "forever", "20"),
    .templates(
      "duration",
      "  - {name: main, container: {image: a}, retryStrategy: {limit: 1, backoff: {duration: 1 minute, maxDuration: 1d, cap: 5}}}",
      [
        "7:87 templates.main.retryStrategy.backoff.duration: \"1 minute\" is no duration (write 90s, 5m, 2h or 1h30m)",
        "7:110 templates.main.retryStrategy.backoff.maxDuration: \"1d\" is no duration (write 90s, 5m, 2h or 1h30m)",
      ], "1 minute, maxDuration: 1d", "1m, maxDuration: 24h"),
    .templates(
      "duration", "  - {name: main, container: {image: a}, retryStrategy: {limit: 1, backoff: {factor: 2}}}",
      [
        "7:76 templates.main.retryStrategy.backoff.duration is required: no base duration specified for retryStrategy "
          + "(write duration: 10s, or remove backoff)"
      ], "{factor", "{duration: 1s, factor"),
    .templates(
      "duration", "  - {name: main, container: {image: a}, memoize: {key: k, maxAge: \"60\", cache: {configMap: {name: c}}}}",
      ["7:67 templates.main.memoize.maxAge: \"60\" is no duration (write \"60s\" for seconds)"], "\"60\"", "60s"),
    .templates(
      "memoize-key", "  - {name: main, container: {image: a}, memoize: {key: \"a b\", cache: {configMap: {name: c}}}}",
      ["7:56 templates.main.memoize: invalid cache key: a b (write letters, digits and dashes only)"], "a b", "a-{{workflow.name}} b"),
    .templates(
      "memoize-key", "  - {name: main, suspend: {}, memoize: {key: -a, cache: {configMap: {name: c}}}}",
      ["7:46 templates.main.memoize: invalid cache key: -a (write letters, digits and dashes only)"], "-a", "a-"),
    .templates(
      "memoize-key", "  - {name: main, container: {image: a}, memoize: {key: '', cache: {configMap: {name: c}}}}",
      ["7:56 templates.main.memoize: invalid cache key:  (write letters, digits and dashes only)"], "''", "0Z"),
    .spec(
      "duration", "  templateDefaults: {timeout: soon}",
      ["7:31 spec.templateDefaults.timeout: \"soon\" is no duration (write 90s, 5m, 2h or 1h30m)"], "soon", "1h"),
    .templates(
      "pod-spec-patch", "  - {name: main, container: {image: a}, podSpecPatch: 'containers'}",
      [
        "7:55 templates.main.podSpecPatch does not fit into a pod: json: cannot unmarshal string into Go value of type v1.PodSpec "
          + "(write a mapping, such as containers: [{name: main, …}])"
      ], "'containers'", "'containers: [{name: main}]'"),
    .spec(
      "pod-spec-patch", "  podSpecPatch: '{\"containers\":'",
      [
        "7:17 spec.podSpecPatch is no YAML: did not find expected node content while parsing a flow node (write a mapping, such as containers: [{name: main, …}])"
      ], "'{\"containers\":'", "'{\"containers\": [{\"name\": \"main\"}]}'"),
    .spec(
      "retry-policy", "  templateDefaults: {retryStrategy: {retryPolicy: Allways, limit: 1}}",
      ["7:51 Allways is not a valid RetryPolicy (did you mean \"Always\"?)"], "Allways", "Always"),
    .spec(
      "resource-action", "  templateDefaults: {resource: {action: aply}}",
      ["7:41 spec.templateDefaults.resource.action must be one of: get, create, apply, delete, replace, patch (did you mean \"apply\"?)"],
      "aply", "apply"),
    .templates(
      "expression-type",
      "  - {name: main, container: {image: a}, retryStrategy: {limit: 3, expression: \"lastRetry.exitCode > 1 && retries != '9'\"}}",
      [
        "7:79 templates.main.retryStrategy.expression: lastRetry.exitCode > 1 compares a text with a number and cannot be evaluated "
          + "(write asInt(lastRetry.exitCode) > 1)"
      ], "lastRetry.exitCode >", "asInt(lastRetry.exitCode) >"),
    .templates(
      "when", "  - name: main\n    steps: [[{name: a, template: b, when: \"{{workflow.name}} = x\"}]]\n  - {name: b, suspend: {}}",
      ["8:43 templates.main.steps[0].a Invalid 'when' expression '{{workflow.name}} = x': Invalid token: '=' (write == to compare)"],
      " = ", " == "),
    .templates(
      "when",
      "  - name: main\n    steps: [[{name: a, template: b, when: \"{{workflow.name}} == x and {{workflow.uid}} => y\"}]]\n  - {name: b, suspend: {}}",
      [
        "8:43 templates.main.steps[0].a Invalid 'when' expression '{{workflow.name}} == x and {{workflow.uid}} => y': Invalid token: '=>' "
          + "(write >=)"
      ], "and {{workflow.uid}} =>", "&& {{workflow.uid}} !="),
    .templates(
      "when", "  - name: main\n    steps: [[{name: a, template: b, when: \"{{workflow.name}} == x and y\"}]]\n  - {name: b, suspend: {}}",
      [
        "8:43 templates.main.steps[0].a Invalid 'when' expression '{{workflow.name}} == x and y': "
          + "Cannot transition token types from VARIABLE [x] to VARIABLE [and]"
      ], " and y", " && y == y"),
    .templates(
      "when", "  - name: main\n    steps: [[{name: a, template: b, when: \"x = 'a == b'\"}]]\n  - {name: b, suspend: {}}",
      ["8:43 templates.main.steps[0].a Invalid 'when' expression 'x = 'a == b'': Invalid token: '=' (write == to compare)"],
      "x =", "'x = y' =="),
    .templates(
      "unresolved-tag",
      "  - name: main\n    steps: [[{name: a, template: b, arguments: {parameters: [{name: p, value: \"{{=inptus.parameters.x}}\"}]}}]]\n"
        + "  - {name: b, inputs: {parameters: [{name: p}]}, suspend: {}}",
      [
        "8:79 templates.main.steps failed to evaluate expression: inptus.parameters.x is missing "
          + "(did you mean inputs.parameters.x?)"
      ], "inptus.parameters.x", "workflow.name"),
    .templates(
      "unresolved-tag",
      "  - name: main\n    steps:\n    - - {name: a, template: b}\n    - - {name: c, template: d, arguments: {parameters: [{name: p, value: \"{{steps.a.outputs.parameters.size}}\"}]}}\n"
        + "  - {name: b, container: {image: a}, outputs: {parameters: [{name: count, valueFrom: {path: /v}}]}}\n"
        + "  - {name: d, inputs: {parameters: [{name: p}]}, suspend: {}}",
      [
        "10:74 templates.main.steps failed to resolve {{steps.a.outputs.parameters.size}} "
          + "(step 'a' has exitCode, outputs.parameters.count, outputs.result)"
      ], "parameters.size", "parameters.count"),
    dagCase(
      "unresolved-tag",
      "{name: a, template: b}, {name: c, template: b, depends: a, when: \"{{=tasks.a.outputs.result}} == x\"}",
      [
        "8:84 templates.main.tasks.c failed to evaluate expression: tasks.a.outputs.result is missing (task 'a' has no outputs)"
      ], "outputs.result", "status"),
    .templates(
      "unresolved-tag",
      "  - {name: main, steps: [[{name: a, template: b}]], outputs: {parameters: [{name: p, valueFrom: {expression: steps.a.outputs.parameters.q}}]}}\n"
        + "  - {name: b, container: {image: a}, outputs: {parameters: [{name: p, valueFrom: {path: /p}}]}}",
      [
        "7:110 templates.main.outputs.parameters.p failed to evaluate expression: steps.a.outputs.parameters.q is missing "
          + "(step 'a' has exitCode, outputs.parameters.p, outputs.result)"
      ], "parameters.q", "parameters.p"),
  ]
}
