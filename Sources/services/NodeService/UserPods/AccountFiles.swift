import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import Synchronization

/// What pods find at `/var/run/secrets/kubernetes.io/serviceaccount`: a token, the authority's certificate, the namespace. All pods of a service
/// account share one directory, so that a pod costs no files; tokens that volumes ask for are the pod's own. Both are renewed in time. The directories go
/// with their namespace.
final class AccountFiles: Sendable {
  static let path = "/var/run/secrets/kubernetes.io/serviceaccount"
  /// Seconds; renewed when four fifths are over, as a kubelet does it.
  private static let lifetime: Int64 = 3600

  private struct Kept: Sendable {
    var wish: TokenWish
    var renewAt: Instant
    /// The uid of the account that all pods' tokens are of: a later one of the name has others. Nil: of a pod's own token.
    var account: String?
  }
  private struct State {
    /// By the token's file.
    var kept: [String: Kept] = [:]
    /// Files that belong to a pod, by its uid.
    var files: [String: [String]] = [:]
  }

  private let directory: String
  private let api: NodeSettings.APIAccess
  private let tokens: any TokenIssuing
  private let store: any ResourceStoring
  private let state = Mutex(State())
  /// Held while the directory of a namespace is made or removed.
  private let places = Mutex(())

  /// - Parameter directory: the node's.
  init(directory: String, api: NodeSettings.APIAccess, tokens: any TokenIssuing, store: any ResourceStoring) {
    self.directory = directory + "/accounts"
    self.api = api
    self.tokens = tokens
    self.store = store
  }

  /// The mount of a pod's account; nil where it is not wanted or there is no such account.
  func mount(for pod: Resource, isIsolated: Bool) throws -> PodPlan.Mount? {
    guard isIsolated, pod.spec["automountServiceAccountToken"]?.bool != false else { return nil }
    let containers = (pod.spec["containers"]?.array ?? []) + (pod.spec["initContainers"]?.array ?? [])
    // What the API's admission has put there already.
    if !containers.isEmpty,
      containers.allSatisfy({ $0["volumeMounts"]?.array?.contains { $0["mountPath"]?.string == Self.path } == true })
    {
      return nil
    }
    let name = pod.spec["serviceAccountName"]?.string ?? "default"
    guard PodPlan.isFileName(name), PodPlan.isFileName(pod.namespace) else { return nil }
    let place = "\(directory)/\(pod.namespace)/\(name)"
    let file = place + "/token"
    guard let account = try store.get(ResourceKey(.serviceAccount, namespace: pod.namespace, name: name)) else { return nil }
    if account.json["automountServiceAccountToken"]?.bool == false, pod.spec["automountServiceAccountToken"]?.bool != true { return nil }
    let mount = PodPlan.Mount(source: place, target: Self.path, isReadOnly: true)
    try places.withLock { _ in
      if let kept = state.withLock({ $0.kept[file] }), kept.account == account.uid, kept.renewAt > SystemClock.now(),
        LocalFiles.exists(file)
      {
        return
      }
      try LocalFiles.makeDirectories(directory, mode: 0o700)
      try LocalFiles.makeDirectories(place)
      // Pods that run read them meanwhile.
      try Self.replace(place + "/ca.crt", with: api.authority)
      try Self.replace(place + "/namespace", with: Array(pod.namespace.utf8))
      try write(TokenWish(namespace: pod.namespace, serviceAccount: name, lifetime: Self.lifetime), account: account.uid, to: file)
    }
    return mount
  }

  /// Removes the files of namespaces that are not there. Blocks.
  func removeStrays() {
    for namespace in LocalFiles.names(in: directory) {
      places.withLock { _ in
        guard isGone(namespace) else { return }
        let place = "\(directory)/\(namespace)"
        state.withLock { state in
          for file in state.kept.keys where file.hasPrefix(place + "/") { state.kept[file] = nil }
        }
        LocalFiles.removeTree(place)
      }
    }
  }

  private func isGone(_ namespace: String) -> Bool {
    do throws(KubeStatus) { return try store.get(ResourceKey(.namespace, namespace: "", name: namespace)) == nil } catch {
      // The next start looks again.
      return false
    }
  }

  /// Writes the token that a projected volume of a pod asks for, bound to the pod. Throws what refuses it.
  func write(_ projection: JSON, of pod: Resource, to file: String) throws {
    let seconds = projection["expirationSeconds"]?.int ?? Self.lifetime
    var wish = TokenWish(
      namespace: pod.namespace, serviceAccount: pod.spec["serviceAccountName"]?.string ?? "default", lifetime: max(600, seconds))
    if let audience = projection["audience"]?.string, !audience.isEmpty { wish.audiences = [audience] }
    wish.pod = (pod.name, pod.uid)
    try write(wish, to: file)
    state.withLock { $0.files[pod.uid, default: []].append(file) }
  }

  private func write(_ wish: TokenWish, account: String? = nil, to file: String) throws {
    let issued = try tokens.issueToken(wish)
    try Self.replace(file, with: Array(issued.token.utf8))
    let now = SystemClock.now()
    let span = TimeSpan(milliseconds: max(1000, (issued.expires - now).milliseconds / 5 * 4))
    state.withLock { $0.kept[file] = Kept(wish: wish, renewAt: now + span, account: account) }
  }

  /// Who reads the file gets the old or the new one whole.
  private static func replace(_ file: String, with bytes: [UInt8]) throws(FileError) {
    let temporary = "\(file).\(SystemClock.monotonicNanoseconds())"
    try LocalFiles.write(bytes, to: temporary)
    guard rename(temporary, file) == 0 else { throw FileError("rename", file) }
  }

  /// Renews what is due. Blocks.
  func renew() {
    let now = SystemClock.now()
    for (file, kept) in state.withLock({ $0.kept.filter { $0.value.renewAt <= now } }) {
      do {
        guard LocalFiles.exists(file) else {
          state.withLock { $0.kept[file] = nil }
          continue
        }
        try write(kept.wish, account: kept.account, to: file)
      } catch {
        Diagnostics.report("cannot renew the token \(file): \(error)")
        state.withLock { $0.kept[file]?.renewAt = now + TimeSpan(seconds: 60) }
      }
    }
  }

  /// A pod is over.
  func forget(_ uid: String) {
    state.withLock { state in
      for file in state.files.removeValue(forKey: uid) ?? [] { state.kept[file] = nil }
    }
  }
}
