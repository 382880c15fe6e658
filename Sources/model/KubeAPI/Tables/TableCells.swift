internal import Basics
internal import JSONValue
internal import KubeModel

/// The cells of built-in kinds, by the names of rules that ``BuiltInColumns`` gives; they say what Kubernetes' own printers say (`pkg/printers/internalversion`).
struct TableCells {
  let resource: Resource
  let now: Instant

  func cell(_ rule: String) -> JSON {
    switch rule {
    case "name": return .string(name)
    case "age": return .string(HumanDuration.since(resource.creationTimestamp, now: now))
    case "createdAt": return .string(resource.creationTimestamp?.rfc3339 ?? "<unknown>")
    case "phase": return resource.status["phase"] ?? ""
    case "type": return resource.json["type"] ?? ""
    case "data.count": return .int(Int64((resource.json["data"]?.object?.count ?? 0) + (resource.json["binaryData"]?.object?.count ?? 0)))
    case "serviceAccount.secrets": return .int(Int64(resource.json["secrets"]?.array?.count ?? 0))
    case "lease.holder": return resource.spec["holderIdentity"] ?? ""
    default: break
    }
    let group = rule.prefix { $0 != "." }
    switch group {
    case "pod": return PodCells(pod: resource, now: now).cell(rule)
    case "volume", "pv", "pvc", "storageClass": return volumeCell(rule)
    case "event": return eventCell(rule)
    case "binding": return bindingCell(rule)
    case "node": return nodeCell(rule)
    case "service", "endpoints", "quota": return serviceCell(rule)
    default: return .null
    }
  }

  private var name: String {
    let isDefault = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"].contains {
      resource.annotation($0) == "true"
    }
    return resource.kind.kind == "StorageClass" && isDefault ? resource.name + " (default)" : resource.name
  }

  /// Members of an object of texts as `a=b,c=d`, `<none>` where there are none.
  static func pairs(_ value: JSON?) -> String {
    let members = (value?.object ?? [:]).sortedByKey()
    return members.isEmpty ? "<none>" : members.map { "\($0.key)=\($0.value.string ?? "")" }.joined(separator: ",")
  }

  private func bindingCell(_ rule: String) -> JSON {
    let subjects = resource.json["subjects"]?.array ?? []
    func names(_ kind: String) -> JSON {
      .string(
        subjects.filter { $0["kind"]?.string == kind }.map { subject in
          let name = subject["name"]?.string ?? ""
          return kind == "ServiceAccount" ? "\(subject["namespace"]?.string ?? "")/\(name)" : name
        }.joined(separator: ", "))
    }
    switch rule {
    case "binding.role":
      return .string("\(resource.json.at("roleRef", "kind")?.string ?? "")/\(resource.json.at("roleRef", "name")?.string ?? "")")
    case "binding.users": return names("User")
    case "binding.groups": return names("Group")
    default: return names("ServiceAccount")
    }
  }

  private func eventCell(_ rule: String) -> JSON {
    let event = resource.json
    func time(_ value: JSON?) -> Instant? { value?.string.flatMap(Instant.init(rfc3339:)) }
    let series = event["series"]
    switch rule {
    case "event.lastSeen":
      let last = series == nil ? time(event["lastTimestamp"]) ?? time(event["eventTime"]) : time(series?["lastObservedTime"])
      return .string(HumanDuration.since(last, now: now))
    case "event.firstSeen": return .string(HumanDuration.since(time(event["firstTimestamp"]) ?? time(event["eventTime"]), now: now))
    case "event.type": return event["type"] ?? ""
    case "event.reason": return event["reason"] ?? ""
    case "event.object":
      let kind = event.at("involvedObject", "kind")?.string?.lowercased() ?? ""
      let name = event.at("involvedObject", "name")?.string ?? ""
      return .string(name.isEmpty ? kind : "\(kind)/\(name)")
    case "event.subobject": return event.at("involvedObject", "fieldPath") ?? ""
    case "event.source":
      var source = event.at("source", "component")?.string ?? ""
      if source.isEmpty { source = event["reportingComponent"]?.string ?? "" }
      let host = event.at("source", "host")?.string ?? event["reportingInstance"]?.string ?? ""
      return .string(host.isEmpty ? source : "\(source), \(host)")
    case "event.message":
      let message = event["message"]?.string ?? ""
      return .string(String(message.trimmingSuffix { $0.isWhitespace }))
    case "event.count": return .int(max(1, (series?["count"] ?? event["count"])?.int ?? 1))
    default: return .string(resource.name)
    }
  }

  private func nodeCell(_ rule: String) -> JSON {
    let info = resource.status["nodeInfo"]
    func address(_ type: String) -> JSON {
      (resource.status["addresses"]?.array ?? []).first { $0["type"]?.string == type }?["address"] ?? "<none>"
    }
    switch rule {
    case "node.status":
      let ready = (resource.status["conditions"]?.array ?? []).first { $0["type"]?.string == "Ready" }
      let words = [ready == nil ? "Unknown" : ready?["status"]?.string == "True" ? "Ready" : "NotReady"]
      return .string((words + (resource.spec["unschedulable"]?.bool == true ? ["SchedulingDisabled"] : [])).joined(separator: ","))
    case "node.roles":
      let prefix = "node-role.kubernetes.io/"
      let roles = resource.labels.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }.sorted()
      return .string(roles.isEmpty ? "<none>" : roles.joined(separator: ","))
    case "node.version": return info?["kubeletVersion"] ?? ""
    case "node.internalIP": return address("InternalIP")
    case "node.externalIP": return address("ExternalIP")
    case "node.osImage": return info?["osImage"] ?? "<unknown>"
    case "node.kernelVersion": return info?["kernelVersion"] ?? "<unknown>"
    default: return info?["containerRuntimeVersion"] ?? "<unknown>"
    }
  }
}

extension String {
  /// The text without what stands at its end and fits.
  fileprivate func trimmingSuffix(_ fits: (Character) -> Bool) -> Substring {
    var rest = self[...]
    while let last = rest.last, fits(last) { rest = rest.dropLast() }
    return rest
  }
}
