import Basics
import KubeModel

/// The files of a key directory, as a backup takes and gives them.
package struct KeyCopies: Sendable {
  /// Names without a path, and the content.
  package var files: [(name: String, bytes: [UInt8])]

  /// All files of a directory as of one moment: no key is changed meanwhile. Empty when there is no directory. Throws `internalError` where
  /// others could have read one.
  package init(of directory: KeyDirectory) throws(KubeStatus) {
    files = []
    guard LocalFiles.exists(directory.path) else { return }
    files = try directory.locked { () throws(KubeStatus) -> [(name: String, bytes: [UInt8])] in
      var files: [(name: String, bytes: [UInt8])] = []
      for name in LocalFiles.names(in: directory.path) where Self.isKey(name) {
        if let bytes = try PrivateFiles.read(directory.path + "/" + name) { files.append((name, bytes)) }
      }
      return files
    }
  }

  /// A name with a number behind its ending is what a crash left of a file that was being replaced.
  private static func isKey(_ name: String) -> Bool { !name.hasPrefix(".") && (name.hasSuffix(".key") || name.hasSuffix(".crt")) }

  /// The ids of the keys of Secrets among them. Throws `internalError` when that file is damaged.
  package func secretKeyIDs() throws(KubeStatus) -> Set<String> {
    guard let file = files.first(where: { $0.name == KeyDirectory.secretKeysName }) else { return [] }
    return try SecretKeys.ids(inFile: file.bytes, named: file.name)
  }

  /// Writes the files into a directory, which is made (0700; the files 0600). Throws `internalError`.
  package func write(to directory: KeyDirectory) throws(KubeStatus) {
    try PrivateFiles.makeDirectory(directory.path)
    for (name, bytes) in files { try PrivateFiles.write(bytes, to: directory.path + "/" + name) }
  }
}
