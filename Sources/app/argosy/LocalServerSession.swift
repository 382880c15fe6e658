import ArgoClient
import Basics
import CommandLine
import Glibc
import Identity
import JSONValue

/// Looks for the server of this machine in its data directory, and how its owner gets in.
struct LocalServerSession: Sendable {
  /// The data directory; nil: the usual one.
  let data: String?

  /// Nil when no server has noted itself there, or the directory is somebody else's. May block for a moment.
  func find() throws -> LocalServer? {
    let places = data.map { [$0] } ?? DataDirectory.places { name in getenv(name).map { String(cString: $0) } }
    let isServed = { name in
      access(name + "/" + ServerRecord.name, R_OK) == 0 && LocalFiles.exists(name + "/" + StateDirectory.databaseName)
    }
    guard let name = places.first(where: isServed) else { return nil }
    let directory = try StateDirectory(named: name)
    guard let record = ServerRecord.read(in: directory) else { return nil }
    var server = LocalServer(url: record.url, directory: directory.path)
    guard record.url.hasPrefix("https:") else {
      // No certificate can be shown over plain HTTP. Argo's own account may do what its API is for, where its namespace is made.
      var request = StateRequest(.token, directory: directory.path)
      (request.namespace, request.names) = ("argo", ["argo-server"])
      server.token = (try? ControlSession(request: request).run())?.first?["token"]?.string
      return server
    }
    let identity = try ServerIdentity(directory.keys)
    let pair = try identity.administratorKeyPair()
    server.authority = record.authority ?? identity.authorityPEM
    (server.certificate, server.key) = (pair.certificate, pair.key)
    return server
  }
}
