import ArgoModel
import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel

/// A plugin whose program runs, or is about to.
struct PluginHost: Sendable {
  enum State: Sendable, Hashable {
    /// Something else listens on its port.
    case blocked
    /// Its pod is stored.
    case starting
    /// Its pod runs since then.
    case listening(since: Instant)
    /// It is called at this address.
    case ready(String)
  }

  /// The name of its pod, or, before it has one, its plugin's.
  var id: String
  let plugin: ExecutorPlugin
  var token = ""
  var state = State.blocked
  var hasPod = false
  /// Uids of the workflows that it is kept for.
  var users: Set<String> = []
  /// Tasks that wait for it.
  var parked: [String] = []

  var podKey: ResourceKey { ResourceKey(.pod, namespace: plugin.namespace, name: id) }
  var secretKey: ResourceKey { ResourceKey(.secret, namespace: plugin.namespace, name: id) }
}

/// Plugins' programs: a pod is started when the first task needs it, serves all workflows of its namespace with the same definition, and
/// ends with the last workflow that used it.
extension AgentLoop {
  private static let pollInterval = TimeSpan(milliseconds: 40)
  private static let portPollInterval = TimeSpan(milliseconds: 500)
  /// After this time a program that does not listen is called all the same, so that the task says what is wrong.
  private static let patience = TimeSpan(seconds: 30)

  /// Where to call a plugin; nil when the task waits for it, or ended because it cannot be had.
  mutating func readyHost(of plugin: ExecutorPlugin, for task: AgentTask) -> (address: String, token: String)? {
    let place: Int
    if let known = hosts.firstIndex(where: { $0.plugin == plugin }) {
      place = known
    } else {
      hosts.append(PluginHost(id: "?\(plugin.namespace)/\(plugin.name)/\(hosts.count)/\(service.now.milliseconds)", plugin: plugin))
      place = hosts.count - 1
    }
    hosts[place].users.insert(task.run)
    if case .ready(let address) = hosts[place].state { return (address, hosts[place].token) }
    hosts[place].parked.append(task.slot)
    tasks[task.slot]?.step = .parked
    let isNew = hosts[place].state == .blocked && hosts[place].parked.count == 1
    if isNew { look(at: hosts[place].id) }
    return nil
  }

  /// Looks after a host that is not ready: starts it when its port is free, and finds out when it listens.
  mutating func look(at id: String) {
    guard let place = hosts.firstIndex(where: { $0.id == id }) else { return }
    let port = hosts[place].plugin.port
    switch hosts[place].state {
    case .ready, .starting: break
    case .blocked:
      let waiting = hosts[place].parked.filter { if case .parked? = tasks[$0]?.step { true } else { false } }
      guard !waiting.isEmpty else {
        hosts.remove(at: place)
        return
      }
      hosts[place].parked = waiting
      let isOurs = hosts.contains { $0.hasPod && $0.plugin.port == port }
      guard !isOurs, Self.listener(port) == nil else {
        let name = hosts[place].plugin.name
        let who = isOurs ? "another plugin uses it" : "something on this machine listens there"
        for slot in hosts[place].parked { explain(slot, "plugin \(name) waits for port \(port): \(who)") }
        wake(host: id, after: Self.portPollInterval)
        return
      }
      start(place)
    case .listening(let since):
      if let address = Self.listener(port) {
        becomeReady(place, address)
      } else if service.now > since + Self.patience {
        becomeReady(place, "http://127.0.0.1:\(port)")
      } else {
        wake(host: id, after: Self.pollInterval)
      }
    }
  }

  private mutating func becomeReady(_ place: Int, _ address: String) {
    hosts[place].state = .ready(address)
    let parked = hosts[place].parked
    hosts[place].parked = []
    for slot in parked { if case .parked? = tasks[slot]?.step { enqueue(slot) } }
  }

  private mutating func start(_ place: Int) {
    var random = SystemRandomNumberGenerator()
    let token = randomSuffix(count: 32, using: &random)
    let (pod, secret) = hosts[place].plugin.objects(token: token, suffix: randomSuffix(using: &random))
    do throws(KubeStatus) {
      try service.store.commit([.create(secret), .create(pod)])
    } catch {
      abandon(place, TaskResult("Error", "create agent pod failed with reason:\"\(error.message)\""))
      return
    }
    hosts[place].id = pod.name
    hosts[place].token = token
    hosts[place].hasPod = true
    hosts[place].state = .starting
  }

