import JSONValue
import KubeModel
import Querying

/// The conditions of a resource template on its object (spec 4.6). Argo's executor asks for the object every few seconds; here they are judged
/// whenever it changes.
struct ObjectConditions {
  private let success: ResourceCondition?
  private let failure: ResourceCondition?

  /// Nil when the template has none.
  init?(template: JSON) throws(ActionStop) {
    let resource = template["resource"] ?? .null
    let (success, failure) = (resource["successCondition"]?.string ?? "", resource["failureCondition"]?.string ?? "")
    if success.isEmpty, failure.isEmpty { return nil }
    self.success = try Self.parse(success, "success")
    self.failure = try Self.parse(failure, "fail")
  }

  private static func parse(_ text: String, _ which: String) throws(ActionStop) -> ResourceCondition? {
    guard !text.isEmpty else { return nil }
    do throws(SelectorError) {
      return try ResourceCondition(parsing: text)
    } catch {
      throw .failed("\(which) condition '\(text)' failed to parse: \(error)")
    }
  }

  /// Whether the wait is over; throws when a requirement of the failure condition holds. Without a success condition the object is right as
  /// soon as it has not failed.
  func isMet(by object: JSON, log: ActionLog) throws(ActionStop) -> Bool {
    for requirement in failure?.requirements ?? [] {
      let holds = requirement.matches(object)
      let text = "failure condition '\(requirement.text)' evaluated \(holds)"
      if holds { throw .failed(text) }
      log.write(text)
    }
    let requirements = success?.requirements ?? []
    let matched = requirements.filter { $0.matches(object) }.count
    log.write("success conditions matched: \(matched) of \(requirements.count)")
    return matched == requirements.count
  }

  /// What is said when the object is gone. `reason`: the server's words.
  static func deleted(_ reason: String) -> String {
    "The resource has been deleted while its status was still being checked. Will not be retried: \(reason)"
  }
}
