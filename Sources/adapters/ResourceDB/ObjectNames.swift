import KubeModel

/// Kubernetes' rules for names of objects (its documentation "Object Names and IDs").
enum ObjectNames {
  /// Letters of a generated suffix: no vowels and no digits that look like letters, so that no words come out.
  static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789".utf8)
  static let suffixLength = 5
  /// Kubernetes cuts `generateName` so that the whole name stays a label (63 characters).
  static let longestBase = 63 - suffixLength
  static let longestName = 253

  /// A name from `generateName`.
  static func generated(_ base: String, random: () -> UInt64) -> String {
    var name = Array(base.utf8.prefix(longestBase))
    for _ in 0..<suffixLength { name.append(alphabet[Int(random() % UInt64(alphabet.count))]) }
    return String(decoding: name, as: UTF8.self)
  }

  /// Throws `invalid` for a name that is no RFC 1123 subdomain of at most 253 characters (for a namespace: a label of at most 63; for roles,
  /// bindings and limits of semaphores: anything that can be one part of a path).
  static func validate(_ name: String, kind: ResourceKind) throws(KubeStatus) {
    let isLabel = kind == .namespace
    let limit = isLabel ? 63 : longestName
    let subject = "\(kind.kind)\(kind.group.isEmpty ? "" : "." + kind.group) \"\(name)\" is invalid: metadata.name"
    guard !name.isEmpty else { throw KubeStatus(.invalid, "\(subject): Required value: name or generateName is required") }
    guard name.utf8.count <= limit else { throw KubeStatus(.invalid, "\(subject): Too long: may not be more than \(limit) bytes") }
    if kind.group == "rbac.authorization.k8s.io" || kind == .syncLimit {
      guard name != ".", name != "..", !name.contains("/"), !name.contains("%") else {
        throw KubeStatus(.invalid, "\(subject): Invalid value: \"\(name)\": may not be '.' or '..', or contain '/' or '%'")
      }
      return
    }
    let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let isValid = labels.allSatisfy { label in
      guard let first = label.first, let last = label.last else { return false }
      return isAlphanumeric(first) && isAlphanumeric(last) && label.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }
    guard isValid, !isLabel || labels.count == 1 else {
      throw KubeStatus(
        .invalid,
        "\(subject): Invalid value: \"\(name)\": use lower case letters, digits, '-'\(isLabel ? "" : " and '.'"), beginning and ending "
          + "with a letter or digit (RFC 1123 \(isLabel ? "label" : "subdomain"))")
    }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  /// A version 4 UUID (RFC 9562 section 5.4) in lower case.
  static func uuid(random: () -> UInt64) -> String {
    let high = random() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
    let low = random() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(36)
    for position in 0..<32 {
      if [8, 12, 16, 20].contains(position) { text.append(UInt8(ascii: "-")) }
      let word = position < 16 ? high : low
      text.append(digits[Int(word >> UInt64(60 - position % 16 * 4) & 0xF)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
