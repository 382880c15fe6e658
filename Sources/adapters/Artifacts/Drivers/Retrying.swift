import Basics
import Contracts
import Glibc
import HTTPAccess

/// A service's refusal or silence, before it is said in the words of an artifact.
struct ServiceFailure: Error, Sendable {
  /// The HTTP status; 0 when there was no answer.
  var status = 0
  /// The service's own code, such as `NoSuchKey`.
  var code = ""
  var message: String
  /// Whether asking again may help.
  var isTransient = false
  /// Set when it was not the service but this machine that failed.
  var local: ArtifactFailure?

  init(status: Int = 0, code: String = "", message: String, isTransient: Bool = false) {
    self.status = status
    self.code = code
    self.message = message
    self.isTransient = isTransient
  }

  init(_ failure: ArtifactFailure) {
    message = failure.description
    local = failure
  }

  /// From what the HTTP client says: no answer may be one next time, and a `5xx` or `429` too. `transientCodes` are those of the service, which
  /// tells its codes in the XML element `Code`.
  init(_ failure: HTTPFailure, transientCodes: Set<String>) {
    switch failure {
    case .status(let status, let text):
      let code = XMLElement.text(of: "Code", in: text) ?? ""
      let message = XMLElement.text(of: "Message", in: text) ?? (text.hasPrefix("<") ? "" : String(text.prefix(300)))
      self.init(
        status: status, code: code, message: message, isTransient: status >= 500 || status == 429 || transientCodes.contains(code))
    case .transport(let text): self.init(message: text, isTransient: true)
    case .invalid(let text): self.init(message: text)
    case .tooLarge(let limit): self.init(message: "there are more than \(limit) bytes")
    case .file(let text): self.init(.failed(text))
    }
  }

  /// Does what only this machine can fail at.
  static func here<Value>(_ body: () throws(ArtifactFailure) -> Value) throws(ServiceFailure) -> Value {
    do { return try body() } catch { throw ServiceFailure(error) }
  }

  /// In one line, for the end of a message.
  var text: String {
    let number = status == 0 ? "" : "\(status) "
    if code.isEmpty { return message.isEmpty ? "\(number)without a reason" : number + message }
    return message.isEmpty ? number + code : "\(number)\(code): \(message)"
  }
}

/// How often something is tried and how long the waits between are (Argo's back-off of the executor: five runs in nine seconds).
struct RetryPolicy: Sendable {
  var attempts = 5
  /// The first wait in milliseconds.
  var delay = 1000.0
  var factor = 1.6
  /// The largest random part of a wait, as a part of it.
  var jitter = 0.5

  /// With what the variables `EXECUTOR_RETRY_BACKOFF_*` say; values out of all reason are not taken.
  init(environment: (String) -> String?) {
    func value(_ name: String) -> String? { environment("EXECUTOR_RETRY_BACKOFF_" + name) }
    if let steps = value("STEPS").flatMap({ Int($0) }), (1...100).contains(steps) { attempts = steps }
    if let text = value("DURATION"), let span = (try? GoDuration(parsing: text))?.timeSpan, (0...600_000).contains(span.milliseconds) {
      delay = Double(span.milliseconds)
    }
    if let number = value("FACTOR").flatMap({ Double($0) }), (1...10).contains(number) { factor = number }
    if let number = value("JITTER").flatMap({ Double($0) }), (0...10).contains(number) { jitter = number }
  }

  /// Runs `body` until it succeeds, fails for good, or has been tried often enough.
  func run<Value>(_ body: () throws(ServiceFailure) -> Value) throws(ServiceFailure) -> Value {
    var wait = delay
    var attempt = 1
    while true {
      do throws(ServiceFailure) { return try body() } catch {
        guard error.isTransient, attempt < attempts else { throw error }
      }
      usleep(UInt32(min(60_000, wait * (1 + Double.random(in: 0...1) * jitter)) * 1000))
      wait *= factor
      attempt += 1
    }
  }
}
