/// The systemd unit of a server, as text (systemd.service(5), systemd.exec(5)).
package struct ServiceUnit: Sendable, Hashable {
  package var scope: ServiceOptions.Scope
  /// The program, by its whole path.
  package var program: String
  /// The data directory, by its whole path.
  package var data: String
  package var account: String?
  /// Further arguments of `argosy server`.
  package var arguments: [String]

  /// The first line of every unit that Argosy writes: a file without it is somebody else's.
  package static let mark = "# Made by `argosy service install`, which may replace it; `argosy service uninstall` removes it."

  package init(scope: ServiceOptions.Scope, program: String, data: String, account: String? = nil, arguments: [String] = []) {
    self.scope = scope
    self.program = program
    self.data = data
    self.account = account
    self.arguments = arguments
  }

  /// Whether a unit file's text was written by Argosy.
  package static func isOurs(_ text: String) -> Bool { text.hasPrefix(mark + "\n") }

  /// The unit. Throws when a word cannot stand in one.
  package func text() throws(SubmitFailure) -> String {
    var command = [try Self.quoted(program), "server", "--data", try Self.quoted(data, isArgument: true)]
    for argument in arguments { command.append(try Self.quoted(argument, isArgument: true)) }
    var lines = [
      Self.mark, "[Unit]", "Description=Argosy: Argo Workflows on this machine", "Wants=network-online.target",
      "After=network-online.target", "RequiresMountsFor=\(try Self.quoted(data))", "StartLimitIntervalSec=5min", "StartLimitBurst=10", "",
      "[Service]", "Type=notify", "ExecStart=\(command.joined(separator: " "))",
    ]
    if let account { lines.append("User=\(try Self.quoted(account))") }
    lines += [
      "Restart=on-failure", "RestartSec=2s", "# Bad usage stays bad.", "RestartPreventExitStatus=2", "TimeoutStopSec=90s", "",
      "# Pods outlive the server: the next start takes them up, and one that the kernel kills for its memory is no failure of the server.",
      "KillMode=process", "OOMPolicy=continue", "TasksMax=infinity", "# Limits of containers are control groups below this one.",
      "Delegate=yes", "",
    ]
    lines += hardening
    lines += ["", "[Install]", "WantedBy=\(scope == .system ? "multi-user.target" : "default.target")"]
    return lines.map { $0 + "\n" }.joined()
  }

  /// What nothing that runs in a sandbox may do. The rest of what systemd offers takes away what steps are given on purpose: volumes of
  /// the host (ProtectSystem, ProtectHome, PrivateTmp, PrivateDevices), namespaces and a `/proc` of their own (RestrictNamespaces,
  /// ProtectProc, ProtectKernelTunables, ProtectKernelLogs, PrivateUsers), programs that write machine code (MemoryDenyWriteExecute) or
  /// unpack setuid files (RestrictSUIDSGID).
  private var hardening: [String] {
    var lines = [
      "# Not for a sandbox either: the clock, the kernel's modules, raw devices, reboot, swap.",
      "SystemCallFilter=~@clock @cpu-emulation @module @obsolete @raw-io @reboot @swap", "SystemCallErrorNumber=EPERM",
      "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK", "RestrictRealtime=yes", "LockPersonality=yes",
    ]
    if scope == .system {
      lines += [
        "CapabilityBoundingSet=~CAP_SYS_MODULE CAP_SYS_RAWIO CAP_SYS_BOOT CAP_SYS_TIME CAP_WAKE_ALARM CAP_SYSLOG CAP_MAC_ADMIN CAP_MAC_OVERRIDE CAP_BPF CAP_PERFMON",
        "KeyringMode=private",
      ]
    }
    return lines
  }

  /// A word as systemd's parser reads it back: in quotes, with `%` doubled, and in a command's arguments `$` too.
  static func quoted(_ word: String, isArgument: Bool = false) throws(SubmitFailure) -> String {
    guard !word.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
      throw SubmitFailure("'\(Printable.line(word))' has a control character, which cannot stand in a unit")
    }
    let isPlain =
      !word.isEmpty
      && word.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "/._-:=,@+[]".utf8.contains(byte)
        }
      }
    if isPlain { return word }
    var result = "\""
    for character in word {
      switch character {
      case "\"", "\\": result += "\\" + String(character)
      case "%": result += "%%"
      case "$" where isArgument: result += "$$"
      default: result.append(character)
      }
    }
    return result + "\""
  }
}
