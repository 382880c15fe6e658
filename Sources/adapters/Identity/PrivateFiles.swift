import Basics
import Glibc
import KubeModel

/// A file for its owner only, such as a kubeconfig.
package enum OwnerFile {
  /// Replaces or makes a file, readable for its owner only, in one step. Throws `internalError`.
  package static func write(_ bytes: [UInt8], to path: String) throws(KubeStatus) { try PrivateFiles.write(bytes, to: path) }
}

/// Files that only their owner may read, inside this module.
enum PrivateFiles {
  /// Replaces or makes a file in one step: a crash leaves the old content or the new one. The directory is flushed too, for what is lost with a key
  /// is lost for good.
  static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o600) throws(KubeStatus) {
    let temporary = "\(path).\(getpid()).\(UInt32.random(in: .min ... .max))"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else { throw failure("cannot be made", temporary) }
    var isDone = false
    defer { if !isDone { unlink(temporary) } }
    do {
      defer { close(descriptor) }
      var offset = 0
      while offset < bytes.count {
        let count = bytes.withUnsafeBytes { buffer -> Int in
          guard let base = buffer.baseAddress else { return 0 }
          return Glibc.write(descriptor, base + offset, buffer.count - offset)
        }
        if count < 0 {
          if errno == EINTR { continue }
          throw failure("cannot be written", temporary)
        }
        offset += count
      }
      guard fchmod(descriptor, mode) == 0, fsync(descriptor) == 0 else { throw failure("cannot be written", temporary) }
    }
    guard rename(temporary, path) == 0 else { throw failure("cannot be replaced", path) }
    isDone = true
    guard let parent = LocalFiles.parent(of: path) else { return }
    let directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if directory >= 0 {
      fsync(directory)
      close(directory)
    }
  }

  /// A file's content, when only its owner may read it; nil when it is not there. Throws `internalError` with the remedy where others
  /// could read or write it, or it is another's.
  static func read(_ path: String, limit: Int = 1 << 20) throws(KubeStatus) -> [UInt8]? {
    guard try check(path, isDirectory: false) else { return nil }
    do throws(FileError) {
      return try LocalFiles.read(path, limit: limit)
    } catch {
      throw KubeStatus(.internalError, "\(path) cannot be read: \(String(cString: strerror(error.code)))")
    }
  }

  /// Makes a directory for its owner only, or checks the one that is there.
  static func makeDirectory(_ path: String) throws(KubeStatus) {
    if try check(path, isDirectory: true) { return }
    do throws(FileError) {
      try LocalFiles.makeDirectories(path, mode: 0o700)
    } catch {
      throw KubeStatus(.internalError, "the directory \(path) cannot be made: \(String(cString: strerror(error.code)))")
    }
    guard chmod(path, 0o700) == 0 else { throw failure("cannot be protected", path) }
  }

  /// Whether the path is there; refuses one that is not its owner's alone.
  private static func check(_ path: String, isDirectory: Bool) throws(KubeStatus) -> Bool {
    var information = stat()
    guard lstat(path, &information) == 0 else {
      if errno == ENOENT { return false }
      throw failure("cannot be opened", path)
    }
    let form = information.st_mode & S_IFMT
    guard form == (isDirectory ? S_IFDIR : S_IFREG) else {
      throw KubeStatus(
        .internalError, "\(path) is no \(isDirectory ? "directory" : "file"): move it away, or choose another data directory")
    }
    guard information.st_uid == geteuid() else {
      throw KubeStatus(
        .internalError,
        "\(path) belongs to user \(information.st_uid), not to this one (\(geteuid())): run `chown \(geteuid()) \(path)` as root")
    }
    guard information.st_mode & 0o077 == 0 else {
      let mode = String(information.st_mode & 0o777, radix: 8)
      throw KubeStatus(
        .internalError,
        "\(path) has mode \(mode), so that others may use this server's keys: make new ones by removing it, or, when you are sure that nobody has "
          + "read it, run `chmod \(isDirectory ? "700" : "600") \(path)`")
    }
    return true
  }

  static func failure(_ what: String, _ path: String, code: Int32 = errno) -> KubeStatus {
    KubeStatus(.internalError, "\(path) \(what): \(String(cString: strerror(code)))")
  }
}
