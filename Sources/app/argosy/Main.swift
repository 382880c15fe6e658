import Basics
import CommandLine
import Glibc
import JSONValue
import YAMLText

@main
struct Main {
  /// Not `async`: signals must be blocked before the runtime starts its first thread, so that all threads inherit that.
  static func main() {
    let interrupts = Interrupts()
    guard FileDescriptorLimit.raise() else {
      Diagnostics.report(
        "only \(FileDescriptorLimit.hard) file descriptors are allowed, \(FileDescriptorLimit.needed) are needed: ulimit -n 1024")
      exit(ConcludingStatus.invalid.rawValue)
    }
    let dependencies = CommandDependencies(
      run: { options in await onThread { RunSession(options: options, interrupts: interrupts).run() } },
      lint: { options in try await onThread { Result { try LintSession(options: options).run() } }.get() },
      probe: { await onThread { MachineProbes.all() } },
      parseDocument: { file in try YAMLText.documents(file.bytes).first?.value ?? .object([:]) },
      server: { options in await ServerSession(options: options, interrupts: interrupts).run() },
      control: { request in try await onThread { Result { try ControlSession(request: request).run() } }.get() },
      kubeconfig: { options in try await onThread { Result { try KubeconfigSession(options: options).run() } }.get() },
      yaml: { YAMLText.text($0) }, languageServer: { await onThread { LanguageSession().run() } }, schemas: { KindSchemas.all() },
      explain: { workflow, node in KindSchemas.explained(workflow, node) }, convert: { try KindSchemas.converted($0) },
      test: { options, write in try await onThread { Result { try TestSession(options: options, write: write).run() } }.get() },
      plan: { options in try await onThread { Result { try PlanSession(options: options).run() } }.get() },
      manifests: { try ManifestDocuments.read($0, isStrict: $1) },
      localServer: { data in try await onThread { Result { try LocalServerSession(data: data).find() } }.get() },
      endsOnInterrupt: { interrupts.observe { _ in _exit(ConcludingStatus.interrupted.rawValue) } },
      service: { options in try await onThread { Result { try ServiceSession(options: options).run() } }.get() },
      operations: OperationSessions.all(interrupts),
      program: ProgramName(path: Swift.CommandLine.arguments.first ?? ""))
    let arguments = Array(Swift.CommandLine.arguments.dropFirst())
    let status = Mailbox<Int32>()
    Task.detached { status.post(await ArgosyCommandLine.main(arguments, dependencies: dependencies)) }
    exit(status.takeFirst() ?? 1)
  }

  /// Runs what blocks on a thread of its own, so that it never holds one of the cooperative pool.
  static func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      _ = startThread(name: "command") { continuation.resume(returning: body()) }
    }
  }
}
