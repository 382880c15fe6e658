/// Where in a document a check stands: `spec.containers[0].name`. Written out only when something is found.
struct FieldTrail {
  enum Step {
    case field(String)
    case index(Int)
    /// A member of a map, by its key.
    case key(String)
  }
  private(set) var steps: [Step] = []

  mutating func append(_ step: Step) { steps.append(step) }

  mutating func within(_ step: Step, _ body: (inout FieldTrail) -> Void) {
    steps.append(step)
    body(&self)
    steps.removeLast()
  }

  /// With keys of maps in brackets, as `field.Path` has them; `isDotted`: behind dots, as Kubernetes' schema validation and its decoder name them.
  func text(isDotted: Bool = false) -> String {
    var result = ""
    for step in steps {
      switch step {
      case .field(let name): result += result.isEmpty ? name : ".\(name)"
      case .index(let index): result += "[\(index)]"
      case .key(let key): result += isDotted ? (result.isEmpty ? key : ".\(key)") : "[\(key)]"
      }
    }
    return result
  }

  func text(_ field: String, isDotted: Bool = false) -> String {
    let place = text(isDotted: isDotted)
    return place.isEmpty ? field : "\(place).\(field)"
  }
}
