package import JSONValue

/// Why a `plan.json` or `status.json` cannot be read.
package struct PodCodingError: Error, Sendable, Hashable, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}

extension JSON {
  fileprivate func strings(_ key: String) -> [String] { (self[key]?.array ?? []).compactMap(\.string) }
}

extension PodPlan {
  /// The plan as `plan.json` holds it: members named as the properties, absent ones left out.
  package var json: JSON {
    var object = JSONObject()
    object["podName"] = .string(podName)
    object["isolation"] = .string(isolation.rawValue)
    object["root"] = .string(root)
    if let deadline { object["deadline"] = .int(deadline) }
    object["gracePeriod"] = .int(Int64(gracePeriod))
    if sharesContract { object["sharesContract"] = .bool(true) }
    if let scratchGroup { object["scratchGroup"] = .string(scratchGroup) }
    if let restartPolicy {
      object["restartPolicy"] = .string(restartPolicy.rawValue)
      object["restartPause"] = .int(restartPause)
    }
    object["containers"] = .array(containers.map(\.json))
    return .object(object)
  }

  package init(json: JSON) throws(PodCodingError) {
    guard let podName = json["podName"]?.string, let root = json["root"]?.string, let containers = json["containers"]?.array,
      let isolation = (json["isolation"]?.string).flatMap({ Isolation(rawValue: $0) })
    else { throw PodCodingError("no pod plan: podName, isolation, root and containers are required") }
    let grace = Int(clamping: json["gracePeriod"]?.int ?? 30)
    self.init(
      podName: podName, isolation: isolation, root: root, deadline: json["deadline"]?.int, gracePeriod: max(0, grace), containers: [])
    sharesContract = json["sharesContract"]?.bool ?? false
    scratchGroup = json["scratchGroup"]?.string
    restartPolicy = (json["restartPolicy"]?.string).flatMap { RestartPolicy(rawValue: $0) }
    restartPause = json["restartPause"]?.int ?? restartPause
    self.containers.reserveCapacity(containers.count)
    for container in containers { self.containers.append(try Container(json: container)) }
  }
}

extension PodPlan.Container {
  fileprivate var json: JSON {
    var object = JSONObject()
    object["name"] = .string(name)
    object["role"] = .string(role.rawValue)
    object["argv"] = .array(argv.map { .string($0) })
    object["env"] = .array(env.map { .string($0) })
    object["workingDirectory"] = .string(workingDirectory)
    if !mounts.isEmpty { object["mounts"] = .array(mounts.map(\.json)) }
    if let user { object["user"] = .int(Int64(user)) }
    if let group { object["group"] = .int(Int64(group)) }
    if let memoryLimit { object["memoryLimit"] = .int(memoryLimit) }
    if let cpuLimit { object["cpuLimit"] = .int(cpuLimit) }
    if capturesResult { object["capturesResult"] = .bool(true) }
    if !outputs.isEmpty { object["outputs"] = .array(outputs.map { ["path": .string($0.path), "name": .string($0.name)] }) }
    addRareMembers(to: &object)
    return .object(object)
  }

  fileprivate init(json: JSON) throws(PodCodingError) {
    guard let name = json["name"]?.string, PodPlan.isFileName(name), let role = (json["role"]?.string).flatMap({ Role(rawValue: $0) })
    else { throw PodCodingError("a container without a usable name or role") }
    let argv = json.strings("argv")
    guard !argv.isEmpty else { throw PodCodingError("container \(name) has no command") }
    var mounts: [PodPlan.Mount] = []
    for mount in json["mounts"]?.array ?? [] {
      guard let source = mount["source"]?.string, let target = mount["target"]?.string, target.hasPrefix("/") else {
        throw PodCodingError("container \(name) has a mount without source or absolute target")
      }
      mounts.append(PodPlan.Mount(source: source, target: target, isReadOnly: mount["isReadOnly"]?.bool ?? false))
    }
    var outputs: [PodPlan.Output] = []
    for output in json["outputs"]?.array ?? [] {
      guard let path = output["path"]?.string, let file = output["name"]?.string, PodPlan.isFileName(file) else {
        throw PodCodingError("container \(name) has an output without path or usable name")
      }
      outputs.append(PodPlan.Output(path: path, name: file))
    }
    self.init(
      name: name, role: role, argv: argv, env: json.strings("env"), workingDirectory: json["workingDirectory"]?.string ?? "/",
      mounts: mounts, user: json["user"]?.int.flatMap { UInt32(exactly: $0) }, group: json["group"]?.int.flatMap { UInt32(exactly: $0) },
      memoryLimit: json["memoryLimit"]?.int, cpuLimit: json["cpuLimit"]?.int, capturesResult: json["capturesResult"]?.bool ?? false,
      outputs: outputs)
    // Nearly all containers have none of these.
    if let rare = json["rare"] { takeRareMembers(rare) }
  }
}

