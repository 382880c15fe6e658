import Contracts
import Glibc
import KubeModel
import Processes

extension SandboxRunner {
  package func exec(
    directory: String, _ request: ExecRequest, output: @escaping @Sendable (ExecOutput) -> Void
  ) throws(KubeStatus) -> any ExecSession {
    guard !request.command.isEmpty else { throw KubeStatus(.badRequest, "you must specify at least one command for the container") }
    let report = PodFiles.report(directory)
    guard let report, !report.isFinished, report.containers.contains(where: { $0.name == request.container && $0.process != nil }) else {
      throw KubeStatus(.badRequest, "container not found (\"\(request.container)\")")
    }
    var arguments = [executable, "--join", directory, request.container]
    if request.hasInput { arguments.append("--input") }
    if request.hasTerminal { arguments.append("--terminal") }
    do throws(ProcessError) {
      let session = try JoinSession(
        arguments + ["--"] + request.command, hasInput: request.hasInput, hasTerminal: request.hasTerminal, output: output)
      try session.begin()
      return session
    } catch {
      throw KubeStatus(.internalError, "Internal error occurred: error executing command in container: \(error)")
    }
  }
}
