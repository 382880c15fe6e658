internal import Contracts
internal import KubeModel
import NIOHTTP1

/// A request's route in an interface beside Kubernetes'.
struct ServedMatch: Sendable {
  var provider: any RouteProviding
  var route: ServedRoute
  var parameters: [String: String]
}

/// The routes of all such interfaces.
struct ServedTable: Sendable {
  enum Finding {
    case route(ServedMatch)
    /// The path is an interface's, with other methods.
    case wrongMethod(any RouteProviding)
    case none
  }

  private struct Row: Sendable {
    var provider: any RouteProviding
    var route: ServedRoute
    var parts: [String]
  }

  private let providers: [any RouteProviding]
  private let rows: [Row]
  /// First segments of the patterns: most requests are Kubernetes', and looked up no further.
  private let firsts: Set<String>

  init(_ providers: [any RouteProviding]) {
    self.providers = providers
    rows = providers.flatMap { provider in
      provider.routes.map { Row(provider: provider, route: $0, parts: $0.pattern.split(separator: "/").map(String.init)) }
    }
    firsts = Set(rows.map { Self.first($0.parts) })
  }

  /// The first two segments tell the interfaces' paths from Kubernetes' (`/api/v1/namespaces…`).
  private static func first(_ parts: [String]) -> String { parts.prefix(parts.first == "api" ? 3 : 1).joined(separator: "/") }

  /// - Parameter accept: the request's field of this name.
  func match(_ method: String, _ target: RequestTarget, accept: String = "") -> Finding {
    let finding = firsts.contains(Self.first(target.segments)) ? find(method, target, accept) : .none
    guard case .none = finding, let provider = providers.first(where: { $0.owns(target.segments) }) else { return finding }
    let nothing = ServedRoute(method, target.path, .known) { _ throws(KubeStatus) in throw KubeStatus(.notFound, "Not Found") }
    return .route(ServedMatch(provider: provider, route: nothing, parameters: [:]))
  }

  private func find(_ method: String, _ target: RequestTarget, _ accept: String) -> Finding {
    let method = method == "HEAD" ? "GET" : method
    var other: (any RouteProviding)?
    for row in rows {
      guard let parameters = Self.parameters(row.parts, target.segments) else { continue }
      if let type = row.route.accepted, !Self.names(accept, type) { continue }
      guard row.route.method == method else {
        if other == nil { other = row.provider }
        continue
      }
      return .route(ServedMatch(provider: row.provider, route: row.route, parameters: parameters))
    }
    return other.map { .wrongMethod($0) } ?? .none
  }

  private static func names(_ accept: String, _ type: String) -> Bool {
    accept.split(separator: ",").contains { $0.prefix { $0 != ";" }.filter { $0 != " " }.lowercased() == type }
  }

  /// What stands for the pattern's variables; nil: the path is not the pattern's.
  static func parameters(_ parts: [String], _ segments: [String]) -> [String: String]? {
    var result: [String: String] = [:]
    for (index, part) in parts.enumerated() {
      guard part.hasPrefix("{"), part.hasSuffix("}") else {
        guard index < segments.count, part == segments[index] else { return nil }
        continue
      }
      let name = part.dropFirst().dropLast()
      if name.hasSuffix("...") {
        guard index < segments.count else { return nil }
        result[String(name.dropLast(3))] = segments[index...].joined(separator: "/")
        return result
      }
      if name.hasSuffix("?") {
        guard index < segments.count else { return segments.count == index ? result : nil }
        result[String(name.dropLast())] = segments[index]
        continue
      }
      guard index < segments.count else { return nil }
      result[String(name)] = segments[index]
    }
    return parts.count >= segments.count ? result : nil
  }
}

extension HeaderFields {
  init(_ headers: HTTPHeaders) { self.init(headers.map { (name: $0.name, value: $0.value) }) }
}

extension ServedRoute.BodyKeeping {
  var limit: Int? {
    switch self {
    case .memory(let limit): limit
    case .file(let limit): limit
    }
  }
}
