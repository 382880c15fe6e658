import Glibc
import KubeModel

/// The database's place on the disk: only its owner may read it, for it holds secrets.
enum DatabaseFile {
  /// What a failed call means, with the system's words and a remedy.
  static func failure(_ meaning: String, code: Int32 = errno) -> KubeStatus {
    let remedy =
      switch code {
      case EACCES, EPERM, EROFS: ": make it and its directory writable for this user, or choose another directory"
      case ENOSPC, EDQUOT: ": free some space and try again"
      default: ""
      }
    return KubeStatus(.serviceUnavailable, "\(meaning): \(errorText(code))\(remedy)")
  }

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
      throw failure("the directory \(path) cannot be made")
    }
    synchroniseDirectory(of: path)
  }

  /// Writes a new name to the disk. A file system that cannot, writes it with the file.
  private static func synchroniseDirectory(of path: String) {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  /// Makes the file where it is missing and takes others' permissions from it; SQLite gives its log and index the same ones.
  static func make(_ file: String) throws(KubeStatus) {
    let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw failure("\(file) cannot be opened for writing")
    }
    defer { close(descriptor) }
    var information = stat()
    if fstat(descriptor, &information) == 0, information.st_mode & 0o077 != 0 { fchmod(descriptor, 0o600) }
  }
}
