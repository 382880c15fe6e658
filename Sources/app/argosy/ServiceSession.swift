import Basics
import CommandLine
import Glibc
import Processes

/// Installs, removes and shows the systemd unit of a server.
struct ServiceSession: Sendable {
  let options: ServiceOptions
  var environment: @Sendable (String) -> String? = { Terminal.environment($0) }

  /// Blocks.
  func run() throws -> ServiceOutcome {
    switch options.verb {
    case .install: try install()
    case .uninstall: try uninstall()
    case .status: try status()
    }
  }

  private var scope: ServiceOptions.Scope { options.scope ?? (geteuid() == 0 ? .system : .user) }
  private var unitName: String { options.name + ".service" }

  private func variable(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }

  /// Where the unit lies.
  private func unitFile() throws -> String {
    if scope == .system { return "/etc/systemd/system/" + unitName }
    if let base = variable("XDG_CONFIG_HOME"), base.hasPrefix("/") { return "\(base)/systemd/user/\(unitName)" }
    guard let home = variable("HOME"), home.hasPrefix("/") else {
      throw SubmitFailure("there is no home directory for the unit of a user: set HOME, or install the machine's service with --system")
    }
    return "\(home)/.config/systemd/user/\(unitName)"
  }

  private func unit() throws -> ServiceUnit {
    guard let resolved = realpath("/proc/self/exe", nil) else { throw FileError("open", "/proc/self/exe") }
    defer { free(resolved) }
    guard let named = options.data ?? (scope == .system ? DataDirectory.ofTheMachine : DataDirectory.usual(environment)) else {
      throw SubmitFailure("there is no home directory for the data: name a directory with --data DIR")
    }
    let whole = named.hasPrefix("/") ? named : try Self.currentDirectory() + "/" + named
    guard let data = LocalFiles.normalized(whole) else { throw SubmitFailure("\(named) is no path for data") }
    return ServiceUnit(
      scope: scope, program: String(cString: resolved), data: data, account: options.account, arguments: options.arguments)
  }

  private static func currentDirectory() throws -> String {
    guard let path = getcwd(nil, 0) else { throw FileError("getcwd", ".") }
    defer { free(path) }
    return String(cString: path)
  }

  // MARK: - Verbs

  private func install() throws -> ServiceOutcome {
    let unit = try unit()
    let text = try unit.text()
    let file = try unitFile()
    if options.isDryRun { return ServiceOutcome(text: text, remarks: ["the unit for \(file)"]) }
    try checkManager()
    let previous = try present(file)
    var owner: (user: uid_t, group: gid_t)?
    if let account = unit.account { owner = try Self.account(account) }
    let isNewData = !LocalFiles.exists(unit.data)
    try LocalFiles.makeDirectories(unit.data, mode: 0o700)
    if isNewData, let owner, chown(unit.data, owner.user, owner.group) != 0 { throw FileError("chown", unit.data) }
    do {
      try write(text, to: file)
      try systemctl(["daemon-reload"])
      try systemctl(["enable", unitName])
      try systemctl(["restart", unitName])
    } catch {
      let reason = lastLog()
      restore(previous, at: file)
      if isNewData { rmdir(unit.data) }
      throw SubmitFailure("\(error)\(reason)\(previous == nil ? "Nothing was installed." : "The service is as it was before.")")
    }
    var remarks: [String] = []
    if scope == .user, let user = variable("USER") ?? variable("LOGNAME"), !LocalFiles.exists("/var/lib/systemd/linger/\(user)") {
      remarks.append("the service ends with your last session: `loginctl enable-linger \(user)` keeps it")
    }
    let url = Self.url(in: unit.data) ?? ServerRecord.usualURL
    return ServiceOutcome(
      text: "\(file) installed; \(unitName) runs and serves \(url)\nlog in: argosy kubeconfig --data \(unit.data) --merge\n",
      remarks: remarks)
  }

