import CLinux
import Glibc

/// Copies an output out of the container: a file, or a directory with what is below it. A symbolic link is followed at the top and kept
/// below it; modes are kept; sockets, pipes and devices are left out. What cannot be read is left out.
enum OutputCopy {
  static func copy(_ path: String, to directory: Int32, _ name: String) {
    let source = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard source >= 0 else { return }
    copy(opened: source, to: directory, name, depth: 0)
  }

  /// Closes `source`.
  private static func copy(opened source: Int32, to directory: Int32, _ name: String, depth: Int) {
    defer { close(source) }
    var info = stat()
    guard fstat(source, &info) == 0 else { return }
    switch info.st_mode & S_IFMT {
    case S_IFREG:
      let target = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
      guard target >= 0 else { return }
      copyBytes(source, target)
      fchmod(target, info.st_mode & 0o777)
      close(target)
    case S_IFDIR where depth < 200:
      mkdirat(directory, name, 0o700)
      let target = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard target >= 0 else { return }
      for entry in Files.entries(of: source) { copyEntry(entry.name, of: source, to: target, depth: depth + 1) }
      fchmod(target, info.st_mode & 0o777 | 0o700)
      close(target)
    default: break
    }
  }

  private static func copyEntry(_ name: String, of source: Int32, to target: Int32, depth: Int) {
    var link = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let length = readlinkat(source, name, &link, Int(PATH_MAX))
    if length > 0 {
      symlinkat(link, target, name)
      return
    }
    let opened = openat(source, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    if opened >= 0 { copy(opened: opened, to: target, name, depth: depth) }
  }

  private static func copyBytes(_ source: Int32, _ target: Int32) {
    var copied: Int64 = 0
    while clx_copy_range(source, target, 1 << 30, &copied) == 0, copied > 0 {}
    // Where the kernel cannot copy between these file systems the rest, mostly all, goes the long way.
    let size = 256 << 10
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = read(source, buffer, size)
      guard count > 0, Files.writeAll(target, UnsafeRawBufferPointer(start: buffer, count: count)) else { return }
    }
  }
}
