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
      control: { request in try await onThread { Result { try ControlSession(request: request).run() } }.get() },
      yaml: { YAMLText.text($0) })
    let arguments = Array(Swift.CommandLine.arguments.dropFirst())
    let status = Mailbox<Int32>()
    Task.detached { status.post(await ArgosyCommandLine.main(arguments, dependencies: dependencies)) }
    exit(status.takeFirst() ?? 1)
  }

  /// Runs what blocks on a thread of its own, so that it never holds one of the cooperative pool.
  private static func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      _ = startThread(name: "command") { continuation.resume(returning: body()) }
    }
  }
}
