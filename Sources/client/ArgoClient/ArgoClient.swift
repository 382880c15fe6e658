import Basics
import Glibc
import HTTPAccess
import JSONValue

/// Speaks the Argo API of one server (spec section 5): JSON in and out, streams of JSON, and files. For tasks; nothing here blocks.
package final class ArgoClient: Sendable {
  package typealias Query = [(name: String, value: String)]

  /// Bytes of one answer at most, and of one line of a stream.
  package static let bodyLimit = 1 << 30
  package static let lineLimit = 64 << 20
  /// How often a request is made that the server has no time for (429).
  private static let attempts = 10

  package let connection: ServerConnection
  private let session: HTTPSession

  /// Throws for certificates and proxies that cannot be used. Connects at the first request.
  package init(_ connection: ServerConnection) throws(ClientFailure) {
    self.connection = connection
    do throws(HTTPFailure) {
      session = try HTTPSession(connection.settings, url: connection.url)
    } catch {
      throw ClientFailure(error, connection)
    }
  }

  /// One request. Throws what the server refuses it with; an answer without a body is `{}`.
  /// - Parameters:
  ///   - path: segments, each as it is; they are escaped here.
  ///   - query: names and values, as they are.
  package func call(
    _ method: String, _ path: [String], query: Query = [], body: JSON? = nil
  ) async throws(ClientFailure) -> JSON {
    let reply = try await reply(request(method, path, query, body))
    if reply.body.isEmpty { return .object([:]) }
    do {
      return try JSON.parse(reply.body)
    } catch {
      throw ClientFailure("\(connection.url) does not answer in JSON: is it an Argosy server?", code: 13, status: reply.status)
    }
  }

  /// What is fetched, as it is.
  package func bytes(_ path: [String], query: Query = []) async throws(ClientFailure) -> [UInt8] {
    try await reply(request("GET", path, query, nil)).body
  }

  private func reply(_ request: HTTPRequest) async throws(ClientFailure) -> HTTPReply {
    var attempt = 1
    while true {
      let reply: HTTPReply
      do throws(HTTPFailure) {
        reply = try await session.reply(to: request, within: connection.requestLimit, bodyLimit: Self.bodyLimit)
      } catch {
        throw ClientFailure(error, connection)
      }
      if (200..<300).contains(reply.status) { return reply }
      // Refused before anything was done: the server says when to come back, as kubectl does.
      guard reply.status == 429, attempt < Self.attempts else { throw ClientFailure(status: reply.status, body: reply.body) }
      attempt += 1
      let wait = reply.header("retry-after").flatMap { Int64($0) } ?? 1
      do { try await Task.sleep(for: .seconds(min(10, max(1, wait)))) } catch { throw ClientFailure("cancelled", code: 1) }
    }
  }

  package func get(_ path: [String], query: Query = []) async throws(ClientFailure) -> JSON { try await call("GET", path, query: query) }
  package func put(_ path: [String], _ body: JSON) async throws(ClientFailure) -> JSON { try await call("PUT", path, body: body) }
  package func post(_ path: [String], _ body: JSON) async throws(ClientFailure) -> JSON { try await call("POST", path, body: body) }
  package func delete(_ path: [String], query: Query = []) async throws(ClientFailure) -> JSON {
    try await call("DELETE", path, query: query)
  }

  /// Reads a stream of newline-delimited JSON: `receive` gets the `result` of each line in turn and says whether to go on. Returns at the
  /// stream's end; ends with its task. Throws the stream's `error`.
  package func stream(
    _ path: [String], query: Query = [], receive: (JSON) async throws -> Bool
  ) async throws {
    let reply: HTTPStream
    do throws(HTTPFailure) { reply = try await session.stream(request("GET", path, query, nil)) } catch {
      throw ClientFailure(error, connection)
    }
    try await refuse(reply)
    var lines = LineReader(limit: Self.lineLimit)
    var isOver = false
    func take(_ chunk: [UInt8]?) async throws {
      guard let found = lines.append(chunk) else {
        throw ClientFailure("a line of the answer is longer than \(Self.lineLimit >> 20) MiB", code: 8)
      }
      for line in found where !line.isEmpty && !isOver {
        guard let json = try? JSON.parse(line) else {
          throw ClientFailure("\(connection.url) does not answer in lines of JSON: is it an Argosy server?", code: 13, status: reply.status)
        }
        if let error = json["error"], !error.isNull { throw ClientFailure(streamed: error) }
        isOver = try await !receive(json["result"] ?? json)
      }
    }
    do {
      try await reply.read { chunk in
        try await take(chunk)
        return !isOver
      }
    } catch let failure as HTTPFailure {
      throw ClientFailure(failure, connection)
    }
    if !isOver { try await take(nil) }
  }

  /// Throws what a reply that is not 2xx says.
  private func refuse(_ reply: HTTPStream) async throws {
    if (200..<300).contains(reply.status) { return }
    var body: [UInt8] = []
    do {
      try await reply.read { chunk in
        body += chunk
        return body.count < 1 << 20
      }
    } catch let failure as HTTPFailure {
      throw ClientFailure(failure, connection)
    }
    throw ClientFailure(status: reply.status, body: body)
  }

  /// Fetches a file as it is, bit by bit. Gives the answer's headers and removes the file again when it does not come whole.
  package func download(_ path: [String], query: Query = [], to file: String) async throws -> [(name: String, value: String)] {
    let reply: HTTPStream
    do throws(HTTPFailure) { reply = try await session.stream(request("GET", path, query, nil)) } catch {
      throw ClientFailure(error, connection)
    }
    try await refuse(reply)
    let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileError("open", file) }
    var isWhole = false
    defer {
      close(descriptor)
      if !isWhole { unlink(file) }
    }
    do {
      try await reply.read { chunk in
        var rest = chunk[...]
        while !rest.isEmpty {
          let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
          if count < 0 && errno == EINTR { continue }
          guard count > 0 else { throw FileError("write", file) }
          rest = rest.dropFirst(count)
        }
        return true
      }
    } catch let failure as HTTPFailure {
      throw ClientFailure(failure, connection)
    }
    isWhole = true
    return reply.headers
  }

  private func request(_ method: String, _ path: [String], _ query: Query, _ body: JSON?) -> HTTPRequest {
    var url = connection.url + path.map { "/" + Self.escaped($0) }.joined()
    if !query.isEmpty {
      url += "?" + query.map { "\(Self.escaped($0.name))=\(Self.escaped($0.value))" }.joined(separator: "&")
    }
    var request = HTTPRequest(method: method, url: url)
    request.headers = [("User-Agent", "argosy"), ("Accept", "application/json")] + connection.headers
    if let authorization = connection.authorization { request.headers.append(("Authorization", authorization)) }
    if let body {
      request.headers.append(("Content-Type", "application/json"))
      request.body = body.bytes()
    }
    return request
  }

  /// A path's segment or a query's part: everything but RFC 3986's unreserved characters is escaped, so that a name with a slash or a dot
  /// names nothing else.
  static func escaped(_ text: String) -> String {
    if text == "." { return "%2E" }
    if text == ".." { return "%2E%2E" }
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
        result.append(byte)
      case UInt8(ascii: "@"), UInt8(ascii: ":"), UInt8(ascii: ","): result.append(byte)
      default: result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
