import Glibc
import JSONValue
import Synchronization

/// How many runs go on at once: more of them than cores would only wait for each other and run late.
actor Slots {
  static let shared = Slots(4)
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(_ count: Int) { free = count }

  func take() async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  func give() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}

/// One test's directory and how it runs programs in it. Nothing of it is left at the end: neither files nor processes.
final class Bench: Sendable {
  /// Not below `/tmp`, which is private to each step: commands that a test puts on the path must be seen there.
  let directory: String
  private let count = Mutex(0)
  private let extra: Mutex<[String: String]>

  init(environment: [String: String] = [:]) throws {
    var template = Array("/var/tmp/argosy-binary-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw KitError(call: "mkdtemp", "/var/tmp") }
    directory = String(cString: made)
    extra = Mutex(environment)
    for name in ["bin", "tmp", "logs"] { try Files.makeDirectories(directory + "/" + name) }
    Undertaker.shared.knows(directory)
    guard symlink(Parts.argosy, directory + "/bin/argosy") == 0 else { throw KitError(call: "symlink", Parts.argosy) }
  }

  deinit {
    for _ in 0..<100 {
      let left = processes()
      if left.isEmpty { break }
      for process in left { kill(process.pid, SIGKILL) }
      usleep(20_000)
    }
    Files.remove(tree: directory)
    Undertaker.shared.forgets(directory)
  }

  /// Where argosy makes the state of runs that name none.
  var temporary: String { directory + "/tmp" }

  func path(_ name: String) -> String { name.hasPrefix("/") ? name : directory + "/" + name }

  /// Writes a file and gives its path.
  @discardableResult func file(_ name: String, _ text: String) throws -> String { try file(name, Array(text.utf8)) }

  @discardableResult func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    let path = path(name)
    if let slash = path.lastIndex(of: "/") { try Files.makeDirectories(String(path[..<slash])) }
    try Files.write(path, bytes)
    return path
  }

  /// Puts a program on the path of everything that runs here, steps too.
  func command(_ name: String, _ text: String) throws { try Files.write(path("bin/" + name), Array(text.utf8), mode: 0o755) }

  func text(_ name: String) -> String { Files.text(path(name)) }
  func lines(_ name: String) -> [String] { text(name).split(separator: "\n").map(String.init) }
  func exists(_ name: String) -> Bool { Files.exists(path(name)) }

  func set(_ name: String, _ value: String) { extra.withLock { $0[name] = value } }

  /// The environment of everything that is run: `PATH` holds this directory, which marks the processes of this test.
  var environment: [String: String] {
    var result = ["PATH": directory + "/bin:" + Parts.path, "TMPDIR": temporary, "LANG": "C.UTF-8", "TERM": "dumb"]
    result["HOME"] = Parts.environment["HOME"] ?? "/root"
    result["PYENV_ROOT"] = Parts.environment["PYENV_ROOT"]
    return result.merging(extra.withLock { $0 }) { $1 }
  }

  func start(_ arguments: [String], input: String? = nil) throws -> Child {
    let number = count.withLock { count in
      count += 1
      return count
    }
    return try Child(arguments, directory: directory, environment: environment, logs: "\(directory)/logs/\(number)", input: input)
  }

  /// Runs a program to its end.
  func run(_ arguments: [String], input: String? = nil, within limit: Duration = .seconds(600)) async throws -> Outcome {
    try await start(arguments, input: input).wait(limit)
  }

  /// Runs a bash script to its end; throws when it fails.
  @discardableResult func shell(_ script: String, within limit: Duration = .seconds(600)) async throws -> String {
    let outcome = try await run(["bash", "-euo", "pipefail", "-c", script], within: limit)
    guard outcome.status == 0 else { throw KitError("\(script)\n\(outcome)") }
    return outcome.out
  }

  /// Runs `argosy` to its end, with few others at once.
  func argosy(_ arguments: String..., input: String? = nil, within limit: Duration = .seconds(600)) async throws -> Outcome {
    try await argosy(arguments, input: input, within: limit)
  }

  func argosy(_ arguments: [String], input: String? = nil, within limit: Duration = .seconds(600)) async throws -> Outcome {
    await Slots.shared.take()
    let result: Result<Outcome, any Error>
    do { result = .success(try await run([Parts.argosy] + arguments, input: input, within: limit)) } catch { result = .failure(error) }
    await Slots.shared.give()
    return try result.get()
  }

  /// Processes of this test, except those that are waited for elsewhere: their arguments or environment name its directory.
  func processes() -> [(pid: pid_t, arguments: String)] {
    let marker = Array(directory.utf8)
    return Files.names("/proc").compactMap { name in
      guard let pid = pid_t(name), pid != getpid() else { return nil }
      let arguments = Files.bytes("/proc/\(name)/cmdline") ?? []
      let environment = Files.bytes("/proc/\(name)/environ") ?? []
      guard Files.contains(arguments, marker) || Files.contains(environment, marker) else { return nil }
      return (pid, String(decoding: arguments.map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self))
    }
  }

  /// Waits until no process of this test is left.
  func settled(within limit: Duration = .seconds(10)) async -> [String] {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline, !processes().isEmpty { try? await Task.sleep(for: .milliseconds(20)) }
    return processes().map { "\($0.pid) \($0.arguments)" }
  }
}
