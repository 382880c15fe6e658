import Basics
import Glibc
import KubeModel

@testable import Identity

/// A directory that vanishes with the object.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/argosy-identity-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw KubeStatus(.internalError, "no temporary directory") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { LocalFiles.removeTree(path) }

  var keys: KeyDirectory { KeyDirectory(path + "/keys") }

  func file(_ name: String) throws -> String { String(decoding: try LocalFiles.read(path + "/keys/" + name), as: UTF8.self) }
  func mode(_ name: String) -> mode_t {
    var information = stat()
    return stat(path + "/" + name, &information) == 0 ? information.st_mode & 0o7777 : 0
  }
}

/// Runs a shell command and gives what it printed and its exit code.
func shell(_ command: String) -> (output: String, code: Int32) {
  guard let pipe = popen("( \(command) ) 2>&1", "r") else { return ("", -1) }
  var output: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while true {
    let count = fread(&buffer, 1, buffer.count, pipe)
    if count == 0 { break }
    output += buffer[..<count]
  }
  let status = pclose(pipe)
  return (String(decoding: output, as: UTF8.self), status >> 8 & 0xFF)
}

let hasOpenSSL = shell("openssl version").code == 0
/// A Python that has PyJWT; nil when there is none.
let pythonWithJWT = ["python3", "/usr/bin/python3"].first { shell("\($0) -c 'import jwt, cryptography'").code == 0 }
