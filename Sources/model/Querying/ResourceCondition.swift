import JSONValue
import KubeModel

/// `successCondition` or `failureCondition` of a resource template (spec section 4.6): requirements of a label selector whose keys are
/// gjson paths into the live object, e.g. `status.phase in (Succeeded,Done),status.failed < 3`.
package struct ResourceCondition: Sendable, Hashable {
  /// One requirement; conditions are judged one by one.
  package struct Requirement: Sendable, Hashable {
    fileprivate let written: LabelSelector.Written

    /// The requirement as Kubernetes prints it, for `failure condition '…' evaluated true`.
    package var text: String { written.text }

    /// Whether it holds for an object. A value that is not there fails everything but `!=`, `notin` and `!key`.
    package func matches(_ object: JSON) -> Bool {
      let path = GJSONPath(written.requirement.key)
      return written.requirement.holds(for: path.value(in: object).map(GJSONPath.text))
    }
  }

  /// In the order of their keys, as Kubernetes sorts them.
  package let requirements: [Requirement]

  /// Reads a condition; throws Kubernetes' message, before which Argo puts `success condition '…' failed to parse: ` or `fail condition …`.
  package init(parsing text: String) throws(SelectorError) {
    let written = try LabelSelector.requirements(text)
    let sorted = written.enumerated().sorted { first, second in
      let (a, b) = (first.element.requirement.key, second.element.requirement.key)
      return a == b ? first.offset < second.offset : a.utf8.lexicographicallyPrecedes(b.utf8)
    }
    requirements = sorted.map { Requirement(written: $0.element) }
  }

  /// Whether all requirements hold, as a success condition asks.
  package func matches(_ object: JSON) -> Bool { requirements.allSatisfy { $0.matches(object) } }

  /// The first requirement that holds: one is enough to fail.
  package func firstMatch(_ object: JSON) -> Requirement? { requirements.first { $0.matches(object) } }
}
