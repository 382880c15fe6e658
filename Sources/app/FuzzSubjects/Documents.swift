internal import JSONValue
internal import KubeModel
internal import Validation
internal import YAMLText

extension FuzzSubject {
  /// Documents: JSON, YAML, manifests, patches.
  static let documents: [FuzzSubject] = [
    FuzzSubject(
      "json",
      seeds: [
        "{\"a\":[1,-2.5e3,true,null,\"x\\u00e9\\n\"],\"b\":{\"c\":{}}}", "[]", "12345678901234567890123", "1e400", "\"\\ud83d\\ude00\"",
        "{\"a\":1,\"a\":2}",
      ]
    ) { bytes in
      guard let value = try? JSON.parse(bytes) else { return }
      for style in [JSONStyle.compact, .pretty, .go] {
        let again = try? JSON.parse(value.bytes(style))
        try check(again.map { same($0, value) } ?? false, "written as \(style) and read it is another value: \(value.text())")
      }
    },
    FuzzSubject(
      "yaml",
      seeds: [
        "a: 1\nb: [x, 'y', \"z\\n\"]\nc:\n  - d: |\n      text\n  - >-\n    folded\n", "a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n  e: 0x1F\n",
        "---\n1\n---\n- .inf\n- 1_000\n- 2001-01-01\n...\n", "? [a]\n: b\n", "{a: b, c: [d, e]}", "a: !!binary aGk=\n",
        "!!: <<: exe ", "\"<<\": {a: b}",
      ]
    ) { bytes in
      var limits = YAMLLimits()
      limits.bytes = 1 << 16
      limits.expandedNodes = 10_000
      guard let read = try? YAMLText.documents(bytes, limits: limits) else { return }
      for document in read {
        // Keys that are there twice, and numbers that only YAML has, are told apart by nobody.
        let written = text(document.value, sortsKeys: false)
        guard let again = try? YAMLText.documents(Array(written.utf8)).first else { throw Broken("cannot be read again:\n\(written)") }
        try check(again.value == document.value || hasOddNumber(document.value), "written and read it is another value:\n\(written)")
      }
    },
    FuzzSubject(
      "manifest",
      seeds: [
        """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: a-}
        spec:
          entrypoint: main
          arguments: {parameters: [{name: p, value: "1"}]}
          templates:
          - name: main
            dag:
              tasks:
              - {name: a, template: b, arguments: {parameters: [{name: x, value: "{{workflow.parameters.p}}"}]}}
              - {name: c, template: b, depends: "a.Succeeded || a.Failed", withParam: "{{tasks.a.outputs.result}}", when: "{{item}} > 1"}
          - name: b
            inputs: {parameters: [{name: x, default: "2"}]}
            retryStrategy: {limit: 2, expression: "lastRetry.exitCode != '2'"}
            script: {image: i, command: [sh], source: "echo {{inputs.parameters.x}}"}
        """,
        "apiVersion: argoproj.io/v1alpha1\nkind: CronWorkflow\nmetadata: {name: c}\nspec: {schedules: ['* * * * *'], workflowSpec: {entrypoint: a, templates: [{name: a, suspend: {}}]}}",
      ]
    ) { bytes in
      guard bytes.count < 1 << 16 else { return }
      let result = ManifestLoader(defaultNamespace: "n").load(bytes, file: "f.yaml")
      let source = SourceText(String(decoding: bytes, as: UTF8.self))
      for manifest in result.manifests {
        for mode in [WorkflowValidator.Mode.lint, .run] {
          var options = WorkflowValidator.Options(mode: mode)
          options.givesAdvice = mode == .lint
          let found = WorkflowValidator(options).diagnostics(for: manifest)
          _ = source.resolve(found, file: "f.yaml")
          for diagnostic in found { try check(diagnostic.position.map { $0.line >= 1 && $0.column >= 1 } ?? true, "no such place") }
        }
      }
    },
    FuzzSubject(
      "json-patch",
      seeds: [
        "[{\"op\":\"add\",\"path\":\"/a/-\",\"value\":1},{\"op\":\"remove\",\"path\":\"/b\"},{\"op\":\"move\",\"from\":\"/a/0\",\"path\":\"/c~1d\"}]",
        "[{\"op\":\"test\",\"path\":\"/a/0\",\"value\":1},{\"op\":\"copy\",\"from\":\"\",\"path\":\"/b\"}]",
      ]
    ) { bytes in
      guard let patch = try? JSON.parse(bytes), let operations = patch.array, operations.count < 100 else { return }
      let target: JSON = ["a": [1, 2, ["x": nil]], "b": ["c": "d"]]
      if let patched = try? JSONPatch(patch).applied(to: target) {
        try check(patched.bytes().count < 1 << 26, "the result grows without bound")
      }
    },
  ]

  /// Equal, where a floating-point number without a fraction may have been written as an integer, as Go writes it.
  private static func same(_ left: JSON, _ right: JSON) -> Bool {
    switch (left, right) {
    case (.array(let first), .array(let second)): first.count == second.count && zip(first, second).allSatisfy(same)
    case (.object(let first), .object(let second)):
      first.count == second.count && first.allSatisfy { key, value in second[key].map { same(value, $0) } ?? false }
    case (_, .double), (_, .number): left.double == right.double
    default: left == right
    }
  }

  /// Numbers that are written in a form that is read as another kind of number.
  private static func hasOddNumber(_ value: JSON) -> Bool {
    switch value {
    case .double, .number: true
    case .array(let elements): elements.contains(where: hasOddNumber)
    case .object(let members): members.values.contains(where: hasOddNumber)
    default: false
    }
  }
}
