import Contracts
import Glibc

/// Where real file systems are mounted on the machine below `/`, but for what each container has of its own.
struct MachineMounts {
  private let file: Int32
  private var known: [String]?

  /// Keeps the kernel's list open, which tells when it changes.
  init() { file = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC) }

  /// As they are now; read anew only where a mount was made or removed.
  mutating func targets() -> [String] {
    var entry = pollfd(fd: file, events: Int16(POLLPRI), revents: 0)
    if let known, poll(&entry, 1, 0) == 0 { return known }
    let read = Self.read()
    known = file >= 0 ? read : nil
    return read
  }

  static func read() -> [String] {
    var targets: [String] = []
    for line in (Files.read("/proc/self/mountinfo") ?? []).split(separator: 0x0A) {
      let fields = line.split(separator: 0x20)
      guard fields.count > 6, let dash = fields.firstIndex(of: [UInt8(ascii: "-")]), dash + 1 < fields.count else { continue }
      let type = String(decoding: fields[dash + 1], as: UTF8.self)
      guard isReal(type) else { continue }
      let target = unescape(fields[4])
      guard target != "/", !["/tmp", "/dev", "/proc", "/sys"].contains(where: { target == $0 || target.hasPrefix($0 + "/") }) else {
        continue
      }
      targets.append(target)
    }
    return targets
  }

  /// Whether anything at all is mounted below a directory.
  static func isAny(below path: String) -> Bool {
    (Files.read("/proc/self/mountinfo") ?? []).split(separator: 0x0A).contains { line in
      let fields = line.split(separator: 0x20)
      return fields.count > 4 && unescape(fields[4]).hasPrefix(path + "/")
    }
  }

  /// File systems that keep data, not the kernel's views of itself. No `Set`: building one costs more than all else here.
  private static func isReal(_ type: String) -> Bool {
    switch type {
    case "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "bcachefs", "nfs", "nfs4", "cifs", "smb3", "fuseblk", "vfat", "exfat",
      "ntfs3", "9p", "virtiofs", "ceph", "erofs", "squashfs", "iso9660", "overlay":
      true
    default: type.hasPrefix("fuse.")
    }
  }

  /// mountinfo writes space, tab, newline and backslash as three octal digits.
  private static func unescape(_ bytes: ArraySlice<UInt8>) -> String {
    var result: [UInt8] = []
    var index = bytes.startIndex
    while index < bytes.endIndex {
      if bytes[index] == UInt8(ascii: "\\"), index + 3 < bytes.endIndex {
        result.append(bytes[(index + 1)...(index + 3)].reduce(0) { $0 &* 8 &+ ($1 &- 0x30) })
        index += 4
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
