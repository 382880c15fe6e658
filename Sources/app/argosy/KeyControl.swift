import Basics
import CommandLine
import Contracts
import Identity
import JSONValue
import KubeModel
import ResourceDB

/// Answers what is asked of the keys of a data directory, in the process that serves it or in a command's own.
struct KeyControl: Sendable {
  let store: ResourceDatabase
  let directory: StateDirectory

  /// Nil for requests that are about something else.
  func answer(_ request: StateRequest) throws -> [JSON]? {
    switch request.verb {
    case .rotateKey: return [try rotate()]
    case .token: return [try token(request)]
    default: return nil
    }
  }

  /// Encrypts all Secrets anew. The new key is in the file before anything needs it, and the old one until nothing needs it.
  private func rotate() throws(KubeStatus) -> JSON {
    guard let keys = store.sealing as? SecretKeys else {
      throw KubeStatus(
        .badRequest,
        "the Secrets in \(directory.path) are not encrypted, and the process that serves them cannot begin with it: end it, then the same command makes a key"
      )
    }
    try keys.addKey()
    let count = try store.reseal()
    try keys.dropOldKeys()
    return ["secrets": .int(Int64(count)), "key": .string(keys.currentKey)]
  }

  private func token(_ request: StateRequest) throws(KubeStatus) -> JSON {
    let key = ResourceKey(.serviceAccount, namespace: request.namespace, name: request.names.first ?? "")
    guard let account = try store.get(key) else { throw .notFound(key) }
    let now = SystemClock.now()
    let content = ServiceAccountToken(
      namespace: key.namespace, serviceAccount: key.name, serviceAccountUID: account.uid, issuedAt: now,
      expiresAt: now + TimeSpan(seconds: request.lifetime))
    return ["token": .string(try ServerIdentity(directory.keys).tokens.token(content))]
  }
}
