internal import JSONValue
internal import KubeModel
import NIOHTTP1

/// Reads the documents that clients send.
enum BodyReading {
  /// A document in JSON or YAML, by its content type; nil for an empty body. Throws `unsupportedMediaType` and `badRequest`.
  /// - Parameter duplicates: gets the paths of members that an object of the text has twice.
  static func document(_ body: [UInt8], _ headers: HTTPHeaders, duplicates: inout [String]) throws(KubeStatus) -> JSON? {
    guard !body.isEmpty else { return nil }
    switch try contentType(headers) {
    case "", "application/json": return try json(body, duplicates: &duplicates)
    case "application/yaml", "application/x-yaml", "text/yaml": return try YAMLBody.parse(body)
    case ProtobufDocument.mediaType: return try ProtobufDocument.parse(body)
    case let other:
      throw KubeStatus(
        .unsupportedMediaType,
        "the body of the request was in an unknown format - accepted media types include: \(Negotiated.offered) (got \(other))"
      )
    }
  }

  /// The content type without parameters; empty where there is none.
  static func contentType(_ headers: HTTPHeaders) throws(KubeStatus) -> String {
    guard let text = headers.first(name: "content-type"), !text.isEmpty else { return "" }
    guard let type = MediaType(text) else { throw KubeStatus(.unsupportedMediaType, "the content type \"\(text)\" cannot be read") }
    return type.name
  }

  static func json(_ body: [UInt8], duplicates: inout [String]) throws(KubeStatus) -> JSON {
    do throws(JSONParseError) {
      return try JSON.parse(body, duplicates: &duplicates)
    } catch {
      throw KubeStatus(
        .badRequest, "the object provided is unrecognized (must be of type Object): couldn't get version/kind; json parse error: \(error)")
    }
  }
}
