import Basics
import CommandLine
import Glibc
import JSONValue
import YAMLText

@main
struct Main {
  static func main() async {
    let interrupts = Interrupts()
    let dependencies = CommandDependencies(
      run: { options in await onThread { RunSession(options: options, interrupts: interrupts).run() } },
      lint: { options in try await onThread { Result { try LintSession(options: options).run() } }.get() },
      probe: { await onThread { MachineProbes.all() } },
      parseDocument: { file in try YAMLText.documents(file.bytes).first?.value ?? .object([:]) })
    exit(await ArgosyCommandLine.main(Array(Swift.CommandLine.arguments.dropFirst()), dependencies: dependencies))
  }

  /// Runs what blocks on a thread of its own, so that it never holds one of the cooperative pool.
  private static func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      _ = startThread(name: "command") { continuation.resume(returning: body()) }
    }
  }
}
