import CLibYAML

/// One event of libyaml's parser, without its C types.
struct YAMLEvent {
  enum Kind {
    case streamStart, streamEnd, documentStart, documentEnd, sequenceStart, sequenceEnd, mappingStart, mappingEnd
    case scalar(String, tag: String?, isPlain: Bool)
    case alias(String)
  }

  var kind: Kind
  var anchor: String?
  var position: SourcePosition
}

/// libyaml's parser over bytes that outlive it.
struct YAMLEvents {
  private let bytes: UnsafeBufferPointer<UInt8>
  private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
  private let isReady: Bool

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
    parser.initialize(to: yaml_parser_t())
    isReady = yaml_parser_initialize(parser) == 1
    guard isReady else { return }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
  }

  func close() {
    if isReady { yaml_parser_delete(parser) }
    parser.deinitialize(count: 1)
    parser.deallocate()
  }

  func next() throws(YAMLReader.Failure) -> YAMLEvent {
    var event = yaml_event_t()
    guard isReady, yaml_parser_parse(parser, &event) == 1 else { throw .syntax(failure()) }
    defer { yaml_event_delete(&event) }
    let position = SourcePosition(event.start_mark)
    switch event.type {
    case YAML_STREAM_START_EVENT: return YAMLEvent(kind: .streamStart, position: position)
    case YAML_DOCUMENT_START_EVENT: return YAMLEvent(kind: .documentStart, position: position)
    case YAML_DOCUMENT_END_EVENT: return YAMLEvent(kind: .documentEnd, position: position)
    case YAML_ALIAS_EVENT: return YAMLEvent(kind: .alias(text(event.data.alias.anchor) ?? ""), position: position)
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let value = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      let tag = text(scalar.tag).flatMap { $0 == "!" ? nil : $0 }
      let kind = YAMLEvent.Kind.scalar(value, tag: tag, isPlain: scalar.plain_implicit != 0 && scalar.style == YAML_PLAIN_SCALAR_STYLE)
      return YAMLEvent(kind: kind, anchor: text(scalar.anchor), position: position)
    case YAML_SEQUENCE_START_EVENT:
      return YAMLEvent(kind: .sequenceStart, anchor: text(event.data.sequence_start.anchor), position: position)
    case YAML_SEQUENCE_END_EVENT: return YAMLEvent(kind: .sequenceEnd, position: position)
    case YAML_MAPPING_START_EVENT:
      return YAMLEvent(kind: .mappingStart, anchor: text(event.data.mapping_start.anchor), position: position)
    case YAML_MAPPING_END_EVENT: return YAMLEvent(kind: .mappingEnd, position: position)
    default: return YAMLEvent(kind: .streamEnd, position: position)
    }
  }

  private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? { pointer.map { String(cString: $0) } }

  private func failure() -> YAMLError {
    guard isReady else { return YAMLError("out of memory", at: SourcePosition(line: 1, column: 1)) }
    let problem = parser.pointee.problem.map { String(cString: $0) } ?? "out of memory"
    if parser.pointee.error == YAML_READER_ERROR {
      let position = SourcePosition(ofByte: parser.pointee.problem_offset, in: bytes)
      let value = parser.pointee.problem_value
      return YAMLError(value > 0 ? "\(problem) (U+\(hexadecimal(value)))" : problem, at: position)
    }
    let position = SourcePosition(parser.pointee.problem_mark)
    if isTab(at: position) { return YAMLError("a tab must not indent YAML or start a value; use spaces", at: position) }
    guard let context = parser.pointee.context.map({ String(cString: $0) }) else { return YAMLError(problem, at: position) }
    let start = SourcePosition(parser.pointee.context_mark)
    let place = start.line == position.line ? "" : " that starts in line \(start.line)"
    return YAMLError("\(problem) \(context)\(place)", at: position)
  }

  private func hexadecimal(_ value: Int32) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
  }

  /// Whether a tab stands at the position, or before it in the white space that starts its line.
  private func isTab(at position: SourcePosition) -> Bool {
    var line = 1
    var rest = bytes[...]
    while line < position.line, let end = rest.firstIndex(of: 0x0A) {
      rest = rest[(end + 1)...]
      line += 1
    }
    let indent = rest.prefix { $0 == 0x20 || $0 == 0x09 }
    return indent.contains(0x09) && position.column <= indent.count + 1
  }
}

extension SourcePosition {
  fileprivate init(_ mark: yaml_mark_t) { self.init(line: mark.line + 1, column: mark.column + 1) }
}
