import CLinux
import Glibc

/// Copies an output out of the container: a file, or a directory with what is below it. A symbolic link is followed at the top and kept
/// below it; modes are kept; sockets, pipes and devices are left out. What cannot be opened is left out; what cannot be written (a full disk)
/// is an error, and nothing of that output stays.
enum OutputCopy {
  /// 0 or an error number.
  static func copy(_ path: String, to directory: Int32, _ name: String) -> Int32 {
    let source = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard source >= 0 else { return 0 }
    let problem = copy(opened: source, to: directory, name, depth: 0)
    if problem != 0 { remove(name, in: directory) }
    return problem
  }

  private static func remove(_ name: String, in directory: Int32) {
    if unlinkat(directory, name, 0) == 0 { return }
    let inner = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard inner >= 0 else { return }
    for entry in Files.entries(of: inner) { remove(entry.name, in: inner) }
    close(inner)
    unlinkat(directory, name, AT_REMOVEDIR)
  }

  /// Closes `source`.
  private static func copy(opened source: Int32, to directory: Int32, _ name: String, depth: Int) -> Int32 {
    defer { close(source) }
    var info = stat()
    guard fstat(source, &info) == 0 else { return 0 }
    switch info.st_mode & S_IFMT {
    case S_IFREG:
      let target = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
      guard target >= 0 else { return errno }
      let problem = copyBytes(source, target)
      fchmod(target, info.st_mode & 0o777)
      close(target)
      return problem
    case S_IFDIR where depth < 200:
      mkdirat(directory, name, 0o700)
      let target = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard target >= 0 else { return errno }
      defer { close(target) }
      for entry in Files.entries(of: source) {
        let problem = copyEntry(entry.name, of: source, to: target, depth: depth + 1)
        if problem != 0 { return problem }
      }
      fchmod(target, info.st_mode & 0o777 | 0o700)
      return 0
    default: return 0
    }
  }

  private static func copyEntry(_ name: String, of source: Int32, to target: Int32, depth: Int) -> Int32 {
    var link = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let length = readlinkat(source, name, &link, Int(PATH_MAX))
    if length > 0 {
      return symlinkat(link, target, name) == 0 ? 0 : errno
    }
    let opened = openat(source, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    return opened >= 0 ? copy(opened: opened, to: target, name, depth: depth) : 0
  }

  private static func copyBytes(_ source: Int32, _ target: Int32) -> Int32 {
    var copied: Int64 = 0
    while clx_copy_range(source, target, 1 << 30, &copied) == 0, copied > 0 {}
    // Where the kernel cannot copy between these file systems the rest, mostly all, goes the long way.
    let size = 256 << 10
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = read(source, buffer, size)
      if count == 0 { return 0 }
      if count < 0 { return errno }
      if !Files.writeAll(target, UnsafeRawBufferPointer(start: buffer, count: count)) { return errno }
    }
  }
}
