import Basics
internal import Contracts
internal import KubeModel
import NIOCore
import NIOHTTP1
import Synchronization

/// One request on its way through the server.
struct APICall: Sendable {
  var id: String
  var head: RequestHead?
  /// Why the request was refused before it came to the gate.
  var refusal: (status: KubeStatus, code: HTTPResponseStatus?)?
  var request: AdmittedRequest?
  /// What the gate found out, whether it admitted the request or not.
  var seen = GateSighting()
  /// The route of another interface that it is for.
  var served: ServedMatch?
  /// The interface that words the refusal, where it has the path but not the method.
  var interface: (any RouteProviding)?
  /// The form in which failures are told.
  var form = DocumentForm.json
  var method = ""
  /// Cut to a length that logs can bear, without the query.
  var path = ""
  var peer = ""
  var agent = ""
}

/// What all connections share.
final class ServerCore: Sendable {
  let parts: APIParts
  let settings: APISettings
  let gate: Gate
  let pool: BlockingPool
  let streams: StreamLimits
  let connections = Connections()
  let meter = RequestMeter()
  let log: AccessLog
  let documents = DocumentCache()
  let stop = StopSignal()
  let served: ServedTable
  /// Logs that are read at the moment.
  let openLogs = Atomic<Int>(0)
  /// Threads that streams of other interfaces hold.
  let streamThreads = Atomic<Int>(0)
  private let running = Atomic<Int>(0)

  init(parts: APIParts, settings: APISettings, log: AccessLog) {
    self.parts = parts
    self.settings = settings
    self.log = log
    served = ServedTable(parts.interfaces)
    gate = Gate(
      authenticator: parts.authenticator, authorizer: parts.authorizer, impersonator: parts.impersonator,
      rates: RequestRates(perSecond: settings.requestsPerSecond, burst: settings.requestBurst))
    pool = BlockingPool(
      name: "api", threads: settings.workers, maximumWaiting: settings.maximumWaiting, waitSeconds: settings.waitSeconds)
    streams = StreamLimits(perUser: settings.streamsPerUser, maximum: settings.maximumStreams)
  }

  /// No new request is taken on a connection.
  var isStopping: Bool { stop.isSet }

