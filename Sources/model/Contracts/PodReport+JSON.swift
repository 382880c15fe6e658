package import JSONValue

extension PodReport {
  /// The report as `status.json` holds it: members named as the properties, absent and false ones left out.
  package var json: JSON {
    var object = JSONObject()
    object["supervisor"] = .int(Int64(supervisor))
    object["supervisorStart"] = .int(Int64(clamping: supervisorStart))
    if isFinished { object["isFinished"] = .bool(true) }
    if let failure { object["failure"] = .string(failure) }
    if isPastDeadline { object["isPastDeadline"] = .bool(true) }
    if let note { object["note"] = .string(note) }
    if let scratch { object["scratch"] = .string(scratch) }
    object["containers"] = .array(containers.map(\.json))
    return .object(object)
  }

  package init(json: JSON) throws(PodCodingError) {
    guard let supervisor = json["supervisor"]?.int.flatMap({ Int32(exactly: $0) }), let containers = json["containers"]?.array else {
      throw PodCodingError("no pod report: supervisor and containers are required")
    }
    self.init(supervisor: supervisor, supervisorStart: UInt64(clamping: json["supervisorStart"]?.int ?? 0), containers: [])
    isFinished = json["isFinished"]?.bool ?? false
    failure = json["failure"]?.string
    isPastDeadline = json["isPastDeadline"]?.bool ?? false
    note = json["note"]?.string
    scratch = json["scratch"]?.string
    for container in containers { self.containers.append(try Container(json: container)) }
  }
}

extension PodReport.Container {
  fileprivate var json: JSON {
    var object: JSONObject = ["name": .string(name)]
    if let startedAt { object["startedAt"] = .int(startedAt) }
    if let finishedAt { object["finishedAt"] = .int(finishedAt) }
    if let exitCode { object["exitCode"] = .int(Int64(exitCode)) }
    if let signal { object["signal"] = .int(Int64(signal)) }
    if let message { object["message"] = .string(message) }
    if isRefused { object["isRefused"] = .bool(true) }
    if restarts != 0 { object["restarts"] = .int(Int64(restarts)) }
    if let previous { object["previous"] = previous.json }
    if let waits { object["waits"] = .string(waits) }
    if let hasPassedStartup { object["hasPassedStartup"] = .bool(hasPassedStartup) }
    if let process { object["process"] = .int(Int64(process)) }
    if let isReady { object["isReady"] = .bool(isReady) }
    return .object(object)
  }

  fileprivate init(json: JSON) throws(PodCodingError) {
    guard let name = json["name"]?.string else { throw PodCodingError("a container without a name") }
    self.init(name: name)
    startedAt = json["startedAt"]?.int
    finishedAt = json["finishedAt"]?.int
    exitCode = json["exitCode"]?.int.flatMap { Int32(exactly: $0) }
    signal = json["signal"]?.int.flatMap { Int32(exactly: $0) }
    message = json["message"]?.string
    isRefused = json["isRefused"]?.bool ?? false
    restarts = Int(clamping: json["restarts"]?.int ?? 0)
    previous = json["previous"].flatMap(Ending.init(json:))
    waits = json["waits"]?.string
    hasPassedStartup = json["hasPassedStartup"]?.bool
    process = json["process"]?.int.flatMap { Int32(exactly: $0) }
    isReady = json["isReady"]?.bool
  }
}

extension PodReport.Container.Ending {
  fileprivate var json: JSON {
    var object: JSONObject = ["exitCode": .int(Int64(exitCode))]
    if let startedAt { object["startedAt"] = .int(startedAt) }
    if let finishedAt { object["finishedAt"] = .int(finishedAt) }
    if let signal { object["signal"] = .int(Int64(signal)) }
    if let message { object["message"] = .string(message) }
    if isRefused { object["isRefused"] = .bool(true) }
    return .object(object)
  }

  fileprivate init?(json: JSON) {
    guard let exitCode = json["exitCode"]?.int.flatMap({ Int32(exactly: $0) }) else { return nil }
    self.init(
      startedAt: json["startedAt"]?.int, finishedAt: json["finishedAt"]?.int, exitCode: exitCode,
      signal: json["signal"]?.int.flatMap { Int32(exactly: $0) }, message: json["message"]?.string,
      isRefused: json["isRefused"]?.bool ?? false)
  }
}
