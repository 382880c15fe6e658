import Testing
import Validation

@Suite struct ConversionTests {
  private func cron(_ fields: String) -> String {
    "# a comment\napiVersion: argoproj.io/v1alpha1\nkind: CronWorkflow\nmetadata: {name: c}\nspec:\n\(fields)\n"
      + "  workflowSpec: {entrypoint: a, templates: [{name: a, container: {image: a}}]}\n"
  }

  @Test(
    "old fields become those of v4, and nothing else changes",
    arguments: [
      ("  schedule: \"* * * * *\"  # every minute", "  schedules: [\"* * * * *\"]  # every minute"),
      ("  schedule: 0 0 * * *", "  schedules: [0 0 * * *]"),
      ("  schedule: 0,30 0 * * * # twice", "  schedules: ['0,30 0 * * *'] # twice"),
      (
        "  schedules: ['1 1 * * *']\n  stopStrategy:\n    condition: \"cronworkflow.failed >= 3\"  # why",
        "  schedules: ['1 1 * * *']\n  stopStrategy:\n    expression: \"cronworkflow.failed >= 3\"  # why"
      ),
    ])
  func cron(old: String, new: String) throws {
    let conversion = try Conversion(cron(old), file: "a.yaml")
    #expect(conversion.text == cron(new))
    #expect(conversion.changes.count == 1 && conversion.remaining.isEmpty)
    #expect(lint(conversion.text).isEmpty)
    #expect(try Conversion(conversion.text, file: "a.yaml").changes.isEmpty)
  }

  @Test("locks and exit handlers keep their comments and layout")
  func workflow() throws {
    let head = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: w}\nspec:\n  entrypoint: main\n"
    let old = """
        synchronization:
          # of the whole
          mutex:
            # which
            name: one   # its name

            namespace: x
        templates:
        - name: main
          synchronization: {semaphore: {configMapKeyRef: {name: "a}", key: b}}}
          steps:
          - - {name: a, template: b, onExit: b}
        - name: b
          container:
            image: x
            args: ["{{workflow.parameters}}"]
      """
    let new = """
        synchronization:
          # of the whole
          mutexes:
            # which
            - name: one   # its name

              namespace: x
        templates:
        - name: main
          synchronization: {semaphores: [{configMapKeyRef: {name: "a}", key: b}}]}
          steps:
          - - {name: a, template: b, hooks: {exit: {template: b}}}
        - name: b
          container:
            image: x
            args: ["{{workflow.parameters.json}}"]
      """
    let conversion = try Conversion(head + old, file: "a.yaml")
    #expect(conversion.text == head + new)
    #expect(conversion.changes.map(\.text).count == 4)
    #expect(lint(conversion.text).allSatisfy { !["removed-field", "syntax"].contains($0.rule) })
  }

  @Test("what has no new form is left and told")
  func remaining() throws {
    let text = cron("  schedules: ['1 1 * * *']\n  schedule: 2 2 * * *")
    let conversion = try Conversion(text, file: "a.yaml")
    #expect(conversion.text == text && conversion.changes.isEmpty)
    #expect(conversion.remaining.first?.position.map { "\($0)" } == "7:3")
    #expect(throws: (any Error).self) { try Conversion("a: [", file: "a.yaml") }
  }
}
