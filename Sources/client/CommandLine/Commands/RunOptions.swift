import Basics
import JSONValue

/// How a run begins that goes on with a kept state instead of manifests.
package enum RunAction: Sendable, Hashable {
  case retry(restartsSuccessful: Bool, selector: String)
  case resubmit(memoized: Bool, priority: Int32?)
  /// - node: what names the node from which on it runs again.
  case fork(node: String, inputs: [ParameterArgument], outputs: [ForkOutput])
}

/// An output of a node that a fork sets: `NODE.PARAMETER=VALUE`.
package struct ForkOutput: Sendable, Hashable {
  package var node: String
  package var name: String
  package var value: String

  /// The node's name ends at the last dot before the equals sign.
  package init(parsing text: String) throws(SubmitFailure) {
    let parameter = try? ParameterArgument(parsing: text)
    guard let parameter, let dot = parameter.name.lastIndex(of: "."), dot != parameter.name.startIndex else {
      throw SubmitFailure("--set-output must be NODE.PARAMETER=VALUE (or NODE.result=VALUE). Received: \(text)")
    }
    node = String(parameter.name[..<dot])
    name = String(parameter.name[parameter.name.index(after: dot)...])
    value = parameter.value
  }
}

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
  /// What is done with these workflows of the state directory, in place of submitting files.
  package var action: RunAction?
  package var workflows: [String] = []
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