  /// Takes a request's head in; what is wrong with it is told by ``admit(_:)``.
  func begin(_ head: HTTPRequestHead, connection: Connection, certificate: [UInt8]?) -> APICall {
    running.wrappingAdd(1, ordering: .relaxed)
    var random = SystemRandomNumberGenerator()
    var call = APICall(id: randomUUID(using: &random))
    call.method = head.method.rawValue
    call.path = String(decoding: head.uri.utf8.prefix { $0 != UInt8(ascii: "?") }.prefix(512), as: UTF8.self)
    call.peer = connection.peer
    call.agent = String(decoding: (head.headers.first(name: "user-agent") ?? "").utf8.prefix(200), as: UTF8.self)
    do throws(KubeStatus) {
      guard head.uri.utf8.count <= settings.maximumTarget else {
        call.refusal = (KubeStatus(.badRequest, "the request's target is longer than \(settings.maximumTarget) bytes"), .uriTooLong)
        return call
      }
      let target = try RequestTarget(head.uri)
      call.form.isPretty = Self.wantsPretty(target, call.agent)
      switch served.match(call.method, target, accept: head.headers[canonicalForm: "accept"].joined(separator: ",")) {
      case .route(let match): call.served = match
      case .wrongMethod(let provider):
        call.interface = provider
        throw Self.methodNotAllowed
      case .none:
        guard ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].contains(call.method) else { throw Self.methodNotAllowed }
      }
      call.head = RequestHead(
        id: call.id, method: call.method, target: target, headers: head.headers, peer: connection.peer, certificate: certificate,
        served: call.served)
    } catch {
      call.refusal = (error, nil)
    }
    return call
  }

  private static let methodNotAllowed = KubeStatus(
    .methodNotAllowed, "the server does not allow this method on the requested resource", details: .init())

  /// The answer for a request that failed, as the interface that it was sent to words it.
  func failure(_ status: KubeStatus, _ call: APICall) -> APIAnswer {
    guard let provider = call.served?.provider ?? call.interface else { return APIAnswer(status, call.form) }
    return ServedAnswer.failure(status, provider, path: call.path)
  }

  /// Programs for people get indented documents, as of Kubernetes' server.
  private static func wantsPretty(_ target: RequestTarget, _ agent: String) -> Bool {
    if let pretty = target["pretty"] { return pretty != "false" && pretty != "0" }
    return agent.hasPrefix("curl") || agent.hasPrefix("Wget") || agent.hasPrefix("Mozilla/5.0")
  }

  /// Lets the request through the gate. Throws why not.
  func admit(_ call: inout APICall) async throws(KubeStatus) {
    if let refusal = call.refusal { throw refusal.status }
    guard call.request == nil, let head = call.head else { return }
    let (result, seen) = try await pool.run { [gate] () throws(KubeStatus) -> (Result<AdmittedRequest, KubeStatus>, GateSighting) in
      var seen = GateSighting()
      do throws(KubeStatus) { return (.success(try gate.admit(head, &seen)), seen) } catch { return (.failure(error), seen) }
    }
    call.seen = seen
    call.request = try result.get()
  }

  /// Does what the request asks for, after the gate, which is passed here where that has not been done.
  func answer(_ call: inout APICall) async throws(KubeStatus) -> APIAnswer {
    if let refusal = call.refusal {
      var answer = call.interface == nil ? APIAnswer(refusal.status, call.form, status: refusal.code) : failure(refusal.status, call)
      answer.closes = true
      return answer
    }
    guard let head = call.head else { throw KubeStatus(.internalError, "the request has no head") }
    let admitted = call.request
    let asked = call
    var (request, seen, answer) = try await pool.run { [self] () throws(KubeStatus) -> (AdmittedRequest?, GateSighting, APIAnswer) in
      var seen = asked.seen
      var request = admitted
      do throws(KubeStatus) {
        let known: AdmittedRequest
        if let admitted { known = admitted } else { known = try gate.admit(head, &seen) }
        request = known
        if let served = head.served { return (known, seen, try ServedAnswer.answer(known, served, self)) }
        return (known, seen, try Router.answer(known, self))
      } catch {
        // Who asked is known and goes into the log with the failure.
        return (request, seen, failure(error, asked))
      }
    }
    if let user = answer.user { (seen.user, seen.sender) = (user, user) }
    call.request = request
    call.seen = seen
    if let later = answer.later { answer = await later() }
    return answer
  }

  /// Counts and logs a request that was answered.
  func end(_ call: APICall, _ answer: APIAnswer, bytes: Int, nanoseconds: UInt64) {
    running.wrappingSubtract(1, ordering: .relaxed)
    let info = call.request?.info
    let status = Int(answer.status.code)
    meter.count(info, method: call.method, code: status, nanoseconds: nanoseconds, isStream: answer.isStream)
    var entry = AccessLog.Entry()
    entry.id = call.id
    entry.verb = call.seen.info?.verb ?? call.method.lowercased()
    entry.method = call.method
    entry.path = call.path
    entry.user = call.seen.user?.name ?? ""
    if let sender = call.seen.sender, sender != call.seen.user { entry.sender = sender.name }
    entry.peer = call.peer
    entry.agent = call.agent
    entry.status = status
    entry.microseconds = nanoseconds / 1000
    entry.bytes = bytes
    entry.problem = answer.failure?.message
    log.record(entry)
  }

  /// Records who did what, where that is to be recorded. To be called before the answer goes out.
  func audit(_ call: APICall, _ answer: APIAnswer) {
    guard let audit = parts.audit, parts.auditPolicy.takes(call, status: Int(answer.status.code)) else { return }
    audit.record(AuditRecord(call, answer))
  }

  /// A request was begun and goes another way.
  func abandon() { running.wrappingSubtract(1, ordering: .relaxed) }

  /// Requests in hand.
  var inFlight: Int { running.load(ordering: .relaxed) }
}

/// Tells streams that the server stops.
final class StopSignal: Sendable {
  private struct State: Sendable { var isSet = false, next = 0, actions: [Int: @Sendable () -> Void] = [:] }
  private let state = Mutex(State())

  var isSet: Bool { state.withLock { $0.isSet } }

  /// Calls the action when the signal comes, or now when it has come. Gives a number for ``forget(_:)``.
  func observe(_ action: @escaping @Sendable () -> Void) -> Int {
    let number: Int? = state.withLock { state in
      guard !state.isSet else { return nil }
      state.next += 1
      state.actions[state.next] = action
      return state.next
    }
    if number == nil { action() }
    return number ?? 0
  }

  func forget(_ number: Int) { state.withLock { _ = $0.actions.removeValue(forKey: number) } }

  func set() {
    let actions = state.withLock { state in
      state.isSet = true
      defer { state.actions = [:] }
      return Array(state.actions.values)
    }
    for action in actions { action() }
  }
}
