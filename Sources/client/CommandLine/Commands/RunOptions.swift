import Basics
import JSONValue

/// What `argosy run` was asked to do.
package struct RunOptions: Sendable, Hashable {
  /// The form of what is printed at the end; nil is the block that `argo get` prints.
  package enum Output: String, Sendable, Hashable, CaseIterable {
    case name, json, yaml, wide
  }

  /// Files, directories and `-`, as given.
  package var files: [String] = []
  package var source: SubmitSource?
  /// Files and directories with resources that are applied first.
  package var fixtures: [String] = []
  /// With the parameters of `-p` and of parameter files merged.
  package var submit = SubmitOptions()
  package var followsLogs = false
  /// Pods that run at once at most.
  package var maximumPods: Int?
  /// How long the workflows may take altogether.
  package var timeout: TimeSpan?
  /// The state directory stays even after success.
  package var keepsState = false
  package var stateDirectory: String?
  package var resumes = false
  package var output: Output?
  /// Where the custom metrics are written at the end: a file, or `-`.
  package var metricsFile: String?
  package var noColor = false
  package var noUTF8 = false

  package init() {}

  /// The style for a descriptor: 1 or 2.
  package func style(descriptor: CInt) -> DisplayStyle {
    .detect(
      isTerminal: Terminal.isTerminal(descriptor), noColor: noColor, noUTF8: noUTF8, environment: Terminal.environment)
  }

  /// The display that fits: the live tree on a terminal, lines elsewhere. It goes to standard output, or to standard error where the
  /// output is for programs (`-o name|json|yaml`).
  package func makeDisplay(view: any RunView) -> any RunDisplay {
    let isForPrograms = output != nil && output != .wide
    let descriptor: CInt = isForPrograms ? 2 : 1
    let style = style(descriptor: descriptor)
    let sink = DescriptorSink(descriptor)
    guard Terminal.isTerminal(descriptor), Terminal.environment("TERM") != "dumb" else {
      return LineProgress(sink: sink, style: style)
    }
    return LiveTree(view: view, sink: sink, style: style, size: { Terminal.size(descriptor) })
  }

  /// What is printed at the end for the finished workflows. `yaml` writes a document as YAML.
  package func report(_ workflows: [JSON], context: DisplayContext, yaml: (JSON) -> String) -> String {
    switch output {
    case .name: workflows.map { ($0.at("metadata", "name")?.string ?? "") + "\n" }.joined()
    case .json: workflows.map { $0.text(.pretty) + "\n" }.joined()
    case .yaml:
      workflows.map { workflow in
        let text = yaml(workflow)
        return text.utf8.last == 0x0A ? text : text + "\n"
      }.joined(separator: "---\n")
    case .wide: blocks(workflows, .wide, context)
    case nil: blocks(workflows, .standard, context)
    }
  }

  /// The `get` blocks without the blanks with which Argo fills the last column: on a narrow terminal they would wrap.
  private func blocks(_ workflows: [JSON], _ form: TreeForm, _ context: DisplayContext) -> String {
    let texts = workflows.map { workflow in
      WorkflowText.get(workflow, form: form, context: context).split(separator: "\n", omittingEmptySubsequences: false)
        .map { line in DisplayWidth.withoutTrailingSpaces(String(line)) }.joined(separator: "\n")
    }
    return texts.joined(separator: "\n")
  }
}
