import CLinux
import Contracts
import Glibc

/// What a container sees: the root directory copy-on-write, a private `/tmp`, `/dev`, `/proc`, a read-only `/sys`, the machine's other
/// file systems read-only, and the plan's mounts.
///
/// Sources are opened as detached mounts while the machine's tree is in sight, and attached after the change of root, so that links in
/// a target path mean what they mean inside the container.
struct RootFileSystem {
  var plan: PodPlan.Container
  var root: String
  var directory: String
  /// The mount of its overlay with `/dev`, `/sys` and `/tmp`, to be attached; -1: none is made yet.
  var overlay: Int32
  /// Where other real file systems are mounted on the machine; nil: to be looked up.
  var machineMounts: [String]?
  var isUserNamespace: Bool

  private struct Tree {
    var descriptor: Int32
    var target: String
    var isReadOnly: Bool
    var isDirectory: Bool
    /// What is wrong is no reason to refuse the container.
    var isOptional = false
  }

  /// Whom the supervisor runs as. In a new user namespace nobody is anybody until that is mapped, so it is to be asked for before.
  static let ownIdentity = (user: geteuid(), group: getegid())

  /// Makes it the root of this process.
  func enter() throws(SandboxFailure) {
    if isUserNamespace { mapIdentity(Self.ownIdentity.user, Self.ownIdentity.group) }
    try check(clx_mounts_private(), "cannot make mounts private")
    var trees: [Tree] = []
    if root == "/" { addMachineMounts(&trees) }
    addResolver(&trees)
    if overlay < 0 {
      if let sys = tree("/sys", at: "/sys", isReadOnly: true, isRecursive: isUserNamespace) { trees.append(sys) }
      chmod(directory + "/tmp", 0o1777)
      guard let temporary = tree(directory + "/tmp", at: "/tmp", isReadOnly: plan.isRootReadOnly) else {
        throw SandboxFailure("\(directory)/tmp", errno)
      }
      trees.append(temporary)
    }
    for mount in plan.mounts {
      let descriptor = clx_open_tree(mount.source, 1)
      if descriptor < 0 { throw SandboxFailure("cannot mount \(mount.source) at \(mount.target)", descriptor) }
      trees.append(
        Tree(
          descriptor: descriptor, target: mount.target, isReadOnly: mount.isReadOnly, isDirectory: Files.isDirectory(mount.source)))
    }
    if isUserNamespace { prepareUpper() }
    let top = isUserNamespace ? try assemble() : try mountOverlay()
    if chdir(top) != 0 { throw SandboxFailure(top, errno) }
    if overlay < 0 { try mountDevices() }
    try mountProcesses()
    try check(clx_pivot_here(), "cannot change the root directory")
    if overlay >= 0, plan.isRootReadOnly { try check(clx_remount_read_only("/tmp"), "cannot make /tmp read-only") }
    for tree in Self.inOrder(trees) { try attach(tree) }
  }

  /// Shallow targets first: what is mounted below them must come later. The order among equals is kept.
  private static func inOrder(_ trees: [Tree]) -> [Tree] {
    func depth(_ tree: Tree) -> Int { tree.target.utf8.split(separator: 0x2F).count }
    return trees.enumerated().sorted { (depth($0.element), $0.offset) < (depth($1.element), $1.offset) }.map(\.element)
  }

  /// Uses the types that a container's file system needs, for the first time in this process.
  static func rehearse(_ plan: PodPlan.Container) -> Bool {
    let trees = plan.mounts.map { Tree(descriptor: -1, target: $0.target, isReadOnly: $0.isReadOnly, isDirectory: true) }
    return inOrder(trees + trees).isEmpty
  }

  func check(_ result: Int32, _ what: String) throws(SandboxFailure) {
    guard result < 0 else { return }
    if result == -EACCES || result == -EPERM, isUserNamespace {
      throw SandboxFailure(
        what + ": not permitted in a user namespace: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or run as root")
    }
    throw SandboxFailure(what, result)
  }