  private func uninstall() throws -> ServiceOutcome {
    let file = try unitFile()
    guard try present(file) != nil else { throw SubmitFailure("\(file): no such unit. Nothing was removed.") }
    if options.isDryRun { return ServiceOutcome(text: "\(unitName) would be stopped and disabled, and \(file) removed (dry-run)\n") }
    let hasManager = (try? checkManager()) != nil
    if hasManager { try systemctl(["disable", "--now", unitName]) }
    guard unlink(file) == 0 else { throw FileError("unlink", file) }
    if hasManager {
      try systemctl(["daemon-reload"])
      _ = try? systemctl(["reset-failed", unitName])
    }
    return ServiceOutcome(text: "\(unitName) stopped and \(file) removed; the data stay\n")
  }

  private func status() throws -> ServiceOutcome {
    let file = try unitFile()
    guard LocalFiles.exists(file) else {
      return ServiceOutcome(text: "\(unitName) is not installed (\(file) is not there)\n", exitStatus: ConcludingStatus.failed.rawValue)
    }
    try checkManager()
    let fields = ["UnitFileState", "ActiveState", "SubState", "MainPID", "NRestarts", "ActiveEnterTimestamp", "Result"]
    let shown = try systemctl(["show", unitName, "--property=" + fields.joined(separator: ",")])
    var values: [Substring: Substring] = [:]
    for line in shown.split(separator: "\n") {
      let sides = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if sides.count == 2 { values[sides[0]] = sides[1] }
    }
    let isActive = values["ActiveState"] == "active"
    var lines = [("Unit:", file), ("Enabled:", String(values["UnitFileState"] ?? ""))]
    lines.append(("Active:", "\(values["ActiveState"] ?? "") (\(values["SubState"] ?? ""))"))
    if isActive {
      lines.append(("Since:", String(values["ActiveEnterTimestamp"] ?? "")))
      lines.append(("Process:", String(values["MainPID"] ?? "")))
    } else {
      lines.append(("Result:", String(values["Result"] ?? "")))
    }
    lines.append(("Restarts:", String(values["NRestarts"] ?? "0")))
    if let data = Self.data(in: (try? present(file)) ?? "") {
      lines.append(("Data:", data))
      if isActive, let url = Self.url(in: data) { lines.append(("Serves:", url)) }
    }
    let text = lines.map { $0.0 + String(repeating: " ", count: max(1, 12 - $0.0.count)) + $0.1 + "\n" }.joined()
    return ServiceOutcome(text: text, exitStatus: isActive ? ConcludingStatus.succeeded.rawValue : ConcludingStatus.failed.rawValue)
  }

  // MARK: - Files

  /// The unit's text; nil when there is none. Throws when it is somebody else's.
  private func present(_ file: String) throws -> String? {
    guard LocalFiles.exists(file) else { return nil }
    let text = String(decoding: try LocalFiles.read(file, limit: 1 << 20), as: UTF8.self)
    guard ServiceUnit.isOurs(text) else {
      throw SubmitFailure("\(file) was not made by `argosy service install`: choose another name with --name, or remove the file yourself")
    }
    return text
  }

  /// Puts the unit in its place in one step.
  private func write(_ text: String, to file: String) throws {
    if let parent = LocalFiles.parent(of: file) { try LocalFiles.makeDirectories(parent) }
    let temporary = "\(file).argosy-\(getpid())"
    do {
      try LocalFiles.write(Array(text.utf8), to: temporary)
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, file) == 0 else {
      let problem = FileError("rename", file)
      unlink(temporary)
      throw problem
    }
  }

  /// What was there before a failed installation: the earlier unit, which runs again, or none.
  private func restore(_ previous: String?, at file: String) {
    if let previous {
      try? write(previous, to: file)
      _ = try? systemctl(["daemon-reload"])
      _ = try? systemctl(["restart", unitName])
    } else {
      _ = try? systemctl(["disable", "--now", unitName])
      unlink(file)
      _ = try? systemctl(["daemon-reload"])
      _ = try? systemctl(["reset-failed", unitName])
    }
  }

