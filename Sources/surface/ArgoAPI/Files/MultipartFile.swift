internal import Basics
import Glibc
internal import KubeModel

/// Reads the file of a form (`multipart/form-data`, RFC 7578) from a file, piece by piece, and writes its content into another.
final class MultipartFile {
  private let boundary: [UInt8]
  private let source: Int32
  private var buffer: [UInt8] = []
  private var isOver = false

  private static let piece = 1 << 18
  private static let maximumHead = 16 << 10
  private static let maximumParts = 100

  /// - Parameter contentType: of the request. Throws `badRequest` when it is no such form's.
  init(_ path: String, contentType: String) throws(KubeStatus) {
    guard let boundary = Self.boundary(of: contentType) else {
      throw KubeStatus(.badRequest, "Failed to parse multipart form: request Content-Type isn't multipart/form-data")
    }
    self.boundary = Array("\r\n--\(boundary)".utf8)
    source = LocalFiles.open(path, O_RDONLY)
    guard source >= 0 else { throw KubeStatus(.internalError, "\(FileError("open", path))") }
    // The first boundary has no line before it.
    buffer = [0x0D, 0x0A]
  }

  deinit { close(source) }

  /// The boundary that a content type names; nil for other types and for one that is no boundary.
  static func boundary(of contentType: String) -> String? {
    let parts = contentType.split(separator: ";").map { String($0).trimmingSpaces }
    guard parts.first?.lowercased() == "multipart/form-data", let named = parts.first(where: { $0.lowercased().hasPrefix("boundary=") })
    else {
      return nil
    }
    var text = named.dropFirst(9)
    if text.count >= 2, text.first == "\"", text.last == "\"" { text = text.dropFirst().dropLast() }
    return (1...70).contains(text.utf8.count) ? String(text) : nil
  }

  /// Writes the content of the first part of this name that is a file into the new file `target`. Gives the name that its sender calls it; nil when there is no such part.
  /// Throws `badRequest` for what is no form.
  func extract(_ name: String, to target: String) throws(KubeStatus) -> String? {
    _ = try skip(nil)
    for _ in 0..<Self.maximumParts {
      guard let head = try head() else { return nil }
      guard head.name == name, let fileName = head.fileName else {
        try skip(nil)
        continue
      }
      let output = LocalFiles.open(target, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
      guard output >= 0 else { throw KubeStatus(.internalError, "\(FileError("create", target))") }
      defer { close(output) }
      try skip(output)
      return fileName
    }
    throw Self.damaged("too many parts")
  }

  private static func damaged(_ reason: String) -> KubeStatus { KubeStatus(.badRequest, "Failed to parse multipart form: \(reason)") }

  /// Reads up to the next boundary and behind it; what comes before goes to a descriptor.
  @discardableResult private func skip(_ output: Int32?) throws(KubeStatus) -> Bool {
    while true {
      if let start = Self.find(boundary, in: buffer) {
        try write(buffer[..<start], to: output)
        buffer.removeFirst(start + boundary.count)
        return true
      }
      // The boundary may have begun at the end.
      let kept = min(buffer.count, boundary.count - 1)
      try write(buffer[..<(buffer.count - kept)], to: output)
      buffer.removeFirst(buffer.count - kept)
      guard try fill() else { throw Self.damaged("NextPart: EOF") }
    }
  }

  /// The head of the part behind a boundary; nil behind the last one.
  private func head() throws(KubeStatus) -> (name: String, fileName: String?)? {
    while buffer.count < 2 { guard try fill() else { throw Self.damaged("NextPart: EOF") } }
    if buffer.starts(with: [0x2D, 0x2D]) { return nil }
    let end: Int
    while true {
      if let found = Self.find([0x0D, 0x0A, 0x0D, 0x0A], in: buffer) {
        end = found
        break
      }
      guard buffer.count < Self.maximumHead, try fill() else { throw Self.damaged("malformed MIME header") }
    }
    let text = String(decoding: buffer[..<end], as: UTF8.self)
    // The empty line belongs to what a boundary's own line break may be.
    buffer.removeFirst(end + 4)
    for line in text.split(separator: "\r\n") {
      guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == "content-disposition" else { continue }
      let value = line[line.index(after: colon)...]
      return (Self.parameter("name", of: value) ?? "", Self.parameter("filename", of: value))
    }
    return ("", nil)
  }

  /// A parameter of a field's value: `name="x"`.
  static func parameter(_ name: String, of value: Substring) -> String? {
    var rest = value
    while let semicolon = rest.firstIndex(of: ";") {
      rest = rest[rest.index(after: semicolon)...]
      let part = rest.drop { $0 == " " }
      guard let equals = part.firstIndex(of: "=") else { return nil }
      let key = part[..<equals].lowercased()
      var text = ""
      var tail = part[part.index(after: equals)...]
      if tail.first == "\"" {
        tail.removeFirst()
        while let character = tail.popFirst(), character != "\"" {
          // Browsers escape quotes as %22; others put a backslash before them.
          if character == "\\", let next = tail.first, next == "\"" || next == "\\" {
            text.append(next)
            tail.removeFirst()
          } else {
            text.append(character)
          }
        }
      } else {
        text = String(tail.prefix { $0 != ";" }).trimmingSpaces
      }
      if key == name { return text }
      rest = tail
    }
    return nil
  }

  private func fill() throws(KubeStatus) -> Bool {
    guard !isOver else { return false }
    var piece = [UInt8](repeating: 0, count: Self.piece)
    while true {
      let count = read(source, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw KubeStatus(.internalError, "cannot read what was uploaded") }
      isOver = count == 0
      buffer += piece[..<count]
      return count > 0
    }
  }

  private func write(_ bytes: ArraySlice<UInt8>, to output: Int32?) throws(KubeStatus) {
    guard let output else { return }
    let isWritten = bytes.withUnsafeBytes { bytes in
      var offset = 0
      while offset < bytes.count {
        let count = Glibc.write(output, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        offset += count
      }
      return true
    }
    guard isWritten else { throw KubeStatus(.internalError, "cannot keep what was uploaded: \(String(cString: strerror(errno)))") }
  }

  /// Where a text begins.
  static func find(_ text: [UInt8], in bytes: [UInt8]) -> Int? {
    guard let first = text.first, bytes.count >= text.count else { return nil }
    return bytes.withUnsafeBufferPointer { bytes in
      text.withUnsafeBufferPointer { text in
        guard let start = bytes.baseAddress, let wanted = text.baseAddress else { return nil }
        var offset = 0
        while offset <= bytes.count - text.count {
          guard let found = memchr(start + offset, Int32(first), bytes.count - text.count - offset + 1) else { return nil }
          offset = UnsafeRawPointer(start).distance(to: UnsafeRawPointer(found))
          if memcmp(start + offset, wanted, text.count) == 0 { return offset }
          offset += 1
        }
        return nil
      }
    }
  }
}

extension String {
  fileprivate var trimmingSpaces: String {
    var text = self[...]
    while text.first == " " || text.first == "\t" { text.removeFirst() }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return String(text)
  }
}
