import CLinux
import Glibc
import Synchronization

/// A refusal in one line, with the remedy where there is one.
struct SandboxFailure: Error {
  var message: String
  /// The machine had no process, memory or open file left for it: it may succeed later.
  var isLack = false
  init(_ message: String) { self.message = message }
  /// `what: <text of the error number>`; takes an errno or its negative.
  init(_ what: String, _ error: Int32) {
    message = what + ": " + String(cString: strerror(abs(error)))
    isLack = [EAGAIN, ENOMEM, ENFILE].contains(abs(error))
  }
}

/// File operations on whole files and trees.
enum Files {
  static func read(_ path: String) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var result: [UInt8] = []
    while true {
      var count = 0
      let piece = [UInt8](unsafeUninitializedCapacity: 16 << 10) { buffer, filled in
        count = Glibc.read(file, buffer.baseAddress, buffer.count)
        filled = max(0, count)
      }
      if count < 0 { return nil }
      if count == 0 { return result }
      if result.isEmpty { result = piece } else { result += piece }
    }
  }

  static func writeAll(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Bool {
    var rest = bytes
    while let base = rest.baseAddress, rest.count > 0 {
      let count = Glibc.write(file, base, rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        return false
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
    return true
  }

  @discardableResult static func write(_ path: String, _ bytes: [UInt8], flags: Int32 = O_WRONLY | O_CREAT | O_TRUNC) -> Bool {
    let file = open(path, flags | O_CLOEXEC, 0o644)
    guard file >= 0 else { return false }
    defer { close(file) }
    return bytes.withUnsafeBytes { writeAll(file, $0) }
  }

  /// Replaces a file atomically. The old file is exchanged and removed, not renamed over: that would make ext4 write to the disk at once.
  static func replace(_ path: String, with bytes: [UInt8]) -> Bool {
    let temporary = path + ".tmp"
    guard write(temporary, bytes) else { return false }
    if clx_exchange(temporary, path) == 0 {
      unlink(temporary)
      return true
    }
    return rename(temporary, path) == 0
  }

  /// Makes a directory and what is missing above it; 0 or an error number.
  static func makeDirectories(_ path: String) -> Int32 {
    if mkdir(path, 0o755) == 0 { return 0 }
    let error = errno
    if error == EEXIST || error == EROFS || error == EACCES {
      var info = stat()
      if stat(path, &info) == 0 { return info.st_mode & S_IFMT == S_IFDIR ? 0 : ENOTDIR }
      return error
    }
    guard error == ENOENT, let slash = path.utf8.lastIndex(of: 0x2F), slash > path.startIndex else { return error }
    let above = makeDirectories(String(path[..<slash]))
    if above != 0 { return above }
    return mkdir(path, 0o755) == 0 || errno == EEXIST ? 0 : errno
  }

  static func isDirectory(_ path: String) -> Bool {
    var info = stat()
    return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
  }

  /// Removes a tree without following links. Directories are tried empty first: most are.
  static func removeTree(at parent: Int32, _ name: String) {
    if unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT { return }
    if errno == ENOTDIR {
      unlinkat(parent, name, 0)
      return
    }
    var directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    if directory < 0, errno == EACCES, fchmodat(parent, name, 0o700, 0) == 0 {
      directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
    guard directory >= 0 else { return }
    for entry in entries(of: directory) {
      if entry.isDirectory { removeTree(at: directory, entry.name) } else { unlinkat(directory, entry.name, 0) }
    }
    close(directory)
    if unlinkat(parent, name, AT_REMOVEDIR) != 0, errno == EACCES || errno == ENOTEMPTY {
      // Entries of a directory without write permission stay: make it writable and try once more.
      guard fchmodat(parent, name, 0o700, 0) == 0 else { return }
      let again = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard again >= 0 else { return }
      for entry in entries(of: again) { removeTree(at: again, entry.name) }
      close(again)
      unlinkat(parent, name, AT_REMOVEDIR)
    }
  }

  /// Empties a directory, whatever stands in it.
  static func removeAll(in path: String) {
    let directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard directory >= 0 else { return }
    for entry in entries(of: directory) { removeTree(at: directory, entry.name) }
    close(directory)
  }

  struct Entry {
    var name: String
    var isDirectory: Bool
  }

  /// The entries of an open directory but `.` and `..`; leaves the descriptor open.
  static func entries(of directory: Int32) -> [Entry] {
    let copy = fcntl(directory, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else { return [] }
    guard let stream = fdopendir(copy) else {
      close(copy)
      return []
    }
    defer { closedir(stream) }
    rewinddir(stream)
    var result: [Entry] = []
    while let entry = readdir(stream) {
      let isDirectory = entry.pointee.d_type == UInt8(DT_DIR)
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { result.append(Entry(name: name, isDirectory: isDirectory)) }
    }
    return result
  }
}

/// How far ``now()`` is ahead of the time since the machine was started.
private let clockLead = Atomic<Int64>(milliseconds(of: CLOCK_REALTIME) - milliseconds(of: CLOCK_BOOTTIME))

/// Milliseconds since 1970: the wall clock's at the last ``startClock()``, and from then on evenly, also while the machine sleeps. What a supervisor
/// measures and waits for does not change when somebody sets the wall clock.
func now() -> Int64 { milliseconds(of: CLOCK_BOOTTIME) + clockLead.load(ordering: .relaxed) }

/// Begins to count from the wall clock as it is: for processes that are copies of an older one.
func startClock() { clockLead.store(milliseconds(of: CLOCK_REALTIME) - milliseconds(of: CLOCK_BOOTTIME), ordering: .relaxed) }

private func milliseconds(of clock: clockid_t) -> Int64 {
  var time = timespec()
  clock_gettime(clock, &time)
  return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
