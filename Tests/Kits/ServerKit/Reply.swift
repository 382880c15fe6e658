import JSONValue

/// An answer, taken apart.
package struct Reply: Sendable {
  package var status: Int
  package var headers: [(name: String, value: String)]
  package var body: [UInt8]

  package init(_ bytes: [UInt8]) throws {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let end = text.firstRange(of: "\r\n\r\n") else { throw TestFailure(message: "no answer: \(text)") }
    let lines = text[..<end.lowerBound].split(separator: "\r\n")
    guard let first = lines.first, let code = Int(first.split(separator: " ")[1]) else { throw TestFailure(message: "no status: \(text)") }
    status = code
    headers = lines.dropFirst().map { line in
      let parts = line.split(separator: ":", maxSplits: 1)
      return (parts[0].lowercased(), parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
    }
    let rest = Array(text[end.upperBound...].utf8)
    body = headers.contains { $0.name == "transfer-encoding" } ? Self.dechunked(rest) : rest
  }

  package subscript(name: String) -> String? { headers.first { $0.name == name }?.value }
  package var text: String { String(decoding: body, as: UTF8.self) }
  package var json: JSON { (try? JSON.parse(body)) ?? .null }
  package var reason: String { json["reason"]?.string ?? "" }
  package var message: String { json["message"]?.string ?? "" }
  package var code: Int64? { json["code"]?.int }

  private static func dechunked(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var rest = bytes[...]
    while let end = rest.firstIndex(of: 0x0D), let count = Int(String(decoding: rest[rest.startIndex..<end], as: UTF8.self), radix: 16),
      count > 0
    {
      let start = end + 2
      guard start + count <= rest.endIndex else { break }
      result += rest[start..<start + count]
      rest = rest[(start + count + 2)...]
    }
    return result
  }
}
