import AuditLog
import Basics
import CommandLine
import Contracts
import Glibc
import Identity
import JSONValue
import KubeModel
import ResourceDB
import WorkflowService

/// One command on a kept state: handed to the process that serves it, or applied to what is stored.
struct ControlSession: Sendable {
  let request: StateRequest

  /// How often an owner that does not answer is waited for, each time for 20 ms.
  private static let patience = 150

  func run() throws -> [JSON] {
    let directory = try StateDirectory(existing: request.directory)
    var attempt = 0
    while true {
      if let answer = try ControlSocket.ask(request, directory: directory.path) { return answer }
      if let store = try open(directory, isLast: attempt == Self.patience) { return try act(on: store, directory) }
      // Its owner has just begun and does not listen yet, or is another command.
      attempt += 1
      usleep(20_000)
    }
  }

  /// Says it to the process that serves the state; false when none does.
  func tell() throws -> Bool { try ControlSocket.ask(request, directory: request.directory) != nil }

  /// nil when the state is in use and may be free soon.
  private func open(_ directory: StateDirectory, isLast: Bool) throws(KubeStatus) -> ResourceDatabase? {
    let isRotation = request.verb == .rotateKey
    do throws(KubeStatus) {
      // A state without a key gets one by the command that changes it.
      return try directory.open(
        ResourceDatabaseSettings(),
        sealing: isRotation ? try SecretKeys.prepared(in: directory.keys) : try SecretKeys.existing(in: directory.keys))
    } catch {
      if isLast || error.reason != .serviceUnavailable { throw error }
      return nil
    }
  }

  private func act(on store: ResourceDatabase, _ directory: StateDirectory) throws -> [JSON] {
    defer { store.close() }
    guard let audit = try LocalAudit.open(directory) else { return try carryOut(on: store, directory) }
    defer { audit.close() }
    return try LocalAudit(log: audit).recording(request, by: .own) { try carryOut(on: store, directory) }
  }

  private func carryOut(on store: ResourceDatabase, _ directory: StateDirectory) throws -> [JSON] {
    if let answer = try KeyControl(store: store, directory: directory).answer(request) { return answer }
    let workflows = WorkflowService(store: store, settings: Wiring.settings(store))
    let control = StateControl(store: store, workflows: workflows)
    switch request.verb {
    case .get, .explain, .list, .rotateKey, .token, .backup: return try control.answer(request)
    case .stop, .terminate, .suspend, .resume, .set:
      // Decides as the run's own process would, and starts no pods: `--resume` does that.
      try workflows.start()
      defer { workflows.stop() }
      return try control.answer(request)
    }
  }
}
