extension WhenCondition {
  /// What can be told of a condition before its tags have values.
  package enum Forecast: Sendable, Hashable {
    case mayHold
    /// Whatever the tags stand for, it cannot be evaluated.
    case fails(WhenError)
    /// With no usual values of the tags it can be evaluated.
    case likelyFails(WhenError)
  }

  /// Texts that tags usually stand for.
  private static let samples = ["a", "1", "true", "'a'", "'a', 'b'", "==", ""]

  /// - Parameter samples: what a tag may stand for, where that is known.
  package static func forecast(
    _ template: TagTemplate, barewordsAreStrings: Bool = true, samples: (TagTemplate.Tag) -> [String]? = { _ in nil }
  ) -> Forecast {
    guard template.hasTags else {
      do throws(WhenError) {
        _ = try evaluate(template.source, barewordsAreStrings: barewordsAreStrings)
        return .mayHold
      } catch {
        return .fails(error)
      }
    }
    do throws(WhenError) {
      let open = template.parts.map { if case .text(let words) = $0 { words } else { String(WhenLexer.openLetter) } }.joined()
      _ = try WhenLexer.tokens(of: open, hasOpenWords: true)
    } catch {
      return .fails(WhenError(message: "Invalid 'when' expression '\(template.source)': \(error.message)"))
    }
    var tags: [(tag: TagTemplate.Tag, values: [String], isKnown: Bool)] = []
    for case .tag(let tag) in template.parts where !tags.contains(where: { $0.tag == tag }) {
      let known = samples(tag)
      tags.append((tag, known ?? Self.samples, known != nil))
    }
    var count = 1
    for tag in tags {
      count *= tag.values.count
      guard count <= 2401 else { return .mayHold }
    }
    var first: WhenError?
    for number in 0..<count {
      var rest = number
      var values: [TagTemplate.Tag: String] = [:]
      for tag in tags {
        values[tag.tag] = tag.values[rest % tag.values.count]
        rest /= tag.values.count
      }
      let text = template.parts.map { part in
        switch part {
        case .text(let words): words
        case .tag(let tag): values[tag] ?? ""
        }
      }.joined()
      do throws(WhenError) {
        _ = try evaluate(text, barewordsAreStrings: barewordsAreStrings)
        return .mayHold
      } catch {
        if first == nil { first = WhenError(message: error.message.replacing("'\(text)'", with: "'\(template.source)'")) }
      }
    }
    guard let first else { return .mayHold }
    return tags.allSatisfy(\.isKnown) ? .fails(first) : .likelyFails(first)
  }
}
