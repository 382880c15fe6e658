import Basics
import JSONValue

/// Values of containers that cannot be what was meant.
extension AdviceRun {
  func advisePrograms() {
    for template in templates {
      for container in template.containers {
        adviseCommand(container.json, at: container.path["command"])
        adviseQuantities(container.json["resources"], at: container.path["resources"])
      }
      adviseQuantities(template.json["podResources"], at: template.path["podResources"])
      adviseVolumes(template.list("volumes"), at: template.path["volumes"])
    }
    adviseQuantities(spec["podResources"], at: path["podResources"])
    adviseVolumes(spec.elements("volumes"), at: path["volumes"])
    for (index, claim) in spec.elements("volumeClaimTemplates").enumerated() {
      adviseQuantities(claim.at("spec", "resources"), at: path["volumeClaimTemplates"][index]["spec"]["resources"])
    }
  }

  /// A program whose name has a space: the line of a shell. A path with directories behind the space may be meant.
  private func adviseCommand(_ container: JSON, at place: FieldPath) {
    let command = container.elements("command").compactMap(\.string)
    guard let program = command.first, !isTemplated(program) else { return }
    let words = program.split { $0 == " " || $0 == "\t" || $0 == "\n" }.map(String.init)
    guard words.count > 1, !words.dropFirst().contains(where: { $0.dropFirst().contains("/") && $0.first != "/" }) else { return }
    let isShellLine = program.contains { "|&;<>$`*?()\n'\"\\".contains($0) }
    let hint: String
    if isShellLine, !container.holds("source") {
      hint = "write command: [sh, -c] and the line in args"
    } else {
      let list = (words + command.dropFirst()).map { JSON.string($0).text(.compact) }.joined(separator: ", ")
      hint = "write command: [\(list)]" + (container.holds("source") ? "" : ", or command: [sh, -c] and the line in args")
    }
    say("command-words", "no shell reads the command: the program is looked for as \"\(Self.short(program))\"", hint: hint, at: place[0])
  }

  private func adviseVolumes(_ volumes: [JSON], at place: FieldPath) {
    for (index, volume) in volumes.enumerated() {
      let limit = volume.at("emptyDir", "sizeLimit")?.scalarText
      adviseQuantity(limit, of: "storage", effect: "no limit holds", at: place[index]["emptyDir"]["sizeLimit"])
    }
  }

  private func adviseQuantities(_ resources: JSON?, at place: FieldPath) {
    for field in ["limits", "requests"] {
      let effect = field == "limits" ? "no limit holds" : "nothing is reserved"
      for (name, amount) in resources?[field]?.object ?? [:] {
        adviseQuantity(amount.scalarText, of: name, effect: effect, at: place[field][name])
      }
    }
  }

  private func adviseQuantity(_ text: String?, of resource: String, effect: String, at place: FieldPath) {
    guard let text, !text.isEmpty, !isTemplated(text) else { return }
    let digits = text.prefix { "0123456789.".contains($0) }
    if Quantity(text) != nil {
      // Thousandths of a byte.
      guard text.last == "m", ["memory", "storage", "ephemeral-storage"].contains(resource) else { return }
      say("quantity", "\(text) of \(resource) are thousandths of a byte", hint: "write \(digits)Mi", at: place)
      return
    }
    let unit = text.dropFirst(digits.count).filter { $0 != " " }.lowercased()
    let letter = unit.first.map { $0 == "k" ? "K" : $0.uppercased() } ?? ""
    let isSize = "KMGTPE".contains(letter) && !letter.isEmpty && !digits.isEmpty
    let hint =
      isSize
      ? "write \(digits)\(letter)i, or \(digits)\(letter == "K" ? "k" : letter) for powers of ten"
      : "write a number, such as 500m, 2 or 512Mi"
    say("quantity", "\(resource): \"\(Self.short(text))\" is no quantity, and \(effect)", hint: hint, at: place)
  }
}
