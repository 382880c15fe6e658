import CLinux
import Glibc
import Processes

/// What this machine lets the sandbox do, for `argosy doctor`.
package struct SandboxCapabilities: Sendable, Hashable {
  package struct Finding: Sendable, Hashable {
    package var name: String
    package var isAvailable: Bool
    /// What to do about it, in one line; nil when it is available.
    package var remedy: String?
  }

  package var findings: [Finding]
  /// Whether pods can run in namespaces: everything but control groups is needed for that.
  package var canIsolate: Bool { findings.allSatisfy { $0.isAvailable || $0.name == "cgroups" } }

  /// Tries everything out for real; leaves nothing behind. Costs some milliseconds and blocks.
  ///
  /// - Parameter stateDirectory: where pods' directories will lie; it must exist and be writable.
  package static func probe(stateDirectory: String) -> SandboxCapabilities {
    var findings: [Finding] = []
    func note(_ name: String, _ isAvailable: Bool, _ remedy: String) {
      findings.append(Finding(name: name, isAvailable: isAvailable, remedy: isAvailable ? nil : remedy))
    }
    let pidfd = clx_pidfd_open(getpid())
    if pidfd >= 0 { close(pidfd) }
    note("pidfd", pidfd >= 0, "Linux 5.12 or newer is needed")
    let isRoot = geteuid() == 0
    note(
      "user namespaces", unshare(["--user", "--map-root-user", "true"]) || isRoot,
      "sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000")
    let user = isRoot && unshare(["--mount", "true"]) ? [] : ["--user", "--map-root-user"]
    note(
      "mount namespaces",
      unshare(user + ["--mount", "--pid", "--ipc", "--fork", "sh", "-c", "mount -t tmpfs tmpfs /mnt || mount -t tmpfs tmpfs /tmp"]),
      "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or run as root")
    note(
      "overlayfs", overlay(user, stateDirectory),
      "modprobe overlay; keep the state directory on ext4, xfs or btrfs; without root Linux 5.11 or newer is needed")
    note("cgroups", hasWritableGroups(), "run as root, or in a delegated group: systemd-run --user -p Delegate=yes")
    return SandboxCapabilities(findings: findings)
  }

  private static func unshare(_ arguments: [String]) -> Bool {
    (try? Command.run(["unshare"] + arguments, timeout: 5000))?.status == 0
  }

  private static func overlay(_ user: [String], _ directory: String) -> Bool {
    let place = directory + "/.probe-\(getpid())"
    let paths = [place, place + "/upper", place + "/work"]
    for path in paths { mkdir(path, 0o755) }
    defer { _ = try? Command.run(["rm", "-rf", place], timeout: 5000) }
    let extra = user.isEmpty ? "" : ",userxattr"
    // Without root the whole of `/` cannot be a lower layer, single directories can.
    let options = "lowerdir=\(user.isEmpty ? "/" : "/usr"),upperdir=\(place)/upper,workdir=\(place)/work,volatile\(extra)"
    return unshare(user + ["--mount", "mount", "-t", "overlay", "overlay", "-o", options, place + "/upper"])
  }

  private static func hasWritableGroups() -> Bool {
    if access("/sys/fs/cgroup/memory/cgroup.procs", W_OK) == 0 { return true }
    guard let bytes = PodFiles.read("/proc/self/cgroup") else { return false }
    let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("0::") }
    guard let line else { return false }
    return access("/sys/fs/cgroup" + line.dropFirst(3) + "/cgroup.subtree_control", W_OK) == 0
  }
}
