import Basics
import Contracts
import JSONValue
import KubeModel

/// The service account `default` of each namespace, the certificate of the server (`kube-root-ca.crt`), and a Secret with a token for each
/// account, listed in its `secrets`, as Kubernetes had it before 1.24: `kubectl get sa NAME -o jsonpath={.secrets[0].name}` finds it.
struct ServiceAccountController: Controller {
  let store: any ResourceStoring
  let signer: (any TokenSigning)?
  let certificateAuthority: String

  var name: String { "serviceaccount" }
  static let rootCertificates = "kube-root-ca.crt"

  func watches(_ kind: ResourceKind) -> Bool { kind == .namespace || kind == .serviceAccount || kind == .secret || kind == .configMap }

  func concerned(by event: WatchEvent) -> [WorkItem] {
    let resource = event.resource
    switch resource.kind {
    case .namespace: return event.change == .deleted ? [] : [WorkItem(resource.key)]
    case .serviceAccount:
      guard event.change == .deleted else { return [WorkItem(resource.key)] }
      // Its Secrets go, and the namespace's standard account is made again.
      return [WorkItem(resource.key, uid: resource.uid), WorkItem(namespace(resource.namespace))]
    case .configMap:
      return event.change != .added && resource.name == Self.rootCertificates ? [WorkItem(namespace(resource.namespace))] : []
    default:
      guard TokenSecrets.isTokenSecret(resource) else { return [] }
      if event.change != .deleted { return [WorkItem(resource.key)] }
      guard let account = TokenSecrets.account(of: resource) else { return [] }
      return [WorkItem(ResourceKey(.serviceAccount, namespace: resource.namespace, name: account))]
    }
  }

  private func namespace(_ name: String) -> ResourceKey { ResourceKey(.namespace, namespace: "", name: name) }

  func initial() throws(KubeStatus) -> [WorkItem] {
    let namespaces = try store.list(.namespace, namespace: nil, labels: .everything)
    let accounts = try store.list(.serviceAccount, namespace: nil, labels: .everything)
    let secrets = try store.list(.secret, namespace: nil, labels: .everything).filter(TokenSecrets.isTokenSecret)
    return (namespaces + accounts + secrets).map { WorkItem($0.key) }
  }

  func reconcile(_ item: WorkItem, at now: Instant) throws(KubeStatus) -> Instant? {
    switch item.key.kind {
    case .namespace: try furnish(item.key.name)
    case .serviceAccount: try provide(item.key)
    default: try fill(item.key, at: now)
    }
    return nil
  }

  /// What every namespace has.
  private func furnish(_ name: String) throws(KubeStatus) {
    guard let namespace = try store.get(namespace(name)), namespace.deletionTimestamp == nil else { return }
    let account = ResourceKey(.serviceAccount, namespace: name, name: "default")
    if try store.get(account) == nil { try create(Resource(.serviceAccount, json: ["metadata": Self.metadata(account)])) }
    guard !certificateAuthority.isEmpty else { return }
    let key = ResourceKey(.configMap, namespace: name, name: Self.rootCertificates)
    let data: JSON = ["ca.crt": .string(certificateAuthority)]
    guard var map = try store.get(key) else {
      var metadata = Self.metadata(key)
      metadata["annotations"] = [
        "kubernetes.io/description": "The certificate that the API server of this machine is verified with."
      ]
      return try create(Resource(.configMap, json: ["metadata": metadata, "data": data]))
    }
    guard map.json["data"] != data else { return }
    map.json["data"] = data
    try store.commit([.update(map)])
  }

  private static func metadata(_ key: ResourceKey) -> JSON { ["name": .string(key.name), "namespace": .string(key.namespace)] }

  private func create(_ object: Resource) throws(KubeStatus) {
    do throws(KubeStatus) { try store.commit([.create(object)]) } catch {
      guard error.reason == .alreadyExists else { throw error }
    }
  }

  /// An account has a token Secret; what its `secrets` name exists.
  private func provide(_ key: ResourceKey) throws(KubeStatus) {
    let secrets = try store.list(.secret, namespace: key.namespace, labels: .everything)
    guard let account = try store.get(key) else {
      // Also what an earlier account of the name had.
      let orphans = secrets.filter { TokenSecrets.account(of: $0) == key.name }
      if !orphans.isEmpty { try store.commit(orphans.map { .delete($0.key) }) }
      return
    }
    guard account.deletionTimestamp == nil, let signer else { return }
    let foreign = secrets.filter { TokenSecrets.account(of: $0) == account.name && !TokenSecrets.belongs($0, to: account) }
    var writes = foreign.map { Write.delete($0.key) }
    var names = (account.json["secrets"]?.array ?? []).compactMap { $0["name"]?.string }
    let tokens = Set(secrets.filter { TokenSecrets.belongs($0, to: account) }.map(\.name))
    // What it names beside tokens (a Secret that pods may mount) is the user's.
    let dead = names.filter { name in
      name.hasPrefix(account.name + "-token-") && !secrets.contains { $0.name == name && !foreign.contains($0) }
    }
    names.removeAll { dead.contains($0) }
    if !names.contains(where: tokens.contains) {
      if let token = tokens.sorted().first(where: { $0.hasPrefix(account.name + "-token-") }) {
        names.append(token)
      } else {
        let name = Self.secretName(account.name, taken: Set(secrets.map(\.name)))
        let secret = TokenSecrets.make(for: account, name: name)
        writes.append(
          .create(TokenSecrets.filled(secret, account: account, signer: signer, certificateAuthority: certificateAuthority)))
        names.append(name)
      }
    }
    var changed = account
    let before = account.json["secrets"]?.array ?? []
    changed.json["secrets"] = .array(names.map { name in before.first { $0["name"]?.string == name } ?? ["name": .string(name)] })
    if changed.json["secrets"]?.array != before { writes.append(.update(changed)) }
    if !writes.isEmpty { try store.commit(writes) }
  }

  private static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")

  /// `<account>-token-xxxxx`, of the length that a name may have.
  private static func secretName(_ account: String, taken: Set<String>) -> String {
    while true {
      let suffix = String((0..<5).map { _ in alphabet[Int.random(in: alphabet.indices)] })
      let name = "\(account.prefix(253 - 12))-token-\(suffix)"
      if !taken.contains(name) { return name }
    }
  }

  /// A token Secret has its token; one whose account is not there goes.
  private func fill(_ key: ResourceKey, at now: Instant) throws(KubeStatus) {
    guard let secret = try store.get(key), secret.deletionTimestamp == nil, let name = TokenSecrets.account(of: secret), let signer else {
      return
    }
    guard let account = try store.get(ResourceKey(.serviceAccount, namespace: key.namespace, name: name)),
      TokenSecrets.belongs(secret, to: account)
    else {
      if let deletion = secret.deletion(at: now) { try store.commit([deletion]) }
      return
    }
    let filled = TokenSecrets.filled(secret, account: account, signer: signer, certificateAuthority: certificateAuthority)
    if filled != secret { try store.commit([.update(filled)]) }
  }
}
