import APIServer
import AccessService
import Basics
import ClusterService
import CommandLine
import Contracts
import Glibc
import Identity
import JSONValue
import KubeAPI
import KubeModel
import NodeService
import PodRunners
import ResourceDB
import ResourceService
import WorkflowService

/// One `argosy server`: from opening the data to the graceful end.
struct ServerSession: Sendable {
  let options: ServerOptions
  let interrupts: Interrupts

  /// Runs until a signal comes. Gives the exit status.
  func run() async -> Int32 {
    do {
      let opened = await Main.onThread { Result { try open() } }
      let server = try opened.get()
      do {
        try await serve(server)
        return ConcludingStatus.succeeded.rawValue
      } catch {
        await Main.onThread { server.stop() }
        throw error
      }
    } catch {
      DescriptorSink.standardError.write("argosy: \(error)\n")
      return ConcludingStatus.failed.rawValue
    }
  }

  /// Opens data and keys and starts the services. Blocks.
  private func open() throws -> ServerWiring {
    guard let data = options.data ?? DataDirectory.usual({ Terminal.environment($0) }) else {
      throw SubmitFailure("there is no home directory for the data: name a directory with --data DIR")
    }
    let isPortFree = ListeningPort.isFree(host: options.host, port: options.port)
    let isNew = !LocalFiles.exists(data + "/" + StateDirectory.databaseName)
    let busy = SubmitFailure(
      "port \(options.port) of \(options.host) is in use by another program: end it, or choose another port with --listen HOST:PORT")
    // Nothing is made for a server that cannot listen; data that are there tell by their lock who serves them.
    if !isPortFree && isNew { throw busy }
    let state = try StateDirectory(named: data)
    let server = try ServerWiring(options, state: state, isNew: isNew)
    do {
      if !isPortFree { throw busy }
      try server.start()
      return server
    } catch {
      server.stop()
      throw error
    }
  }

  private func serve(_ server: ServerWiring) async throws {
    let port = try await server.listen()
    let url = "\(options.isInsecure ? "http" : "https")://\(Self.reachable(options.host)):\(port)"
    try server.note(url: url)
    announce(server, url: url)
    ServiceManager.tell("READY=1")
    await withCheckedContinuation { continuation in
      interrupts.observe { count in
        if count == 1 { continuation.resume() }
        // The second one does not wait.
        if count > 1 { exit(130) }
      }
    }
    ServiceManager.tell("STOPPING=1")
    await server.stopListening()
    await Main.onThread { server.stop() }
  }

  /// By which address clients of this machine reach a listener.
  static func reachable(_ host: String) -> String {
    switch host {
    case "0.0.0.0", "": "127.0.0.1"
    case "::": "[::1]"
    default: host.contains(":") ? "[\(host)]" : host
    }
  }

  private func announce(_ server: ServerWiring, url: String) {
    let data = server.state.path
    let flag = options.data == nil ? "" : " --data \(data)"
    DescriptorSink.standardOutput.write(
      """
      argosy \(VersionInformation.current.version) serves \(url)
        data       \(data)\(server.isNew ? " (new)" : "")
        isolation  \(server.isolation)
        log in     argosy kubeconfig\(flag) --merge && kubectl get workflows -A

      """)
  }
}

/// Whether a port can be listened on.
enum ListeningPort {
  static func isFree(host: String, port: Int) -> Bool {
    guard port != 0 else { return true }
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, String(port), &hints, &found) == 0, let first = found else { return true }
    defer { freeaddrinfo(first) }
    let descriptor = socket(first.pointee.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return true }
    defer { close(descriptor) }
    var on: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    return bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0 || errno != EADDRINUSE
  }
}

/// The service manager that started this program, if it wants to be told (systemd's `sd_notify` protocol).
enum ServiceManager {
  static func tell(_ message: String) {
    guard let name = Terminal.environment("NOTIFY_SOCKET"), name.hasPrefix("/") || name.hasPrefix("@"), name.utf8.count < 107 else {
      return
    }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { room in
      for (index, byte) in name.utf8.enumerated() { room[index] = index == 0 && byte == UInt8(ascii: "@") ? 0 : byte }
    }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + name.utf8.count)
    let bytes = Array(message.utf8)
    withUnsafePointer(to: &address) { pointer in
      _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
      }
    }
  }
}
