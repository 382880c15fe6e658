internal import JSONValue
internal import KubeModel

extension TableCells {
  func serviceCell(_ rule: String) -> JSON {
    let spec = resource.spec
    switch rule {
    case "service.type": return spec["type"] ?? "ClusterIP"
    case "service.clusterIP": return .string(Self.orNone(spec["clusterIP"]?.string ?? ""))
    case "service.externalIP":
      let given = (spec["externalIPs"]?.array ?? []).compactMap(\.string)
      switch spec["type"]?.string {
      case "ExternalName": return spec["externalName"] ?? ""
      case "LoadBalancer" where given.isEmpty: return "<pending>"
      default: return .string(Self.orNone(given.joined(separator: ",")))
      }
    case "service.ports":
      let ports = (spec["ports"]?.array ?? []).map { port in
        let number = port["port"]?.int ?? 0
        let node = port["nodePort"]?.int.map { ":\($0)" } ?? ""
        return "\(number)\(node)/\(port["protocol"]?.string ?? "TCP")"
      }
      return .string(Self.orNone(ports.joined(separator: ",")))
    case "service.selector": return .string(Self.pairs(spec["selector"]))
    case "endpoints.addresses": return .string(addresses)
    default: return .string(quota(ofLimits: rule == "quota.limits"))
    }
  }

  /// A quantity as it is written: a text, or a number.
  private static func plain(_ value: JSON) -> String { value.string ?? value.text() }

  static func orNone(_ text: String) -> String { text.isEmpty ? "<none>" : text }

  /// At most three addresses with their ports.
  private var addresses: String {
    var all: [String] = []
    for subset in resource.json["subsets"]?.array ?? [] {
      let ports = subset["ports"]?.array ?? []
      for address in subset["addresses"]?.array ?? [] {
        let ip = address["ip"]?.string ?? ""
        all += ports.isEmpty ? [ip] : ports.map { "\(ip):\($0["port"]?.int ?? 0)" }
      }
    }
    guard !all.isEmpty else { return "<none>" }
    return all.prefix(3).joined(separator: ",") + (all.count > 3 ? " + \(all.count - 3) more..." : "")
  }

  private func quota(ofLimits isLimits: Bool) -> String {
    let hard = (resource.status["hard"] ?? resource.spec["hard"])?.object ?? [:]
    return hard.sortedByKey().filter { $0.key.hasPrefix("limits") == isLimits }.map { name, value in
      "\(name): \(Self.plain(resource.status.at("used", name) ?? "0"))/\(Self.plain(value))"
    }.joined(separator: ", ")
  }
}