  /// Ends the tasks that wait for a host, and forgets it.
  private mutating func abandon(_ place: Int, _ result: TaskResult) {
    let host = hosts.remove(at: place)
    for slot in host.parked { if case .parked? = tasks[slot]?.step { finish(slot, result) } }
  }

  // MARK: Pods

  mutating func takeOver(_ pod: Resource, users: Set<String>) {
    guard !pod.isOverPod, pod.deletionTimestamp == nil, pod.annotation(stopAnnotation) == nil,
      let (plugin, token) = ExecutorPlugin.restored(pod, service.secrets), !hosts.contains(where: { $0.plugin == plugin })
    else {
      leftovers.append(pod)
      return
    }
    var host = PluginHost(id: pod.name, plugin: plugin)
    host.token = token
    host.hasPod = true
    host.users = users
    host.state = .starting
    hosts.append(host)
    pluginPodChanged(pod, isDeleted: false)
  }

  mutating func pluginPodChanged(_ pod: Resource, isDeleted: Bool) {
    if isDeleted || pod.isOverPod { clear(pod, isDeleted: isDeleted) }
    guard let place = hosts.firstIndex(where: { $0.hasPod && $0.podKey == pod.key }) else { return }
    if isDeleted || pod.isOverPod {
      let message = pod.status["message"]?.string ?? Self.endMessage(of: pod)
      abandon(place, TaskResult("Error", "agent pod failed with reason:\"\(message)\""))
    } else if pod.status["phase"]?.string == "Running", hosts[place].state == .starting {
      hosts[place].state = .listening(since: service.now)
      look(at: hosts[place].id)
    }
  }

  private static func endMessage(of pod: Resource) -> String {
    for container in pod.status.list("containerStatuses") {
      guard let ended = container.at("state", "terminated") else { continue }
      let detail = ended.text("message").map { ": " + $0 } ?? ""
      return "\(container["name"]?.string ?? ""): \(ended.text("reason") ?? "Error") (exit code \(ended["exitCode"]?.int ?? 0))\(detail)"
    }
    return "pod \(pod.name) was deleted"
  }

  /// Removes what a plugin's pod that is over leaves; one that failed by itself stays for whoever looks for the reason.
  private func clear(_ pod: Resource, isDeleted: Bool) {
    var writes: [Write] = [.delete(ResourceKey(.secret, namespace: pod.namespace, name: pod.name))]
    if !isDeleted, pod.annotation(stopAnnotation) != nil { writes.append(.delete(pod.key)) }
    _ = try? service.store.commit(writes)
  }

  mutating func clearLeftovers() {
    for pod in leftovers {
      if pod.isOverPod {
        clear(pod, isDeleted: false)
      } else {
        stop(pod.key)
      }
    }
    leftovers = []
  }

  mutating func release(_ id: String, from run: String) {
    guard let place = hosts.firstIndex(where: { $0.id == id }) else { return }
    hosts[place].users.remove(run)
    if hosts[place].users.isEmpty { close(id) }
  }

  /// Ends a host that nobody uses.
  mutating func close(_ id: String) {
    guard let place = hosts.firstIndex(where: { $0.id == id }) else { return }
    let host = hosts.remove(at: place)
    if host.hasPod { stop(host.podKey) }
    for slot in host.parked { if case .parked? = tasks[slot]?.step { enqueue(slot) } }
  }

  private func stop(_ pod: ResourceKey) {
    _ = try? service.store.commit([.patch(pod, ["metadata": ["annotations": [stopAnnotation: "terminate"]]])])
  }

  // MARK: Ports

  /// The base URL of whoever listens on a port of the loopback; nil when nobody does.
  private static func listener(_ port: UInt16) -> String? {
    if accepts(port, isVersion6: false) { return "http://127.0.0.1:\(port)" }
    return accepts(port, isVersion6: true) ? "http://[::1]:\(port)" : nil
  }

  private static func accepts(_ port: UInt16, isVersion6: Bool) -> Bool {
    let number = socket(isVersion6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard number >= 0 else { return false }
    defer { Glibc.close(number) }
    // Over loopback a listener's queue answers at once; a full one is waited for this long at most.
    var limit = timeval(tv_sec: 1, tv_usec: 0)
    setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    if isVersion6 {
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = port.bigEndian
      address.sin6_addr = in6addr_loopback
      return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(number, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
      } == 0
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    } == 0
  }
}