extension PodPlan.Mount {
  fileprivate var json: JSON {
    var object: JSONObject = ["source": .string(source), "target": .string(target)]
    if isReadOnly { object["isReadOnly"] = .bool(true) }
    return .object(object)
  }
}

extension PodPlan {
  /// Whether a text names an entry of a directory: not empty, no slash, not `.` or `..`.
  package static func isFileName(_ text: String) -> Bool {
    !text.isEmpty && text != "." && text != ".." && !text.utf8.contains(0x2F) && !text.utf8.contains(0)
  }
}

extension PodPlan.Container {
  /// What few containers have, in a member of its own: reading the others is not slowed by looking for each.
  fileprivate func addRareMembers(to object: inout JSONObject) {
    var rare = JSONObject()
    if !dependencies.isEmpty { rare["dependencies"] = .array(dependencies.map { .string($0) }) }
    if attempts != 1 { rare["attempts"] = .int(Int64(attempts)) }
    if attemptPause != 0 { rare["attemptPause"] = .int(attemptPause) }
    if let refusal { rare["refusal"] = .string(refusal) }
    if pausesBefore { rare["pausesBefore"] = .bool(true) }
    if pausesAfter { rare["pausesAfter"] = .bool(true) }
    if !probes.isEmpty { rare["probes"] = .array(probes.map(\.json)) }
    if let postStart { rare["postStart"] = postStart.json }
    if let preStop { rare["preStop"] = preStop.json }
    if let terminationMessagePath { rare["terminationMessagePath"] = .string(terminationMessagePath) }
    if fallsBackToLogs { rare["fallsBackToLogs"] = .bool(true) }
    if !supplementaryGroups.isEmpty { rare["supplementaryGroups"] = .array(supplementaryGroups.map { .int(Int64($0)) }) }
    if droppedCapabilities != 0 { rare["droppedCapabilities"] = .int(Int64(bitPattern: droppedCapabilities)) }
    if forbidsNewPrivileges { rare["forbidsNewPrivileges"] = .bool(true) }
    if isRootReadOnly { rare["isRootReadOnly"] = .bool(true) }
    if isSidecar { rare["isSidecar"] = .bool(true) }
    if hasInput { rare["hasInput"] = .bool(true) }
    if hasTerminal { rare["hasTerminal"] = .bool(true) }
    if !rare.isEmpty { object["rare"] = .object(rare) }
  }

  fileprivate mutating func takeRareMembers(_ rare: JSON) {
    func flag(_ key: String) -> Bool { rare[key]?.bool ?? false }
    dependencies = rare.strings("dependencies")
    attempts = Int(clamping: rare["attempts"]?.int ?? 1)
    attemptPause = rare["attemptPause"]?.int ?? 0
    refusal = rare["refusal"]?.string
    pausesBefore = flag("pausesBefore")
    pausesAfter = flag("pausesAfter")
    probes = (rare["probes"]?.array ?? []).compactMap(ContainerProbe.init(json:))
    postStart = rare["postStart"].flatMap(ContainerAction.init(json:))
    preStop = rare["preStop"].flatMap(ContainerAction.init(json:))
    terminationMessagePath = rare["terminationMessagePath"]?.string
    fallsBackToLogs = flag("fallsBackToLogs")
    supplementaryGroups = (rare["supplementaryGroups"]?.array ?? []).compactMap { $0.int.flatMap { UInt32(exactly: $0) } }
    droppedCapabilities = UInt64(bitPattern: rare["droppedCapabilities"]?.int ?? 0)
    forbidsNewPrivileges = flag("forbidsNewPrivileges")
    isRootReadOnly = flag("isRootReadOnly")
    isSidecar = flag("isSidecar")
    hasInput = flag("hasInput")
    hasTerminal = flag("hasTerminal")
  }
}
