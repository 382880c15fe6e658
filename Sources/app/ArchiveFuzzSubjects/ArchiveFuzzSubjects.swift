internal import Artifacts
internal import Basics
internal import Contracts
package import FuzzSubjects
internal import Glibc
internal import HTTPAccess
internal import JSONValue

/// Archives, which go through the artifact drivers.
package enum ArchiveFuzzSubjects {
  package static let all: [FuzzSubject] = [
    FuzzSubject("archive", bytes: archives) { bytes in
      guard bytes.count < 1 << 16 else { return }
      try inDirectory { directory in
        let store = LocalArtifactStore(root: directory + "/store")
        do throws(FileError) {
          try LocalFiles.makeDirectories(directory + "/store")
          try LocalFiles.write(bytes, to: directory + "/store/k")
          try LocalFiles.write(Array("outside".utf8), to: directory + "/outside")
        } catch {
          return
        }
        var limits = ExtractionLimits()
        limits.bytes = 1 << 20
        limits.entries = 200
        let transfer = ArtifactTransfer(store: store, http: fetcher, limits: limits)
        for packing in [["tar": [:]], ["zip": [:]]] as [JSON] {
          let artifact: JSON = ["name": "a", "local": ["key": "k"], "archive": packing]
          try? transfer.load(
            artifact, to: directory + "/out", context: ArtifactContext(namespace: "n", keyPrefix: "p", secrets: NoSecrets()))
          guard (try? LocalFiles.read(directory + "/outside")) == Array("outside".utf8) else {
            throw FuzzSubject.Broken("the archive wrote outside its directory")
          }
          LocalFiles.removeTree(directory + "/out")
        }
      }
    }
  ]

  private static let fetcher = HTTPFetcher()

  private struct NoSecrets: SecretReading {
    func secret(namespace: String, name: String, key: String) -> [UInt8]? { nil }
  }

  /// A directory that is gone afterwards.
  private static func inDirectory(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/argosy-fuzz-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { return }
    let directory = String(cString: made)
    defer { LocalFiles.removeTree(directory) }
    try body(directory)
  }

  /// An archive of each kind: one file `a` with `hi`.
  private static let archives: [[UInt8]] = {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, _ offset: Int) { for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte } }
    put("a", 0)
    put("0000644", 100)
    put("0000000", 108)
    put("0000000", 116)
    put("00000000002", 124)
    put("00000000000", 136)
    put("        ", 148)
    put("0", 156)
    put("ustar", 257)
    put("00", 263)
    let sum = header.reduce(0) { $0 + Int($1) }
    let digits = String(sum, radix: 8)
    put(String(repeating: "0", count: 6 - digits.utf8.count) + digits + "\0 ", 148)
    let tar = header + Array("hi".utf8) + [UInt8](repeating: 0, count: 510 + 1024)
    let zip: [UInt8] =
      [0x50, 0x4B, 3, 4, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xAC, 0x2A, 0x93, 0xD8, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0x61, 0x68, 0x69]
      + [
        0x50, 0x4B, 1, 2, 10, 3, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xAC, 0x2A, 0x93, 0xD8, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0xA4, 0x81, 0, 0, 0, 0, 0x61,
      ]
      + [0x50, 0x4B, 5, 6, 0, 0, 0, 0, 1, 0, 1, 0, 0x2F, 0, 0, 0, 0x21, 0, 0, 0, 0, 0]
    return [tar, zip, [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xCB, 0xC8, 4, 0, 0xAC, 0x2A, 0x93, 0xD8, 2, 0, 0, 0]]
  }()
}
