import Basics
import CommandLine
import Glibc
import JSONValue
import KubeModel
import LanguageService

/// One `argosy lsp`: the language server over this process's standard input and output.
struct LanguageSession: Sendable {
  /// Files of a folder that are read at most, and bytes of one; beyond these a folder is hardly one of manifests.
  private static let fileLimit = 5000
  private static let sizeLimit = 4 << 20
  /// Milliseconds without a message after which findings are told.
  private static let pause: Int32 = 150

  /// Serves until the client is gone. Gives the exit status. Blocks.
  func run() -> Int32 {
    var server = LanguageServer(
      parts: LanguageServerParts(
        files: Self.files, file: Self.file, isTimeZone: { SystemTimeZones.named($0) != nil },
        defaults: { map in map.name == ControllerConfiguration.mapName ? ControllerConfiguration(map).workflowDefaults?["spec"] : nil },
        version: VersionInformation.current.version))
    var framing = MessageFraming()
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
      let ready = poll(&input, 1, Self.pause)
      if ready < 0, errno == EINTR { continue }
      if ready == 0 {
        for message in server.publish() where !send(MessageFraming.frame(message)) { return 1 }
        input.revents = 0
        // Nothing is to be done before the next message.
        while poll(&input, 1, -1) < 0, errno == EINTR {}
      }
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      // A client that went without saying so.
      guard count > 0 else { return server.exitStatus ?? 1 }
      framing.append(Array(buffer[..<count]))
      do throws(MessageFraming.Failure) {
        while let message = try framing.next() {
          for answer in server.receive(message) where !send(MessageFraming.frame(answer)) { return 1 }
          if let status = server.exitStatus { return status }
        }
      } catch {
        Diagnostics.report("lsp: \(error). Is standard input an editor's language client?")
        return 1
      }
    }
  }

  private func send(_ bytes: [UInt8]) -> Bool {
    var offset = 0
    while offset < bytes.count {
      let count = bytes[offset...].withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      offset += count
    }
    return true
  }

  /// The manifests below a directory; what cannot be read is left out.
  private static let files: @Sendable (String) -> [(path: String, text: String)] = { directory in
    var result: [(path: String, text: String)] = []
    for path in ManifestFiles.paths(below: directory, limit: fileLimit) {
      if let text = file(path) { result.append((path, text)) }
    }
    return result
  }

  private static let file: @Sendable (String) -> String? = { path in
    guard ManifestFiles.isManifest(path), let bytes = try? LocalFiles.read(path, limit: sizeLimit) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }
}

/// Finds manifests in an editor's folder.
enum ManifestFiles {
  static func isManifest(_ path: String) -> Bool { path.hasSuffix(".yaml") || path.hasSuffix(".yml") }

  /// The paths below a directory, in order; hidden directories and those of packages are passed over, links are not followed.
  static func paths(below directory: String, limit: Int, depth: Int = 0) -> [String] {
    guard depth < 16, let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if !name.hasPrefix("."), name != "node_modules", name != "vendor" { names.append(name) }
    }
    var result: [String] = []
    for name in names.sorted() where result.count < limit {
      let path = directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
      var status = stat()
      guard lstat(path, &status) == 0 else { continue }
      if status.st_mode & S_IFMT == S_IFDIR {
        result += paths(below: path, limit: limit - result.count, depth: depth + 1)
      } else if status.st_mode & S_IFMT == S_IFREG, isManifest(name) {
        result.append(path)
      }
    }
    return result
  }
}
