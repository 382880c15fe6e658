import JSONValue
import Templating

/// What is known of the variables of an expression before a run.
struct ForeseenVariables {
  /// A step or task by its name; nil as a value: there is none when the expression is evaluated.
  var step: (String) -> ForeseenValue = { _ in .value(.nil) }
  /// The names of all steps or tasks around.
  var names: () -> [String] = { [] }
  var inputs: ForeseenValue?
  var item: ForeseenValue?

  /// What is known of a root; nil: there is no such variable.
  func root(_ name: String) -> ForeseenValue? {
    let step = step
    switch name {
    case "steps", "tasks": return .members { $0 == "name" ? .unknown : step($0) }
    case "inputs": return inputs
    case "item": return item
    case "workflow": return Self.workflow
    default: return ValidationRun.runtimeRoots.contains(name) ? .unknown : nil
    }
  }

  /// A step or task that has begun.
  static var begun: ForeseenValue {
    .members { field in
      switch field {
      case "id", "status", "startedAt": .text
      case "finishedAt", "ip", "hostNodeName", "exitCode", "outputs": .unknown
      default: .value(.nil)
      }
    }
  }

  private static var workflow: ForeseenValue {
    .members { field in
      switch field {
      case "name", "namespace", "uid", "status": .text
      case "mainEntrypoint", "serviceAccountName", "priority", "creationTimestamp", "scheduledTime", "duration", "failures", "parameters",
        "labels", "annotations", "outputs":
        .unknown
      default: .value(.nil)
      }
    }
  }

  /// The inputs of a template: parameters that it does not declare are nil.
  static func inputs(of template: CallableTemplate) -> ForeseenValue {
    let declared = Set(template.list("inputs", "parameters").map { $0.text(at: "name") })
    return .members { field in
      switch field {
      case "parameters": .members { declared.contains($0) ? .text : .value(.nil) }
      case "artifacts": .unknown
      default: .value(.nil)
      }
    }
  }
}
