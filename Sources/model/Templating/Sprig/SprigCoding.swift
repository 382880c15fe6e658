import JSONValue

/// sprig's encodings, digests and paths.
enum SprigCoding {
  static func call(_ call: Sprig.Call) throws(ExpressionError) -> ExprValue? {
    switch call.name {
    case "b64enc": return .string(BaseCoding.encode64(Array(try call.string(0).utf8)))
    case "b32enc": return .string(BaseCoding.encode32(Array(try call.string(0).utf8)))
    case "b64dec", "b32dec":
      let text = try call.string(0)
      guard let bytes = call.name == "b64dec" ? BaseCoding.decode64(text) : BaseCoding.decode32(text) else {
        return .string("illegal \(call.name == "b64dec" ? "base64" : "base32") data")
      }
      return .string(String(decoding: bytes, as: UTF8.self))
    case "fromJson": return try ExprTextBuiltins.json(try call.string(0))
    case "toJson": return .string(try json(call).text(.go))
    case "toRawJson": return .string(try json(call).text(.canonical))
    case "toPrettyJson": return .string(try json(call).text(ExprTextBuiltins.goPretty))
    case "md5sum": return .string(Digest.hex(Digest.md5(Array(try call.string(0).utf8))))
    case "sha1sum": return .string(Digest.hex(Digest.sha1(Array(try call.string(0).utf8))))
    case "sha256sum": return .string(Digest.hex(Digest.sha256(Array(try call.string(0).utf8))))
    case "sha512sum": return .string(Digest.hex(Digest.sha512(Array(try call.string(0).utf8))))
    case "adler32sum": return .string(String(Digest.adler32(Array(try call.string(0).utf8))))
    case "base", "osBase": return .string(base(try call.string(0)))
    case "dir", "osDir":
      let path = try call.string(0)
      let end = path.utf8.lastIndex(of: 0x2F).map { path.utf8.index(after: $0) } ?? path.startIndex
      return .string(clean(String(path[..<end])))
    case "clean", "osClean": return .string(clean(try call.string(0)))
    case "ext", "osExt":
      let name = try call.string(0).split(separator: "/", omittingEmptySubsequences: false).last ?? ""
      return .string(name.lastIndex(of: ".").map { String(name[$0...]) } ?? "")
    case "isAbs", "osIsAbs": return .bool(try call.string(0).hasPrefix("/"))
    default: return nil
    }
  }

  private static func json(_ call: Sprig.Call) throws(ExpressionError) -> JSON {
    guard let json = try call.value(0).json else { throw call.failure("json: unsupported type: \(try call.value(0).typeName)") }
    return json
  }

  private static func base(_ path: String) -> String {
    if path.isEmpty { return "." }
    return path.split(separator: "/").last.map { String($0) } ?? "/"
  }

  private static func clean(_ path: String) -> String {
    if path.isEmpty { return "." }
    let isRooted = path.hasPrefix("/")
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part != ".." {
        parts.append(part)
      } else if let last = parts.last, last != ".." {
        parts.removeLast()
      } else if !isRooted {
        parts.append(part)
      }
    }
    let joined = (isRooted ? "/" : "") + parts.joined(separator: "/")
    return joined.isEmpty ? "." : joined
  }
}
