import ArgoModel
import JSONValue
import Templating

/// The texts with tags of a looped step: its arguments, hooks, condition, inline template. Argo fills them in for every item before the
/// first one starts, and a tag that nothing replaces spoils the loop as a whole, while outside of loops it stays as it is (spec 2.8, 3.1).
struct LoopTexts: Sendable {
  struct LoopText: Sendable {
    var text: CompiledText
    /// The variable when an argument is exactly one simple tag: it may be absent, which the consumer sees to.
    var argumentTag: String?
    /// Hooks are filled in with the items only, everything else with what went before first.
    var isHook = false
  }
  /// Those that are the same for every item, or take it whole.
  private(set) var shared: [LoopText] = []
  /// Those that read a member of the item, or compute with it.
  private(set) var perItem: [LoopText] = []

  init() {}

  init(_ step: JSON) {
    guard case .object(let members) = step else { return }
    for (key, value) in members where !["name", "withItems", "withParam", "withSequence"].contains(key) {
      if key == "arguments" {
        for parameter in value.list("parameters") {
          guard let text = parameter["value"]?.string else {
            add(parameter)
            continue
          }
          var tag: String?
          if case .simple(let name, _)? = TagTemplate(compiling: text).onlyTag { tag = name }
          add(text, argumentTag: tag)
        }
        add(.array(value.list("artifacts")))
      } else {
        add(value, isHook: key == "hooks")
      }
    }
  }

  private mutating func add(_ value: JSON, isHook: Bool = false, depth: Int = 0) {
    guard depth < 256 else { return }
    switch value {
    case .string(let text): add(text, argumentTag: nil, isHook: isHook)
    case .array(let elements): for element in elements { add(element, isHook: isHook, depth: depth + 1) }
    // Where an artifact comes from is looked up, not filled in.
    case .object(let members):
      for (key, value) in members where key != "from" && key != "fromExpression" { add(value, isHook: isHook, depth: depth + 1) }
    case .null, .bool, .int, .double, .number: break
    }
  }

  private mutating func add(_ text: String, argumentTag: String?, isHook: Bool = false) {
    let compiled = CompiledText(text)
    guard compiled.template.hasTags else { return }
    let readsMember = compiled.template.tags.contains { tag in
      if case .simple(let name, _) = tag { name.hasPrefix("item.") } else { false }
    }
    let loopText = LoopText(text: compiled, argumentTag: argumentTag, isHook: isHook)
    if readsMember || compiled.references.contains(where: { $0.first == "item" }) {
      perItem.append(loopText)
    } else {
      shared.append(loopText)
    }
  }
}

extension RunState {
  /// Whether all items of a loop can be filled in. Nothing is asked where the condition is false whatever the item.
  func checkLoop(_ step: CompiledStep, _ items: [JSON], _ frame: Frame) throws(RunFailure) {
    guard let first = items.first, !step.loopTexts.shared.isEmpty || !step.loopTexts.perItem.isEmpty, !neverRuns(step, frame) else {
      return
    }
    var frame = frame
    frame.item = first
    for source in step.arguments.artifacts where source.from != nil && !source.isOptional {
      do throws(RunFailure) {
        _ = try resolve(source, frame)
      } catch {
        throw unresolved(RunFailure(isInSteps(frame) ? "unable to resolve references: \(error.message)" : error.message), frame)
      }
    }
    for text in step.loopTexts.shared { try check(text, frame) }
    if step.loopTexts.perItem.isEmpty { return }
    for item in items {
      frame.item = item
      for text in step.loopTexts.perItem { try check(text, frame) }
    }
  }

  private func check(_ loopText: LoopTexts.LoopText, _ frame: Frame) throws(RunFailure) {
    if let tag = loopText.argumentTag, value(tag, frame) == .absent { return }
    var substitution = substitution(frame, references: loopText.text.references, isStrict: true)
    substitution.strictPrefixes = [""]
    do throws(SubstitutionError) {
      _ = try substitution.apply(to: loopText.text.template)
    } catch {
      let failure = RunFailure(error.description)
      let isEarlier = error.reason == .absent || error.tag.hasPrefix("{{steps.") || error.tag.hasPrefix("{{tasks.")
      throw isEarlier && !loopText.isHook ? unresolved(failure, frame) : failure
    }
  }

  func isInSteps(_ frame: Frame) -> Bool { frame.boundary.flatMap { nodes[$0].template?.isSteps } ?? false }

  /// A failure to fill in what steps before have given, as steps and DAGs word it.
  func unresolved(_ failure: RunFailure, _ frame: Frame) -> RunFailure {
    isInSteps(frame) ? RunFailure("failed to resolve references: \(failure.message)") : failure
  }
}
