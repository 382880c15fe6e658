import Testing

/// Connections that say nothing.
@Suite("A server with idle connections", .needs("python3"), .needsKubectl)
struct ServerIdleTests {
  /// Opens as many connections as the first argument says from the address of the second, prints one line, and holds them until its input ends.
  private static let holder = """
    import resource, socket, sys
    count = int(sys.argv[1])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 500), hard))
    held = [socket.create_connection(("127.0.0.1", int(sys.argv[2])), 30, (sys.argv[3], 0)) for _ in range(count)]
    open(sys.argv[4], "w").close()
    sys.stdin.read()
    """

  @Test("ten thousand connections that say nothing keep nobody from being served, and the memory they took is given back")
  func tenThousand() async throws {
    let cluster = try await ServedCluster()
    let bench = cluster.bench
    try bench.file("hold.py", Self.holder)
    let port = cluster.url.split(separator: ":").last.map(String.init) ?? ""
    #expect(try await cluster.ok("get ns default -o name") == "namespace/default\n")
    let base = memory(of: cluster.server.pid)
    var peaks: [Int] = []
    for round in 1...3 {
      try await bench.shell("rm -f pipe; mkfifo pipe")
      let holder = try bench.start(["bash", "-c", "exec python3 hold.py 10000 \(port) 127.0.0.\(round + 1) held-\(round) < <(cat pipe)"])
      try await eventually("the connections are open", within: .seconds(180), else: { "\(holder.outcome)" }) {
        bench.exists("held-\(round)") || !holder.isRunning
      }
      #expect(holder.isRunning, "\(holder.outcome)")
      // While the server still takes them up kubectl may lose its patience (ten seconds for a handshake).
      var served = try await cluster.kubectl("get ns default -o name")
      for _ in 0..<10 where served.status != 0 { served = try await cluster.kubectl("get ns default -o name") }
      #expect(served.out == "namespace/default\n", "\(served)")
      peaks.append(memory(of: cluster.server.pid))
      try await bench.shell(": > pipe")
      _ = try await holder.wait()
      try await eventually(
        "their memory is given back", within: .seconds(180),
        else: { "kilobytes: \(base), then \(peaks), now \(memory(of: cluster.server.pid))" }
      ) {
        memory(of: cluster.server.pid) < base + max(20_000, (peaks[0] - base) / 2)
      }
    }
    #expect(try await cluster.ok("get ns default -o name") == "namespace/default\n")
    #expect(try await cluster.stop().status == 0)
  }

  /// Resident memory in kilobytes, without what is the program's own file.
  private func memory(of pid: Int32) -> Int {
    let line = Files.text("/proc/\(pid)/status").split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
    return line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0
  }
}
