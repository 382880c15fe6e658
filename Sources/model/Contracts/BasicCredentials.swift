internal import Basics

/// Name and password of `Authorization: Basic …` (RFC 7617).
package struct BasicCredentials: Sendable, Hashable {
  package var name: String
  /// Nil: there is no colon, and all is the name.
  package var password: String?

  /// - Parameter field: the header field's value. Nil: it is of another scheme, or not well formed.
  package init?(_ field: String) {
    let parts = field.split(separator: " ", maxSplits: 1)
    guard Self.isMeant(field), parts.count == 2, let bytes = Base64.decode(String(parts[1].drop { $0 == " " })),
      let text = String(validating: bytes, as: UTF8.self)
    else { return nil }
    let pair = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    name = String(pair[0])
    password = pair.count == 2 ? String(pair[1]) : nil
  }

  /// Whether a field is of this scheme, well formed or not.
  package static func isMeant(_ field: String) -> Bool {
    let scheme = field.prefix { $0 != " " }
    return scheme.utf8.count < field.utf8.count && scheme.lowercased() == "basic"
  }
}
