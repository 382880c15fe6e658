import CLinux
import Glibc

/// Without privileges the kernel lets nobody lay an overlay over `/`: the machine's mounts below it are locked to their places. So the
/// root is an own directory, in which each top directory is an overlay of its own, or the machine's, read-only.
extension RootFileSystem {
  /// Directories that hold programs only, or what is private to the machine's root.
  private static func isReadOnly(_ name: String) -> Bool { ["bin", "sbin", "boot", "lost+found"].contains(name) || name.hasPrefix("lib") }
  /// Directories that are mounted afresh or begin empty.
  private static func isFresh(_ name: String) -> Bool { ["proc", "sys", "dev", "tmp", "run", "root"].contains(name) }

  /// Makes the root and returns where it is.
  func assemble() throws(SandboxFailure) -> String {
    let top = directory + "/work/root"
    mkdir(top, 0o755)
    try check(clx_mount(top, top, nil, UInt(MS_BIND), nil), "cannot mount the root directory")
    let machine = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard machine >= 0 else { throw SandboxFailure(root, errno) }
    let names = Files.entries(of: machine).map(\.name)
    close(machine)
    let base = root == "/" ? "/" : root + "/"
    for name in names {
      var info = stat()
      guard lstat(base + name, &info) == 0 else { continue }
      switch info.st_mode & S_IFMT {
      case S_IFLNK:
        var link = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        if readlink(base + name, &link, Int(PATH_MAX)) > 0 { symlink(link, top + "/" + name) }
      case S_IFDIR: try place(name, base: base, top: top)
      default: break
      }
    }
    return top
  }

  private func place(_ name: String, base: String, top: String) throws(SandboxFailure) {
    let target = top + "/" + name
    mkdir(target, 0o755)
    if Self.isFresh(name) { return }
    if !Self.isReadOnly(name) {
      let upper = directory + "/upper/" + name
      let work = directory + "/work/" + name + ".work"
      mkdir(upper, 0o755)
      mkdir(work, 0o755)
      let result = overlay(base + name, upper, work, at: target)
      if result == 0 { return }
      if result == -ENODEV { throw SandboxFailure("overlayfs is not available: modprobe overlay") }
    }
    // File systems mounted below a directory forbid the overlay too.
    let tree = clx_open_tree(base + name, 1)
    try check(tree, "cannot show \(base)\(name)")
    _ = clx_tree_read_only(tree)
    try check(clx_attach_tree(tree, target), "cannot mount at /\(name)")
    close(tree)
  }
}
