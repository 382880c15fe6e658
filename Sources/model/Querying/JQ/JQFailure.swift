/// Why a filter cannot be compiled or run, in gojq's words.
package struct JQError: Error, Sendable, Hashable, CustomStringConvertible {
  package var message: String
  package var description: String { message }
}

/// An error on its way through a running filter.
indirect enum JQFailure: Error, Sendable {
  /// A message that `catch` gets as a string.
  case message(String)
  /// What `error(value)` raised; `catch` gets the value.
  case value(JQValue)
  /// `break`, until the label with this number.
  case stop(Int)
  /// `halt` and `halt_error`, which nothing catches.
  case halt(JQValue)
  /// A bound of this interpreter, which nothing catches.
  case limit(String)
  /// An error raised behind the output of a `try`, which that `try` lets pass.
  case passing(JQFailure)

  /// What the message is when nothing catches the error.
  var error: JQError {
    switch self {
    case .message(let text): JQError(message: text)
    case .value(.string(let text)): JQError(message: "error: " + text)
    case .value(let value): JQError(message: "error: " + value.text)
    case .stop: JQError(message: "label not defined")
    case .halt(.string(let text)): JQError(message: "halt error: " + text)
    case .halt(let value): JQError(message: "halt error: " + value.text)
    case .limit(let text): JQError(message: "the jq filter was stopped: " + text)
    case .passing(let inner): inner.error
    }
  }

  static func cannotApply(_ name: String, _ value: JQValue) -> JQFailure { .message("\(name) cannot be applied to: \(value.described)") }

  static func cannotApply(_ name: String, _ value: JQValue, _ argument: JQValue) -> JQFailure {
    .message("\(name)(\(argument.preview)) cannot be applied to: \(value.described)")
  }

  static func failed(_ name: String, _ value: JQValue, _ why: String) -> JQFailure {
    .message("\(name) cannot be applied to \(value.preview): \(why)")
  }

  static func failed(_ name: String, _ value: JQValue, _ argument: JQValue, _ why: String) -> JQFailure {
    .message("\(name)(\(argument.preview)) cannot be applied to \(value.preview): \(why)")
  }

  /// The message alone, for errors that name another one as their reason.
  var reason: String { error.message }
}
