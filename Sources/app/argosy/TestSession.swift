import Basics
import CommandLine
import Glibc
import JSONValue
import Synchronization
import Validation
import WorkflowTesting

/// One `argosy test`: finds the tests, runs them on all processors, reports.
struct TestSession: Sendable {
  let options: TestOptions
  let write: @Sendable (String) -> Void

  func run() throws -> Int32 {
    var start = LocalFiles.modificationClock
    var (status, files) = try once()
    guard options.isWatching else { return status }
    var seen = Self.state(of: files, readSince: start)
    while true {
      usleep(300_000)
      start = LocalFiles.modificationClock
      if Self.state(of: files) == seen { continue }
      write("\n")
      do { (status, files) = try once() } catch { write("\(error)\n") }
      seen = Self.state(of: files, readSince: start)
    }
  }

  /// When the files, and the directories that they are in, were last changed; what has gone is 0. What changed at `readSince` or later may have
  /// been read before or after: it is -1, which no state has later, so that it is read once more.
  private static func state(of files: Set<String>, readSince: Int = .max) -> [String: Int] {
    var result: [String: Int] = [:]
    for file in files.union(files.map { LocalFiles.parent(of: $0) ?? "." }) {
      let changed = LocalFiles.modified(file) ?? 0
      result[file] = changed < readSince ? changed : -1
    }
    return result
  }

  private func once() throws -> (status: Int32, files: Set<String>) {
    var given: [String: [UInt8]] = [:]
    var order: [String] = []
    for file in try InputFiles.collect(options.paths) {
      given[file.name] = file.bytes
      order.append(file.name)
    }
    let read = given
    var loader = WorkflowTestLoader { name in try read[name] ?? InputFiles.read(name).bytes }
    var diagnostics: [Diagnostic] = []
    var tests: [WorkflowTest] = []
    for name in order where WorkflowTestLoader.isTestFile(name) || read[name].map(Self.mayHoldTests) == true {
      do {
        tests += try loader.tests(in: name, diagnostics: &diagnostics)
      } catch let failure as WorkflowTestLoader.Failure {
        throw SubmitFailure(failure.description)
      }
    }
    if diagnostics.hasErrors {
      let sources = read.mapValues { String(decoding: $0, as: UTF8.self) }
      write(DiagnosticReport(diagnostics, isColored: options.isColored, source: { sources[$0] }).pretty)
      return (1, loader.files)
    }
    if let filter = options.filter { tests = tests.filter { TestFilter.matches(filter, $0.name) } }
    let results = Self.parallel(tests)
    let report = TestReport(results)
    switch options.form {
    case .pretty: write(results.isEmpty ? "no tests found\n" : report.pretty(isColored: options.isColored))
    case .tap: write(report.tap)
    case .junit: write(report.junit)
    case .json: write(report.json.text(.pretty) + "\n")
    }
    if options.showsCoverage, options.form == .pretty {
      var coverage = Coverage()
      for result in results { coverage.add(result.coverage) }
      write(coverage.text)
    }
    return (results.isEmpty || !report.failed.isEmpty ? 1 : 0, loader.files)
  }

  /// Manifests without tests need not be parsed.
  private static func mayHoldTests(_ bytes: [UInt8]) -> Bool {
    let text = String(decoding: bytes, as: UTF8.self)
    return text.contains("WorkflowTest") || text.contains("apiVersion: argosy/")
  }

  /// The results in the order of the tests.
  private static func parallel(_ tests: [WorkflowTest]) -> [TestResult] {
    let next = Mutex(0)
    let results = Mutex<[Int: TestResult]>([:])
    @Sendable func work() {
      while true {
        let index = next.withLock { value in
          defer { value += 1 }
          return value
        }
        guard index < tests.count else { return }
        let result = tests[index].run()
        results.withLock { $0[index] = result }
      }
    }
    let count = min(max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))), tests.count)
    let others = (1..<max(1, count)).map { _ in startThread(name: "test") { work() } }
    work()
    for thread in others { thread.join() }
    let found = results.withLock { $0 }
    return tests.indices.compactMap { found[$0] }
  }
}
