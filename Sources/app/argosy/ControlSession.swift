import Basics
import CommandLine
import Contracts
import Glibc
import JSONValue
import KubeModel
import ResourceDB
import WorkflowService

/// One command on a kept state: handed to the process that serves it, or applied to what is stored.
struct ControlSession: Sendable {
  let request: StateRequest

  func run() throws -> [JSON] {
    let directory = try StateDirectory(existing: request.directory)
    if let answer = try ControlSocket.ask(request, directory: directory.path) { return answer }
    let store = try ResourceDatabase(file: directory.database)
    defer { store.close() }
    let workflows = WorkflowService(store: store, settings: Wiring.settings(store))
    let control = StateControl(store: store, workflows: workflows)
    switch request.verb {
    case .get, .list: return try control.answer(request)
    case .stop, .terminate, .suspend, .resume, .set:
      // Decides as the run's own process would, and starts no pods: `--resume` does that.
      try workflows.start()
      defer { workflows.stop() }
      return try control.answer(request)
    }
  }
}