  /// The own user becomes the wanted one, or root; there is only one to map without privileges.
  private func mapIdentity(_ user: UInt32, _ group: UInt32) {
    Files.write("/proc/self/setgroups", Array("deny".utf8), flags: O_WRONLY)
    Files.write("/proc/self/uid_map", Array("\(plan.user ?? 0) \(user) 1".utf8), flags: O_WRONLY)
    Files.write("/proc/self/gid_map", Array("\(plan.group ?? 0) \(group) 1".utf8), flags: O_WRONLY)
  }

  private func tree(_ source: String, at target: String, isReadOnly: Bool, isRecursive: Bool = true) -> Tree? {
    let descriptor = clx_open_tree(source, isRecursive ? 1 : 0)
    guard descriptor >= 0 else { return nil }
    return Tree(
      descriptor: descriptor, target: target, isReadOnly: isReadOnly, isDirectory: Files.isDirectory(source), isOptional: isReadOnly)
  }

  /// Real file systems mounted below `/`, read-only at the same place.
  private func addMachineMounts(_ trees: inout [Tree]) {
    for target in machineMounts ?? MachineMounts.read() {
      if let mount = tree(target, at: target, isReadOnly: true, isRecursive: isUserNamespace) { trees.append(mount) }
    }
  }

  /// `/etc/resolv.conf` is often a link into `/run`, which is not copied: its target is shown at its place.
  private func addResolver(_ trees: inout [Tree]) {
    var link = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    guard root == "/", readlink("/etc/resolv.conf", &link, Int(PATH_MAX)) > 0, let resolved = realpath("/etc/resolv.conf", nil) else {
      return
    }
    let path = String(cString: resolved)
    if path.hasPrefix("/run/"), !plan.mounts.contains(where: { $0.target == path }), let mount = tree(path, at: path, isReadOnly: true) {
      trees.append(mount)
    }
  }

  /// Without privileges directories of root cannot be written in the overlay, even by the namespace's root. Those that mounts need, and
  /// those that steps like to write, are laid into the upper layer beforehand: there they belong to us, and their content shows through.
  private func prepareUpper() {
    var paths = ["opt", "mnt", "srv", "usr", "usr/local", "var", "var/lib", "var/tmp", "etc", "home"].map { Substring($0) }
    for target in plan.mounts.map(\.target) + [plan.workingDirectory] {
      let parts = target.split(separator: "/")
      for count in parts.indices { paths.append(Substring(parts[...count].joined(separator: "/"))) }
    }
    for path in paths {
      var info = stat()
      let lower = lstat(root + "/" + path, &info)
      // A link's meaning is the container's business, a file's place is not a directory's.
      if lower == 0, info.st_mode & S_IFMT != S_IFDIR { continue }
      if lower != 0, plan.mounts.contains(where: { $0.target == "/" + path && !Files.isDirectory($0.source) }) { continue }
      mkdir(directory + "/upper/" + path, 0o755)
    }
  }

  /// Mounts an overlay; 0 or a negative error number.
  func mountOverlay(_ lower: String, _ upper: String, _ work: String, at place: String, isVolatile: Bool = true) -> Int32 {
    func escaped(_ path: String) -> String {
      var result = ""
      for character in path.unicodeScalars {
        if character == ":" || character == "," || character == "\\" { result += "\\" }
        result.unicodeScalars.append(character)
      }
      return result
    }
    var options = "lowerdir=\(escaped(lower)),upperdir=\(escaped(upper)),workdir=\(escaped(work))"
    if isUserNamespace { options += ",userxattr" }
    // `volatile`: without it the end of the overlay waits for the disk of the whole upper file system.
    let result = isVolatile ? clx_mount("overlay", place, "overlay", 0, options + ",volatile") : -EINVAL
    return result == -EINVAL ? clx_mount("overlay", place, "overlay", 0, options) : result
  }

