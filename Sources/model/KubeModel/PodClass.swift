internal import Basics
internal import JSONValue

extension Resource {
  /// A pod's quality of service class: how much of what its containers use is promised (`core/v1/helper/qos.GetPodQOS`).
  package var qosClass: String {
    let containers = (spec["containers"]?.array ?? []) + (spec["initContainers"]?.array ?? [])
    var isBestEffort = true
    var isGuaranteed = true
    for container in containers {
      for resource in ["cpu", "memory"] {
        func amount(_ field: String) -> Int128? {
          guard let value = container.at("resources", field, resource), let quantity = Quantity(value.string ?? value.text()) else {
            return nil
          }
          return quantity.nanos > 0 ? quantity.nanos : nil
        }
        let (limit, request) = (amount("limits"), amount("requests"))
        if limit != nil || request != nil { isBestEffort = false }
        if limit == nil || (request ?? limit) != limit { isGuaranteed = false }
      }
    }
    return isBestEffort ? "BestEffort" : isGuaranteed ? "Guaranteed" : "Burstable"
  }
}
