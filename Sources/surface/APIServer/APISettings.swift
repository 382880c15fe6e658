/// Bounds of the HTTP server.
package struct APISettings: Sendable {
  package var host = "127.0.0.1"
  /// 0: any free one.
  package var port = 2746
  /// Largest body of a request in bytes (Kubernetes' is 3 MiB).
  package var maximumBody = 3 << 20
  /// Where bodies lie that routes want in a file, until these are done.
  package var uploadDirectory = "/tmp"
  /// Longest request target (path and query) in bytes; longer ones are refused with 414.
  package var maximumTarget = 16 << 10
  /// All header fields together, in bytes; one field may take them all (a bearer token).
  package var maximumHeaders = 64 << 10
  package var maximumHeaderCount = 100
  /// Open connections; more wait to be accepted.
  package var maximumConnections = 12_000
  /// Seconds for the TLS handshake and the first request's head, and for the head of each later request once its first byte is there.
  package var headSeconds: Int64 = 15
  /// Seconds for a request's body.
  package var bodySeconds: Int64 = 60
  /// Seconds that a connection may lie between two requests.
  package var idleSeconds: Int64 = 180
  /// Seconds that a client may take no byte of what is sent to it.
  package var stallSeconds: Int64 = 60
  /// Threads that wait for the store.
  package var workers = 32
  /// Requests that wait for one of them; more are refused with 429.
  package var maximumWaiting = 1024
  /// Seconds after which a waiting request is refused instead of begun.
  package var waitSeconds: Int64 = 30
  /// Watches, logs and commands at once: of one user, and of all.
  package var streamsPerUser = 2000
  package var maximumStreams = 8000
  /// Logs that are followed at once; each has a thread.
  package var maximumLogs = 256
  /// Streams of other interfaces at once; each may hold a thread.
  package var maximumStreamThreads = 1024
  /// Events that wait for a watcher; one that is slower is cut off with `Expired` and begins again.
  package var watchBacklog = 4096
  /// Requests a second of one user on the average, and at once; who belongs to `system:masters` has no limit.
  package var requestsPerSecond = 300.0
  package var requestBurst = 600.0
  /// A watch ends after so many seconds when the client names no `timeoutSeconds`; a random part is added, up to twice as much.
  package var watchSeconds: Int64 = 1800
  package init() {}
}
