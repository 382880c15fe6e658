import Synchronization

/// Texts that many readers want of one thing: each is made by the first who asks for it. Whoever shows something in several forms (an object, a row of
/// a table) names each form.
package final class SharedTexts: Sendable {
  private let made = Mutex<[(form: String, text: [UInt8])]>([])
  package init() {}

  /// The text in a form. `make` may run twice when two ask at the same moment; both get the same text.
  package func text(_ form: String, make: () -> [UInt8]) -> [UInt8] {
    if let text = made.withLock({ $0.first { $0.form == form }?.text }) { return text }
    let text = make()
    return made.withLock { made in
      if let earlier = made.first(where: { $0.form == form }) { return earlier.text }
      made.append((form, text))
      return text
    }
  }
}
