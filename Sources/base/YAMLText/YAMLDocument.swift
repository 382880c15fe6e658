import JSONValue

/// One document of a YAML stream as JSON, with the places of its parts.
package struct YAMLDocument: Sendable {
  package var value: JSON
  package var positions: PositionMap
  /// The words without quotes that were read as truth values and are other words than true and false: `y`, `no`, `on` …
  package var truthWords: [SourcePosition: String] = [:]
}

/// Why a text is no acceptable YAML, and where.
package struct YAMLError: Error, Sendable, Hashable, CustomStringConvertible {
  package var message: String
  package var position: SourcePosition

  package init(_ message: String, at position: SourcePosition) {
    self.message = message
    self.position = position
  }

  /// `line:column: message`
  package var description: String { "\(position): \(message)" }
}

/// What a YAML text may cost its reader.
package struct YAMLLimits: Sendable, Hashable {
  /// Size of the text in bytes.
  package var bytes = 64 << 20
  /// Values that aliases and merge keys may add to those written in the text.
  package var expandedNodes = 1_000_000
  /// Levels of nesting.
  package var depth = JSON.maximumDepth

  package init() {}
  package static let `default` = YAMLLimits()
}

/// Reads a stream of YAML documents as `sigs.k8s.io/yaml` does, the reader of Kubernetes and Argo: go-yaml v2's scalars, then JSON.
///
/// Beyond YAML's syntax these are errors: repeated keys, values without a JSON form (`.inf`, `.nan`), keys that are no scalars, and whatever
/// passes the limits. An explicit key wins over a merged one (`<<`) wherever it stands. Documents without content are left out. JSON text is
/// YAML; what of JSON libyaml refuses (surrogate escapes, keys above 1,024 characters) is read as JSON, with the position of the root only.
package func documents(_ bytes: [UInt8], limits: YAMLLimits = .default) throws(YAMLError) -> [YAMLDocument] {
  let start = SourcePosition(line: 1, column: 1)
  guard bytes.count <= limits.bytes else {
    throw YAMLError("the text has \(bytes.count) bytes, more than the limit of \(limits.bytes)", at: start)
  }
  let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
  if let zero = text.firstIndex(of: 0) {
    throw YAMLError("binary data is no YAML: the text has a NUL byte", at: SourcePosition(ofByte: zero, in: text))
  }
  if let offset = firstInvalidUTF8(text) {
    throw YAMLError("invalid UTF-8: the text is binary or in another encoding", at: SourcePosition(ofByte: offset, in: text))
  }
  do throws(YAMLReader.Failure) {
    return try text.withUnsafeBufferPointer { buffer throws(YAMLReader.Failure) in
      var reader = YAMLReader(buffer, limits: limits)
      defer { reader.close() }
      return try reader.documents()
    }
  } catch {
    guard case .syntax(let problem) = error else { throw error.problem }
    let first = text.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
    guard first == UInt8(ascii: "{"), let value = try? JSON.parse(text) else { throw problem }
    return [YAMLDocument(value: value, positions: PositionMap(root: PositionNode(start)))]
  }
}

/// Reads a stream of YAML documents from text; see ``documents(_:limits:)-([UInt8],_)``.
package func documents(_ text: String, limits: YAMLLimits = .default) throws(YAMLError) -> [YAMLDocument] {
  try documents(Array(text.utf8), limits: limits)
}

/// The offset of the first byte that is not part of a well-formed UTF-8 sequence.
private func firstInvalidUTF8(_ bytes: [UInt8]) -> Int? {
  if bytes.withUnsafeBufferPointer({ $0.allSatisfy { $0 < 0x80 } }) { return nil }
  if String(validating: bytes, as: UTF8.self) != nil { return nil }
  var decoder = UTF8()
  var source = bytes.makeIterator()
  var offset = 0
  while true {
    switch decoder.decode(&source) {
    case .scalarValue(let scalar): offset += UTF8.width(scalar)
    case .emptyInput, .error: return offset
    }
  }
}
