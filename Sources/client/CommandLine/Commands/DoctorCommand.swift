import ArgumentParser
import JSONValue

/// One thing that a machine allows or not.
package struct DoctorProbe: Sendable, Hashable {
  package enum State: String, Sendable, Hashable {
    case ok, limited, missing
  }

  package var name: String
  package var state: State
  /// What was found.
  package var detail: String
  /// The one thing to do about it; empty when there is nothing to do.
  package var remedy: String
  /// Without it no workflow can run at all.
  package var isRequired: Bool

  package init(name: String, state: State, detail: String, remedy: String = "", isRequired: Bool = false) {
    self.name = name
    self.state = state
    self.detail = detail
    self.remedy = remedy
    self.isRequired = isRequired
  }
}

/// The table that `argosy doctor` prints.
package enum DoctorTable {
  /// The columns CHECK, STATE, DETAIL, REMEDY, ending with a line break.
  package static func text(_ probes: [DoctorProbe], style: DisplayStyle) -> String {
    var table = TabTable(padding: 2)
    table.append(["CHECK", "STATE", "DETAIL", "REMEDY"])
    for probe in probes {
      let (glyph, color): (String, ANSIColor) =
        switch probe.state {
        case .ok: ("✔", .green)
        case .limited: ("⚠", .yellow)
        case .missing: ("✖", .red)
        }
      let state = style.paint(style.hasGlyphs ? "\(glyph) \(probe.state.rawValue)" : probe.state.rawValue, color)
      table.append([Printable.line(probe.name), state, Printable.line(probe.detail), Printable.line(probe.remedy)])
    }
    return table.lines().map { DisplayWidth.withoutTrailingSpaces($0) + "\n" }.joined()
  }

  static func json(_ probes: [DoctorProbe]) -> JSON {
    .array(
      probes.map { probe in
        [
          "name": .string(probe.name), "state": .string(probe.state.rawValue), "detail": .string(probe.detail),
          "remedy": .string(probe.remedy), "required": .bool(probe.isRequired),
        ]
      })
  }
}

/// `argosy doctor`.
struct DoctorCommand: Verb {
  enum Form: String, ExpressibleByArgument, CaseIterable { case table, json }

  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Show what this machine allows, and the remedy for what it does not.",
    discussion: """
      EXAMPLES
        argosy doctor
        argosy doctor -o json

      EXIT STATUS
        0  workflows can run here
        1  something that every workflow needs is missing
      """)

  @Option(name: [.short, .long], help: ArgumentHelp("The form: table or json.", valueName: "form"))
  var output: Form = .table

  @Flag(help: "No colours.")
  var noColor = false

  @Flag(name: .customLong("no-utf8"), help: "ASCII in place of glyphs.")
  var noUTF8 = false

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    let probes = await dependencies.probe()
    switch output {
    case .table: dependencies.output.write(DoctorTable.text(probes, style: dependencies.style(noColor: noColor, noUTF8: noUTF8)))
    case .json: dependencies.output.write(DoctorTable.json(probes).text(.pretty) + "\n")
    }
    let isUsable = !probes.contains { $0.isRequired && $0.state == .missing }
    return isUsable ? ConcludingStatus.succeeded.rawValue : ConcludingStatus.failed.rawValue
  }
}
