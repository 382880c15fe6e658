import Basics
import Glibc
internal import KubeModel
import NIOCore
import NIOHTTP1

enum MetricsRoutes {
  /// Prometheus' text format: this server's own metrics, the process's, and what the services add.
  @Sendable static func metrics(_ request: AdmittedRequest, _ core: ServerCore) throws(KubeStatus) -> APIAnswer {
    let own = core.meter.text(inFlight: core.inFlight, streams: core.streams.count, connections: core.connections.count)
    let text = own + process() + core.parts.metrics()
    return APIAnswer(
      .ok, headers: ["content-type": "text/plain; version=0.0.4; charset=utf-8"], body: .bytes(ByteBuffer(string: text)))
  }

  private static let started = SystemClock.now()

  private static func process() -> String {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let seconds = Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    let pages = (try? LocalFiles.read("/proc/self/statm", limit: 4096)).flatMap { bytes in
      String(decoding: bytes, as: UTF8.self).split(separator: " ").dropFirst().first.flatMap { Int($0) }
    }
    return """
      # HELP process_cpu_seconds_total Time of processors that this process took.
      # TYPE process_cpu_seconds_total counter
      process_cpu_seconds_total \(seconds)
      # HELP process_resident_memory_bytes Memory that this process holds.
      # TYPE process_resident_memory_bytes gauge
      process_resident_memory_bytes \((pages ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))))
      # HELP process_start_time_seconds When this process began, in seconds since 1970.
      # TYPE process_start_time_seconds gauge
      process_start_time_seconds \(Double(started.milliseconds) / 1000)

      """
  }
}
