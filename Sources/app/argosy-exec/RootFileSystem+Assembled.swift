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
    let top = workDirectory + "/root"
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
      case S_IFLNK: Self.copyLink(base + name, top + "/" + name)
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
    if !Self.isReadOnly(name), try lay(name, base: base, at: target) { return }
    try show(base + name, at: target)
  }

  /// Lays an overlay over a directory. File systems mounted below it forbid that: then over each directory in it, and files are the machine's.
  /// False: neither can be done.
  private func lay(_ path: String, base: String, at target: String) throws(SandboxFailure) -> Bool {
    let upper = directory + "/upper/" + path
    let work = workDirectory + "/" + String(path.map { $0 == "/" ? "+" : $0 }) + ".work"
    mkdir(upper, 0o755)
    mkdir(work, 0o755)
    let result = mountOverlay(base + path, upper, work, at: target)
    if result == 0 { return true }
    if result == -ENODEV { throw SandboxFailure("overlayfs is not available: modprobe overlay") }
    guard MachineMounts.isAny(below: base + path) else { return false }
    let machine = open(base + path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard machine >= 0 else { return false }
    let names = Files.entries(of: machine).map(\.name)
    close(machine)
    for name in names {
      let source = base + path + "/" + name
      let place = target + "/" + name
      var info = stat()
      guard lstat(source, &info) == 0 else { continue }
      switch info.st_mode & S_IFMT {
      case S_IFLNK: Self.copyLink(source, place)
      case S_IFDIR:
        mkdir(place, 0o755)
        if try !lay(path + "/" + name, base: base, at: place) { try show(source, at: place) }
      case S_IFREG:
        Files.write(place, [], flags: O_WRONLY | O_CREAT)
        try show(source, at: place)
      default: break
      }
    }
    return true
  }

  /// Shows what the machine has, read-only.
  private func show(_ source: String, at target: String) throws(SandboxFailure) {
    let tree = clx_open_tree(source, 1)
    try check(tree, "cannot show \(source)")
    _ = clx_tree_read_only(tree)
    try check(clx_attach_tree(tree, target), "cannot mount at \(target.dropFirst((workDirectory + "/root").count))")
    close(tree)
  }

  /// What overlays need beside their upper layers, and the root that is put together.
  private var workDirectory: String { directory + "/work" }

  private static func copyLink(_ source: String, _ place: String) {
    var link = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    if readlink(source, &link, Int(PATH_MAX)) > 0 { symlink(link, place) }
  }
}