  /// The data directory that a unit of ours names.
  private static func data(in unit: String) -> String? {
    guard let line = unit.split(separator: "\n").first(where: { $0.hasPrefix("RequiresMountsFor=") }) else { return nil }
    var value = line.dropFirst("RequiresMountsFor=".count)
    guard value.hasPrefix("\""), value.hasSuffix("\"") else { return String(value) }
    value = value.dropFirst().dropLast()
    var result = ""
    while let character = value.popFirst() {
      if character == "\\" || character == "%", let next = value.popFirst() { result.append(next) } else { result.append(character) }
    }
    return result
  }

  private static func url(in data: String) -> String? {
    (try? StateDirectory(existing: data)).flatMap { ServerRecord.read(in: $0)?.url }
  }

  private static func account(_ name: String) throws -> (user: uid_t, group: gid_t) {
    guard geteuid() == 0 else { throw SubmitFailure("--run-as needs root: use sudo") }
    guard let entry = getpwnam(name) else {
      throw SubmitFailure("there is no account \(name): make it, as with `useradd --system --create-home \(name)`")
    }
    return (entry.pointee.pw_uid, entry.pointee.pw_gid)
  }

  // MARK: - systemd

  /// Throws when no systemd can be asked.
  private func checkManager() throws {
    let byHand = "print the unit with --dry-run, or have what starts services here run `argosy server`"
    guard LocalFiles.isDirectory("/run/systemd/system") else {
      throw SubmitFailure("systemd does not run on this machine (there is no /run/systemd/system): \(byHand)")
    }
    guard Self.path(of: "systemctl", variable("PATH")) != nil else {
      throw SubmitFailure("there is no systemctl on the path, although systemd runs: install it, or \(byHand)")
    }
    if scope == .system && geteuid() != 0 && options.verb != .status {
      throw SubmitFailure("the machine's service needs root: use sudo, or --user for a service of your own")
    }
    if scope == .user, variable("XDG_RUNTIME_DIR") == nil, variable("DBUS_SESSION_BUS_ADDRESS") == nil {
      throw SubmitFailure(
        "this session has no systemd of the user (XDG_RUNTIME_DIR is not set, as after su or sudo): log in as the user, or use --system as root"
      )
    }
  }

  private static func path(of program: String, _ path: String?) -> String? {
    (path ?? "/usr/bin:/bin").split(separator: ":").map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
  }

  /// Runs systemctl and gives what it printed. Throws what it complains of.
  @discardableResult private func systemctl(_ arguments: [String]) throws -> String {
    let words = ["systemctl", scope == .system ? "--system" : "--user", "--no-pager", "--no-ask-password"] + arguments
    let program = Self.path(of: "systemctl", variable("PATH")) ?? "systemctl"
    let outcome = try Command.run([program] + words.dropFirst(), timeout: 180_000, outputLimit: 1 << 20)
    guard outcome.status == 0 else {
      let complaint = outcome.stderrText.split(separator: "\n").map { Printable.line(String($0)) }.joined(separator: "; ")
      let reason = outcome.isTimedOut ? "it took longer than three minutes" : complaint.isEmpty ? "status \(outcome.status)" : complaint
      throw SubmitFailure("systemctl \(arguments.joined(separator: " ")): \(reason)\n")
    }
    return outcome.stdoutText
  }

  /// The last lines of the service's log, each on a line of its own; empty where there is none to read.
  private func lastLog() -> String {
    guard let program = Self.path(of: "journalctl", variable("PATH")) else { return "" }
    let unit = scope == .system ? ["--unit", unitName] : ["--user-unit", unitName]
    guard
      let outcome = try? Command.run(
        [program] + unit + ["--no-pager", "--quiet", "--lines=10", "--output=cat"], timeout: 10_000, outputLimit: 1 << 16),
      outcome.status == 0
    else { return "" }
    return outcome.stdoutText.split(separator: "\n").map { "  " + Printable.line(String($0)) + "\n" }.joined()
  }
}
