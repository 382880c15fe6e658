import CLinux
import Glibc

/// What is in a container's `/dev` besides `pts`.
enum DeviceFiles {
  private static let devices: [(name: String, major: UInt32, minor: UInt32)] = [
    ("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0),
  ]
  private static let links = [
    ("pts/ptmx", "ptmx"), ("/proc/self/fd", "fd"), ("fd/0", "stdin"), ("fd/1", "stdout"), ("fd/2", "stderr"),
  ]

  /// Makes all in an open directory; returns the names of devices that cannot be made here.
  static func make(in directory: Int32, isUserNamespace: Bool) -> [String] {
    let mask = umask(0)
    defer { umask(mask) }
    mkdirat(directory, "shm", 0o1777)
    for (target, name) in links { symlinkat(target, directory, name) }
    var missing: [String] = []
    for (name, major, minor) in devices where isUserNamespace || clx_mknod_char(directory, name, 0o666, major, minor) != 0 {
      missing.append(name)
    }
    return missing
  }

  /// What changes when anything is made, removed or set in `/dev`, its `shm` or its `pts`; nil when it cannot be read.
  static func state(of directory: Int32) -> [Int]? {
    var result: [Int] = []
    for name in [".", "shm", "pts"] {
      let place = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard place >= 0 else { return nil }
      defer { close(place) }
      var info = stat()
      guard fstat(place, &info) == 0 else { return nil }
      result += [Int(info.st_mode), info.st_ctim.tv_sec, info.st_ctim.tv_nsec, info.st_mtim.tv_sec, info.st_mtim.tv_nsec]
      for entry in Files.entries(of: place) {
        guard fstatat(place, entry.name, &info, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        result += [Int(bitPattern: UInt(info.st_ino)), Int(info.st_mode), info.st_ctim.tv_sec, info.st_ctim.tv_nsec]
      }
    }
    return result
  }
}
