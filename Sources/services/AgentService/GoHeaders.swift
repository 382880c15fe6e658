import Templating

/// HTTP headers as Go's `http.Header` keeps them.
enum GoHeaders {
  /// A name with capitals at its start and after dashes: `x-request-id` is `X-Request-Id`. A name that is none stays as it is.
  static func canonical(_ name: String) -> String {
    var result: [UInt8] = []
    var isStart = true
    for byte in name.utf8 {
      let isUpper = (0x41...0x5A).contains(byte)
      let isLower = (0x61...0x7A).contains(byte)
      guard isUpper || isLower || (0x30...0x39).contains(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte) else { return name }
      result.append(isStart && isLower ? byte - 32 : !isStart && isUpper ? byte + 32 : byte)
      isStart = byte == UInt8(ascii: "-")
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// The headers of a reply for expressions: lists of values by canonical name.
  static func value(_ headers: [(name: String, value: String)]) -> ExprValue {
    var lists: [String: [ExprValue]] = [:]
    for header in headers { lists[canonical(header.name), default: []].append(.string(header.value)) }
    return .map(lists.mapValues { .array($0) })
  }
}
