import Glibc
import KubeModel

/// The database's place on the disk: only its owner may read it, for it holds secrets.
enum DatabaseFile {
  /// Makes the directory of a file and those above it; new ones are for their owner only.
  static func makeDirectory(of file: String) throws(KubeStatus) {
    guard let slash = file.utf8.lastIndex(of: UInt8(ascii: "/")), slash != file.startIndex else { return }
    try makeDirectory(String(file[..<slash]))
  }

  private static func makeDirectory(_ path: String) throws(KubeStatus) {
    var information = stat()
    if stat(path, &information) == 0 { return }
    try makeDirectory(of: path)
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
      throw KubeStatus(.serviceUnavailable, "the directory \(path) cannot be made: \(errorText(errno))")
    }
  }

  /// Makes the file where it is missing and takes others' permissions from it; SQLite gives its log and index the same ones.
  static func make(_ file: String) throws(KubeStatus) {
    let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw KubeStatus(.serviceUnavailable, "\(file) cannot be opened for writing: \(errorText(errno))")
    }
    defer { close(descriptor) }
    var information = stat()
    if fstat(descriptor, &information) == 0, information.st_mode & 0o077 != 0 { fchmod(descriptor, 0o600) }
  }
}
