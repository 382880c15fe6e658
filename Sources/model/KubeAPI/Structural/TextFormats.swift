internal import Basics
internal import RegularExpressions

/// The formats of texts that structural schemas may ask for; those that are not known are not checked, as in Kubernetes.
enum TextFormats {
  static func matches(_ text: String, _ format: String) -> Bool {
    switch format {
    case "date-time": return Instant(rfc3339: text) != nil
    case "date": return text.utf8.count == 10 && Instant(rfc3339: text + "T00:00:00Z") != nil
    case "byte": return Base64.decode(text) != nil
    case "duration": return (try? GoDuration(parsing: text)) != nil
    case "uuid", "uuid3", "uuid4", "uuid5": return isMatch(text, patterns[format])
    case "ipv4": return isIPv4(text)
    case "cidr":
      let parts = text.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 2, let bits = Int(parts[1]), String(bits) == parts[1] else { return false }
      let address = String(parts[0])
      return isIPv4(address) ? (0...32).contains(bits) : isIPv6(address) && (0...128).contains(bits)
    case "ipv6": return isIPv6(text)
    default: return isMatch(text, patterns[format])
    }
  }

  private static func isMatch(_ text: String, _ regex: LinearRegex?) -> Bool {
    guard let regex else { return true }
    return (try? regex.matches(text)) == true
  }

  private static let patterns: [String: LinearRegex] = {
    let hexadecimal = "[0-9a-fA-F]"
    func uuid(_ version: String) -> String {
      "^\(hexadecimal){8}-?\(hexadecimal){4}-?\(version)-?\(hexadecimal){4}-?\(hexadecimal){12}$"
    }
    let sources = [
      "uuid": uuid("\(hexadecimal){4}"), "uuid3": uuid("3\(hexadecimal){3}"), "uuid4": uuid("4\(hexadecimal){3}"),
      "uuid5": uuid("5\(hexadecimal){3}"), "email": "^[^@\\s]+@[^@\\s]+$", "mac": "^(\(hexadecimal){2}[:-]){5}\(hexadecimal){2}$",
      "hostname": "^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*$",
      "uri": "^[a-zA-Z][a-zA-Z0-9+.-]*:\\S*$", "hexcolor": "^#?(\(hexadecimal){3}|\(hexadecimal){6})$",
    ]
    return sources.compactMapValues { try? LinearRegex($0) }
  }()

  static func isIPv4(_ text: String) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4
      && parts.allSatisfy { part in
        guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
        return (part.utf8.count == 1 || part.utf8.first != 0x30) && (Int(part) ?? 256) < 256
      }
  }

  static func isIPv6(_ text: String) -> Bool {
    var text = text[...]
    if let colon = text.lastIndex(of: ":"), text[colon...].contains(".") {
      guard isIPv4(String(text[text.index(after: colon)...])) else { return false }
      text = text[...colon] + "0:0"
    }
    let halves = text.components(separatedBy: "::")
    guard halves.count <= 2 else { return false }
    var count = 0
    for half in halves where !half.isEmpty {
      for group in half.split(separator: ":", omittingEmptySubsequences: false) {
        guard (1...4).contains(group.utf8.count), UInt16(group, radix: 16) != nil, group.utf8.first != 0x2B else { return false }
        count += 1
      }
    }
    return halves.count == 2 ? count < 8 : count == 8
  }
}

extension Substring {
  fileprivate func components(separatedBy separator: String) -> [Substring] {
    var result: [Substring] = []
    var rest = self
    while let range = rest.firstRange(of: separator) {
      result.append(rest[..<range.lowerBound])
      rest = rest[range.upperBound...]
    }
    return result + [rest]
  }
}
