package import Contracts
internal import JSONValue
package import KubeModel

/// The labels that say who made an object and who acted on it last (Argo: `workflow/creator`).
package enum ActorLabels {
  /// What somebody did to an object, as the label `workflows.argoproj.io/action` names it.
  package enum Action: String, Sendable, Hashable {
    case update = "Update", suspend = "Suspend", resume = "Resume", stop = "Stop", terminate = "Terminate", retry = "Retry"
    case set = "Set"
  }

  package static let creator = "workflows.argoproj.io/creator"
  package static let actor = "workflows.argoproj.io/actor"
  package static let action = "workflows.argoproj.io/action"
  private static let creators = [creator, "workflows.argoproj.io/creator-email", "workflows.argoproj.io/creator-preferred-username"]
  private static let actors = [actor, "workflows.argoproj.io/actor-email", "workflows.argoproj.io/actor-preferred-username"]

  /// Names the user as the maker of a new object; what the client wrote there itself goes.
  package static func setCreator(_ resource: inout Resource, _ user: UserInfo) {
    for key in creators { resource.removeLabel(key) }
    if let value = value(of: user) { resource.setLabel(creator, value) }
  }

  /// Names the user, and what he did, in an object that he changes.
  package static func setActor(_ resource: inout Resource, _ user: UserInfo, _ did: Action) {
    for key in actors + [action] { resource.removeLabel(key) }
    for (key, value) in labels(of: user, did) { resource.setLabel(key, value) }
  }

  /// The labels of an act, for those who change an object by a patch.
  package static func labels(of user: UserInfo, _ did: Action) -> [String: String] {
    guard let value = value(of: user) else { return [:] }
    return [actor: value, action: did.rawValue]
  }

  /// A user's name as a label may have it: `system-serviceaccount-argo-argo-server`; nil for nobody.
  package static func value(of user: UserInfo) -> String? {
    guard user.name != UserInfo.anonymous.name else { return nil }
    let value = text(user.name)
    return value.isEmpty ? nil : value
  }

  /// Other characters than a label's become `-`; of a long text the end stays; it begins and ends with a letter or a digit.
  static func text(_ name: String) -> String {
    let cleaned = name.unicodeScalars.map { scalar -> UInt8 in
      let isKept = scalar.isASCII && (isAlphanumeric(UInt8(truncatingIfNeeded: scalar.value)) || "-_.".unicodeScalars.contains(scalar))
      return isKept ? UInt8(truncatingIfNeeded: scalar.value) : UInt8(ascii: "-")
    }
    var result = cleaned.suffix(63)
    while let first = result.first, !isAlphanumeric(first) { result.removeFirst() }
    while let last = result.last, !isAlphanumeric(last) { result.removeLast() }
    return String(decoding: result, as: UTF8.self)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }
}

extension Resource {
  /// Takes a label away, and the member `labels` with the last one.
  fileprivate mutating func removeLabel(_ key: String) {
    guard label(key) != nil else { return }
    setLabel(key, nil)
    guard labels.isEmpty else { return }
    var metadata = metadata
    metadata["labels"] = nil
    self.metadata = metadata
  }
}