  /// The mount point of the overlay: the upper layer's own directory, which nobody needs to see.
  private func mountOverlay() throws(SandboxFailure) -> String {
    let top = directory + "/upper"
    if overlay >= 0 {
      try check(clx_attach_tree(overlay, top), "cannot mount the root directory")
      close(overlay)
      return top
    }
    var result = mountOverlay(root, top, directory + "/work", at: top)
    if result < 0, result != -ENODEV {
      let work = directory + "/work"
      if clx_mount("tmpfs", work, "tmpfs", 0, "mode=755") == 0 {
        mkdir(work + "/upper", 0o755)
        mkdir(work + "/work", 0o755)
        result = mountOverlay(root, work + "/upper", work + "/work", at: top, isVolatile: false)
      }
    }
    if result == -ENODEV { throw SandboxFailure("overlayfs is not available: modprobe overlay") }
    try check(result, "cannot mount an overlay of \(root)")
    return top
  }

  /// `/dev` with the usual devices, terminals and a private `shm`; runs in the new root before it is one.
  private func mountDevices() throws(SandboxFailure) {
    var result = clx_mount("tmpfs", "dev", "tmpfs", UInt(MS_NOSUID), "mode=755,size=67108864")
    if result == -ENOENT, mkdir("dev", 0o755) == 0 { result = clx_mount("tmpfs", "dev", "tmpfs", UInt(MS_NOSUID), "mode=755") }
    try check(result, "cannot mount /dev")
    mkdir("dev/pts", 0o755)
    _ = clx_mount("devpts", "dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=620")
    let devices = open("dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard devices >= 0 else { throw SandboxFailure("/dev", errno) }
    for name in DeviceFiles.make(in: devices, isUserNamespace: isUserNamespace) {
      // The machine's own, where no node can be made.
      Files.write("dev/" + name, [], flags: O_WRONLY | O_CREAT)
      _ = clx_mount("/dev/" + name, "dev/" + name, nil, UInt(MS_BIND), nil)
    }
    close(devices)
  }

  /// A new `/proc` for the new PID namespace; where the kernel refuses that (inside other containers) the old one.
  private func mountProcesses() throws(SandboxFailure) {
    let flags = UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC)
    var result = clx_mount("proc", "proc", "proc", flags, nil)
    if result == -ENOENT, mkdir("proc", 0o755) == 0 { result = clx_mount("proc", "proc", "proc", flags, nil) }
    if result == -EPERM { result = clx_mount("/proc", "proc", nil, UInt(MS_BIND | MS_REC), nil) }
    try check(result, "cannot mount /proc")
  }

  private func attach(_ tree: Tree) throws(SandboxFailure) {
    defer { close(tree.descriptor) }
    var isReadOnlySet = true
    if tree.isReadOnly { isReadOnlySet = clx_tree_read_only(tree.descriptor) == 0 }
    var result = clx_attach_tree(tree.descriptor, tree.target)
    if result == -ENOENT || result == -ENOTDIR {
      let made = makeTarget(tree)
      result = made == 0 ? clx_attach_tree(tree.descriptor, tree.target) : -made
    }
    if result == 0, !isReadOnlySet { result = clx_remount_read_only(tree.target) }
    if result < 0, !tree.isOptional { throw SandboxFailure("cannot mount at \(tree.target)", result) }
  }

  private func makeTarget(_ tree: Tree) -> Int32 {
    if tree.isDirectory { return Files.makeDirectories(tree.target) }
    if let slash = tree.target.utf8.lastIndex(of: 0x2F), slash > tree.target.startIndex {
      let problem = Files.makeDirectories(String(tree.target[..<slash]))
      if problem != 0 { return problem }
    }
    let file = open(tree.target, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    guard file >= 0 else { return errno }
    close(file)
    return 0
  }
}
