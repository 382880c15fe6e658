import CLibYAML
import JSONValue

/// A value as one YAML document, as `kubectl -o yaml` prints it (`sigs.k8s.io/yaml`, whose emitter is a port of libyaml's): block style,
/// lists at their parent's indent, `|` for strings with line breaks, quotes where a plain scalar would be read as something else, lines
/// folded from column 80 on. With `sortsKeys` the keys are in go-yaml's natural order (`z9` before `z10`), else as in the value.
package func text(_ value: JSON, sortsKeys: Bool = true) -> String {
  let writer = YAMLWriter(sortsKeys: sortsKeys)
  defer { writer.close() }
  return writer.document(value)
}

/// Receives the emitter's bytes.
private final class YAMLOutput {
  var bytes: [UInt8] = []
}

private struct YAMLWriter {
  let sortsKeys: Bool
  let emitter = UnsafeMutablePointer<yaml_emitter_t>.allocate(capacity: 1)
  let output = YAMLOutput()

  init(sortsKeys: Bool) {
    self.sortsKeys = sortsKeys
    emitter.initialize(to: yaml_emitter_t())
    yaml_emitter_initialize(emitter)
    yaml_emitter_set_unicode(emitter, 1)
    let handler: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt8>?, Int) -> Int32 = { context, buffer, count in
      guard let context, let buffer else { return 0 }
      let output = Unmanaged<YAMLOutput>.fromOpaque(context).takeUnretainedValue()
      output.bytes.append(contentsOf: UnsafeBufferPointer(start: buffer, count: count))
      return 1
    }
    yaml_emitter_set_output(emitter, handler, Unmanaged.passUnretained(output).toOpaque())
  }

  func close() {
    yaml_emitter_delete(emitter)
    emitter.deinitialize(count: 1)
    emitter.deallocate()
  }

  func document(_ value: JSON) -> String {
    emit { yaml_stream_start_event_initialize(&$0, YAML_UTF8_ENCODING) }
    emit { yaml_document_start_event_initialize(&$0, nil, nil, nil, 1) }
    write(value)
    emit { yaml_document_end_event_initialize(&$0, 1) }
    emit { yaml_stream_end_event_initialize(&$0) }
    yaml_emitter_flush(emitter)
    // After a string with `|+` libyaml marks the document's end; go-yaml does not.
    if output.bytes.suffix(5).elementsEqual("\n...\n".utf8) { output.bytes.removeLast(4) }
    return String(decoding: output.bytes, as: UTF8.self)
  }

  func write(_ value: JSON) {
    switch value {
    case .null: scalar("null", YAML_PLAIN_SCALAR_STYLE)
    case .bool(let value): scalar(value ? "true" : "false", YAML_PLAIN_SCALAR_STYLE)
    case .int(let value): scalar(String(value), YAML_PLAIN_SCALAR_STYLE)
    case .double(let value): scalar(float(value), YAML_PLAIN_SCALAR_STYLE)
    case .number(let text): scalar(text, YAML_PLAIN_SCALAR_STYLE)
    case .string(let text): string(text)
    case .array(let elements):
      let style = elements.isEmpty ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE
      emit { yaml_sequence_start_event_initialize(&$0, nil, nil, 1, style) }
      for element in elements { write(element) }
      emit { yaml_sequence_end_event_initialize(&$0) }
    case .object(let object):
      let style = object.isEmpty ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE
      emit { yaml_mapping_start_event_initialize(&$0, nil, nil, 1, style) }
      for member in sortsKeys ? object.sorted(by: { isNaturallyOrdered($0.key, $1.key) }) : Array(object) {
        // Plain, it would be a merge of the value.
        if member.key == "<<" { scalar("<<", YAML_DOUBLE_QUOTED_SCALAR_STYLE) } else { string(member.key) }
        write(member.value)
      }
      emit { yaml_mapping_end_event_initialize(&$0) }
    }
  }

  /// Go's `strconv.FormatFloat(value, 'g', -1, 64)`, which differs from JSON's form: an exponent of two digits, from 1e21 on.
  func float(_ value: Double) -> String {
    if value.isNaN { return ".nan" }
    if value.isInfinite { return value < 0 ? "-.inf" : ".inf" }
    if value != 0, abs(value) < 1e-4 || abs(value) >= 1e21 {
      let text = value.description
      guard let mark = text.lastIndex(of: "e") else { return text }
      let exponent = text[text.index(after: mark)...]
      let digits = exponent.drop { $0 == "-" || $0 == "+" }
      let mantissa = text[..<mark].hasSuffix(".0") ? text[..<mark].dropLast(2) : text[..<mark]
      return mantissa + (exponent.hasPrefix("-") ? "e-" : "e+") + (digits.count < 2 ? "0" : "") + digits
    }
    return JSON.numberText(value)
  }

  func string(_ text: String) {
    if text.utf8.contains(0x0A) {
      scalar(text, YAML_LITERAL_SCALAR_STYLE)
    } else if YAMLScalar(plain: text) == .string, !isSexagesimal(text), !isDate(text) {
      scalar(text, YAML_PLAIN_SCALAR_STYLE)
    } else {
      scalar(text, YAML_DOUBLE_QUOTED_SCALAR_STYLE)
    }
  }

  func scalar(_ text: String, _ style: yaml_scalar_style_t) {
    let isQuoted: Int32 = style == YAML_PLAIN_SCALAR_STYLE ? 0 : 1
    var text = text
    text.withUTF8 { bytes in
      emit { yaml_scalar_event_initialize(&$0, nil, nil, bytes.baseAddress, Int32(clamping: bytes.count), 1, isQuoted | 1, style) }
    }
  }

  /// Nothing can be done about a failure: the only cause left is a lack of memory.
  func emit(_ initialize: (inout yaml_event_t) -> Int32) {
    var event = yaml_event_t()
    if initialize(&event) == 1 { yaml_emitter_emit(emitter, &event) }
  }
}

