extension AdviceTests {
  /// A template that is called with a parameter.
  private static let called =
    "\n  - {name: one, inputs: {parameters: [{name: p}]}, container: {image: a, args: [\"{{inputs.parameters.p}}\"]}}"

  /// Tags that stay as they are written, expressions, programs and amounts.
  static let values: [AdviceCase] = [
    AdviceCase(
      "literal-tag",
      "  - name: main\n    steps: [[{name: a, template: one, arguments: {parameters: [{name: p, value: \"{{item}}\"}]}}]]" + called,
      ["8:81 warning {{item}} outside of a loop stays as it is written (give the step withItems, withParam or withSequence)"],
      "template: one, ", "template: one, withItems: [1], "),
    AdviceCase(
      "literal-tag",
      "  - name: main\n    steps: [[{name: a, template: one, withItems: [x]}]]\n  - {name: one, container: {image: a, args: [\"{{item}}\"]}}",
      [
        "9:46 warning {{item}} outside of a loop stays as it is written (a called template gets the item as an argument: "
          + "value: \"{{item}}\" in the step, {{inputs.parameters.NAME}} here)"
      ], "args: [\"{{item}}\"]", "args: []"),
    AdviceCase(
      "literal-tag",
      "  - {name: main, inputs: {parameters: [{name: x, value: v}]}, container: {image: a, args: [\"{{=inptus.parameters.x}}\", \"{{inputs.parameters.x}}\"]}}",
      ["7:92 warning inptus.parameters.x is not there: the tag stays as it is written (did you mean inputs.parameters.x?)"],
      "inptus", "inputs"),
    AdviceCase(
      "literal-tag",
      "  - {name: main, inputs: {parameters: [{name: x, value: v}]}, container: {image: a, args: [\"{{input.parameters.x}}\", \"{{inputs.parameters.x}}\"]}}",
      ["7:92 warning {{input.parameters.x}} is no variable and stays as it is written (did you mean {{inputs.parameters.x}}?)"],
      "{{input.", "{{inputs."),
    AdviceCase(
      "literal-tag", "  - {name: main, container: {image: a, args: [\"{{=foo ?? 'x'}}\"]}}",
      ["7:47 warning foo is not there: the tag stays as it is written (no variable begins with 'foo')"], "foo ??", "workflow.name ??"),
    AdviceCase(
      "literal-tag",
      "  - name: main\n    steps:\n    - - {name: a, template: b}\n    - - {name: c, template: b, when: \"{{=steps.a.outputs.parameters.v != 'x' && steps.a.outputs.parameters.w == 'y'}}\"}\n"
        + "  - {name: b, container: {image: a}, outputs: {parameters: [{name: v, valueFrom: {path: /v}}]}}",
      [
        "10:38 warning steps.a.outputs.parameters.w is not there: it fails when it comes to that "
          + "(step 'a' has exitCode, outputs.parameters.v, outputs.result)"
      ], "parameters.w", "parameters.v"),
    AdviceCase(
      "when",
      "  - name: main\n    steps: [[{name: a, template: b, when: \"({{workflow.name}} == x\"}]]\n  - {name: b, suspend: {}}",
      ["8:43 warning Invalid 'when' expression '({{workflow.name}} == x': Unbalanced parenthesis"],
      "({{workflow.name}}", "{{workflow.name}}"),
    AdviceCase(
      "hook-expression",
      "  - name: main\n    dag: {tasks: [{name: a, template: b, hooks: {exit: {template: b, expression: \"item == 'x'\"}}}]}\n  - {name: b, suspend: {}}",
      [
        "8:82 warning templates.main.tasks.a.exit never runs: the expression cannot be evaluated: unknown name item (1:1) "
          + "(only hooks of steps know the item)"
      ], "item == 'x'", "workflow.name == 'x'"),
    AdviceCase(
      "expression-type",
      "  - {name: main, container: {image: a}, retryStrategy: {limit: 3, expression: \"lastRetry.exitCode != 2\"}}",
      ["7:79 warning lastRetry.exitCode != 2 compares a text with a number and is always true (write asInt(lastRetry.exitCode) != 2)"],
      "lastRetry.exitCode !=", "asInt(lastRetry.exitCode) !="),
    AdviceCase(
      "expression-type",
      "  - {name: main, container: {image: a}, retryStrategy: {limit: 3, expression: \"lastRetry.status == 'Error' || lastRetry.exitCode in [1, 2]\"}}",
      [
        "7:79 warning lastRetry.exitCode in [1, 2] compares a text with numbers and is never true "
          + "(write asInt(lastRetry.exitCode) in [1, 2])"
      ], "lastRetry.exitCode in", "asInt(lastRetry.exitCode) in"),
    AdviceCase(
      "expression-type",
      "  - {name: main, inputs: {parameters: [{name: n-1, value: 3}]}, container: {image: a, args: [\"{{=inputs.parameters['n-1'] > 2}}\"]}}",
      [
        "7:94 warning inputs.parameters['n-1'] > 2 compares a text with a number and cannot be evaluated "
          + "(write asInt(inputs.parameters['n-1']) > 2)"
      ], "inputs.parameters['n-1'] >", "asInt(inputs.parameters['n-1']) >"),
    AdviceCase(
      "early-status", "  - {name: main, container: {image: a, args: [\"{{workflow.status}}\"]}}",
      ["7:47 warning workflow.status is Running as long as the workflow runs (read it in an exit handler (onExit) or a hook)"],
      "workflow.status", "workflow.name"),
    AdviceCase(
      "early-status",
      "  - name: main\n    steps: [[{name: a, template: b, when: \"{{workflow.status}} == Failed\"}]]\n  - {name: b, container: {image: a}}",
      ["8:43 warning workflow.status is Running as long as the workflow runs (read it in an exit handler (onExit) or a hook)"],
      "when: \"{{workflow.status}} == Failed\"", "hooks: {exit: {template: b, expression: \"workflow.status == 'Failed'\"}}"),
    AdviceCase(
      "command-words", "  - {name: main, container: {image: a, command: [\"echo hi\"]}}",
      [
        "7:50 warning no shell reads the command: the program is looked for as \"echo hi\" "
          + "(write command: [\"echo\", \"hi\"], or command: [sh, -c] and the line in args)"
      ], "\"echo hi\"", "echo, hi"),
    AdviceCase(
      "command-words", "  - {name: main, container: {image: a, command: [\"echo hi | wc\"], args: [/usr/my program/bin]}}",
      [
        "7:50 warning no shell reads the command: the program is looked for as \"echo hi | wc\" "
          + "(write command: [sh, -c] and the line in args)"
      ], "\"echo hi | wc\"", "/opt/my program/bin"),
    AdviceCase(
      "command-words", "  - {name: main, script: {image: a, command: [bash -e], source: date}}",
      ["7:47 warning no shell reads the command: the program is looked for as \"bash -e\" (write command: [\"bash\", \"-e\"])"],
      "bash -e", "bash, -e"),
    AdviceCase(
      "quantity", "  - {name: main, container: {image: a, resources: {limits: {memory: 512MB}, requests: {cpu: two}}}}",
      [
        "7:69 warning memory: \"512MB\" is no quantity, and no limit holds (write 512Mi, or 512M for powers of ten)",
        "7:93 warning cpu: \"two\" is no quantity, and nothing is reserved (write a number, such as 500m, 2 or 512Mi)",
      ], "512MB}, requests: {cpu: two", "512M}, requests: {cpu: 500m"),
    AdviceCase(
      "quantity", "  - {name: main, container: {image: a, resources: {limits: {memory: 512m}}}}",
      ["7:69 warning 512m of memory are thousandths of a byte (write 512Mi)"], "512m", "512Mi"),
    AdviceCase(
      "quantity",
      "  - {name: main, volumes: [{name: v, emptyDir: {sizeLimit: 1 GB}}], container: {image: a, volumeMounts: [{name: v, mountPath: /v}]}}",
      ["7:60 warning storage: \"1 GB\" is no quantity, and no limit holds (write 1Gi, or 1G for powers of ten)"], "1 GB", "1G"),
  ]
}
