import AuditLog
import Basics
import CommandLine
import Contracts
import Glibc
import JSONValue
import KubeModel

/// Who sent a command over the socket of a data directory.
struct ControlPeer: Sendable {
  var process: Int32
  var user: UInt32

  /// This process.
  static var own: ControlPeer { ControlPeer(process: getpid(), user: geteuid()) }
}

/// Records commands that did not come over HTTP: those of the control socket, and those that change data which nobody serves.
struct LocalAudit: Sendable {
  let log: any AuditRecording
  /// Also what only reads.
  var recordsReading = false

  /// Carries a command out and records it with how that ended.
  func recording(_ request: StateRequest, by peer: ControlPeer, _ body: () throws -> [JSON]) throws -> [JSON] {
    do {
      let answer = try body()
      if recordsReading || !request.verb.isReading { for record in Self.records(request, peer, status: 200) { log.record(record) } }
      return answer
    } catch {
      let status = (error as? KubeStatus)?.reason.code ?? 500
      if recordsReading || !request.verb.isReading {
        for record in Self.records(request, peer, status: status, message: "\(error)") { log.record(record) }
      }
      throw error
    }
  }

  /// One for each object that the command names.
  private static func records(_ request: StateRequest, _ peer: ControlPeer, status: Int, message: String? = nil) -> [AuditRecord] {
    var record = event(request.verb.rawValue, peer, status: status, message: message)
    record.isDryRun = request.isDryRun
    switch request.verb {
    case .backup:
      record.name = request.names.first ?? ""
      record.message = message ?? (request.message.isEmpty ? nil : request.message)
      return [record]
    case .rotateKey: return [record]
    case .token: (record.resource, record.subresource, record.namespace) = ("serviceaccounts", "token", request.namespace)
    case .get, .explain, .list, .stop, .terminate, .suspend, .resume, .set:
      (record.group, record.resource, record.namespace) = ("argoproj.io", "workflows", request.namespace)
    }
    guard !request.names.isEmpty else {
      record.name = request.labels
      return [record]
    }
    return request.names.map { name in
      var one = record
      one.name = name
      return one
    }
  }

  /// Something that this program or a command of this machine does.
  static func event(_ verb: String, _ peer: ControlPeer, status: Int = 200, message: String? = nil) -> AuditRecord {
    var record = AuditRecord(time: SystemClock.now())
    (record.user, record.verb, record.path) = ("uid:\(peer.user)", verb, "control:\(verb)")
    (record.peer, record.agent) = ("local", "argosy \(VersionInformation.current.version) (process \(peer.process))")
    (record.status, record.message) = (status, message)
    return record
  }

  /// Where the log of a data directory is.
  static func directory(_ data: StateDirectory) -> String { data.path + "/" + AuditSegments.directoryName }

  /// The log of data that nobody serves; nil where there is none, as in the state of a run.
  static func open(_ data: StateDirectory) throws(KubeStatus) -> AuditLog? {
    guard LocalFiles.exists(directory(data)) else { return nil }
    return try AuditLog(directory: directory(data))
  }
}

extension StateRequest.Verb {
  /// It changes nothing and gives no credential.
  fileprivate var isReading: Bool { self == .get || self == .explain || self == .list }
}