/// Whether YAML 1.1 would read the text as a number of base 60 (`1:20`); go-yaml quotes these for other readers' sake.
private func isSexagesimal(_ text: String) -> Bool {
  guard let first = text.utf8.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") || isDigit(first) else { return false }
  let body = isDigit(first) ? text.utf8[...] : text.utf8.dropFirst()
  var parts = body.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
  guard parts.count > 1, let leading = parts.first, let head = leading.first, isDigit(head) else { return false }
  guard leading.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: "_") }) else { return false }
  if let last = parts.popLast(), let point = last.firstIndex(of: UInt8(ascii: ".")) {
    parts.append(last[..<point])
    guard last[point...].dropFirst().allSatisfy({ isDigit($0) || $0 == UInt8(ascii: "_") }) else { return false }
  } else {
    parts = body.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
  }
  return parts.dropFirst().allSatisfy { part in
    (1...2).contains(part.count) && part.allSatisfy(isDigit) && (part.count == 1 || (part.first ?? 0) <= UInt8(ascii: "5"))
  }
}

/// Whether go-yaml would take the text for a date or time and therefore quotes it: `2001-01-01`, `2001-1-1T2:59:43.1Z`, `2001-1-1 2:59:43`.
private func isDate(_ text: String) -> Bool {
  let bytes = Array(text.utf8)
  guard bytes.count >= 8, bytes.prefix(4).allSatisfy(isDigit), bytes[4] == UInt8(ascii: "-") else { return false }
  var index = 5
  func number(_ limits: ClosedRange<Int>) -> Bool {
    var value = 0
    let start = index
    while index < bytes.count, index - start < 2, isDigit(bytes[index]) {
      value = value * 10 + Int(bytes[index] - UInt8(ascii: "0"))
      index += 1
    }
    return index > start && limits.contains(value)
  }
  func skip(_ accepted: String) -> Bool {
    guard index < bytes.count, accepted.utf8.contains(bytes[index]) else { return false }
    index += 1
    return true
  }
  guard number(1...12), skip("-"), number(1...31) else { return false }
  if index == bytes.count { return true }
  let separator = bytes[index]
  guard skip("Tt "), number(0...23), skip(":"), number(0...59), skip(":"), number(0...59) else { return false }
  if skip(".") {
    let start = index
    while index < bytes.count, isDigit(bytes[index]) { index += 1 }
    if index == start { return false }
  }
  if index == bytes.count { return separator == UInt8(ascii: " ") }
  if separator == UInt8(ascii: " ") { return false }
  if skip("Zz") { return index == bytes.count }
  return skip("+-") && number(0...23) && skip(":") && number(0...59) && index == bytes.count
}

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

/// go-yaml v2's order of keys: letters after everything else, runs of digits by their value.
private func isNaturallyOrdered(_ left: String, _ right: String) -> Bool {
  let left = Array(left.unicodeScalars)
  let right = Array(right.unicodeScalars)
  func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
  func number(_ text: [Unicode.Scalar], from start: Int, _ initial: Int64) -> (value: Int64, end: Int) {
    var value = initial
    var end = start
    while end < text.count, isDigit(text[end]) {
      value = value &* 10 &+ Int64(text[end].value - 48)
      end += 1
    }
    return (value, end)
  }
  for index in 0..<min(left.count, right.count) where left[index] != right[index] {
    let isLeftLetter = left[index].properties.isAlphabetic
    let isRightLetter = right[index].properties.isAlphabetic
    if isLeftLetter, isRightLetter { return left[index] < right[index] }
    if isLeftLetter || isRightLetter { return isRightLetter }
    var initial: Int64 = 0
    if left[index] == "0" || right[index] == "0" {
      let digits = left[..<index].reversed().prefix(while: isDigit)
      if digits.contains(where: { $0 != "0" }) { initial = 1 }
    }
    let leftNumber = number(left, from: index, initial)
    let rightNumber = number(right, from: index, initial)
    if leftNumber.value != rightNumber.value { return leftNumber.value < rightNumber.value }
    if leftNumber.end != rightNumber.end { return leftNumber.end < rightNumber.end }
    return left[index] < right[index]
  }
  return left.count < right.count
}
