import Basics
import Contracts
import HTTPAccess
import JSONValue

/// Artifacts in Azure Blob Storage (`azure`).
struct AzureArtifacts: ArtifactDriver {
  static let kind = "azure"
  static let keyMember: String? = "blob"

  private let container: URLParts
  private let containerName: String
  private let blob: String
  private let credentials: AzureCredentials
  private let support: DriverSupport

  init(_ location: JSON, _ support: DriverSupport) throws(ArtifactFailure) {
    let endpoint = location["endpoint"]?.string ?? ""
    containerName = location["container"]?.string ?? ""
    blob = location["blob"]?.string ?? ""
    guard !endpoint.isEmpty, !containerName.isEmpty else {
      throw .failed("an azure artifact needs an endpoint and a container, or only a blob for the default repository")
    }
    guard var parts = URLParts(endpoint), parts.query.isEmpty else {
      throw .failed(
        "the azure endpoint \"\(HTTPRequest.withoutSecrets(endpoint))\" must be a URL such as https://ACCOUNT.blob.core.windows.net")
    }
    while parts.path.hasSuffix("/") { parts.path.removeLast() }
    parts.path += "/" + URLText.encoded(containerName)
    container = parts
    self.support = support
    if location["useSDKCreds"]?.bool == true {
      guard let identity = try AzureIdentity(support.environment) else {
        throw .failed(
          "there are no Azure credentials for useSDKCreds: set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or "
            + "AZURE_FEDERATED_TOKEN_FILE) for argosy itself")
      }
      credentials = .identity(identity)
      return
    }
    guard let key = try support.secret(location["accountKeySecret"]), !key.isEmpty else {
      throw .failed("an azure artifact needs accountKeySecret, or useSDKCreds: true")
    }
    if Self.isSignature(key) {
      credentials = .signature(String(key.filter { !$0.isWhitespace }.drop { $0 == "?" }))
    } else {
      guard let bytes = Base64.decode(key) else { throw .failed("the azure account key in accountKeySecret is no base64") }
      credentials = .sharedKey(account: try Self.account(parts), key: bytes)
    }
  }

  /// A shared access signature stands where the key would be: parameters of a URL, the second of them after `&`.
  static func isSignature(_ key: String) -> Bool {
    var rest = key[...]
    while let mark = rest.firstIndex(where: { $0 == "?" || $0 == "&" }) {
      rest = rest[rest.index(after: mark)...]
      if let equals = rest.firstIndex(of: "="), equals > rest.startIndex,
        let next = rest[equals...].dropFirst().first, next != "&"
      {
        return true
      }
    }
    return false
  }

  /// The first label of the host, or the first part of the path where an emulator runs on this machine.
  private static func account(_ parts: URLParts) throws(ArtifactFailure) -> String {
    let host = parts.host
    guard host.hasPrefix("127.0.0.1") || host.hasPrefix("localhost") else { return String(host.prefix { $0 != "." }) }
    let names = Files.pieces(parts.path)
    guard names.count > 1 else {
      throw .failed(
        "the azure endpoint \(parts.scheme)://\(parts.authority) names no account: write it as \(parts.scheme)://HOST:PORT/ACCOUNT")
    }
    return names[0]
  }

  func load(to path: String) throws(ArtifactFailure) {
    try run("load") { client throws(ServiceFailure) in
      Files.remove(path)
      var isThere = true
      do throws(ServiceFailure) { try client.get(blob, to: path) } catch {
        guard error.code == "BlobNotFound" else { throw error }
        isThere = false
      }
      // With hierarchical namespaces a directory comes as an empty file.
      if isThere, FileStatus(path)?.size ?? 0 > 0 { return }
      guard try isDirectory(client) else {
        if isThere { return }
        throw ServiceFailure(.notFound("\(what): there is no such blob"))
      }
      Files.remove(path)
      try ServiceFailure.here { () throws(ArtifactFailure) in try Files.makeDirectories(path) }
      for name in try client.names(folder) where name != folder && !name.hasSuffix("/") {
        let target = try ServiceFailure.here { () throws(ArtifactFailure) in try ObjectTree.place(name, below: folder, in: path) }
        try client.get(name, to: target)
      }
    }
  }

  func save(from path: String) throws(ArtifactFailure) {
    try run("save") { client throws(ServiceFailure) in
      guard FileStatus(path)?.kind == .directory else { return try client.put(path, blob: blob) }
      let items = try ServiceFailure.here { () throws(ArtifactFailure) in try ObjectTree.files(below: path) }
      for item in items { try client.put(item.path, blob: ObjectTree.joined(blob, item.name)) }
    }
  }

  func list() throws(ArtifactFailure) -> [String] {
    try run("list") { client throws(ServiceFailure) in try client.names(blob) }
  }

  func delete() throws(ArtifactFailure) {
    try run("delete") { client throws(ServiceFailure) in
      guard try isDirectory(client) else { return try client.delete(blob) }
      for name in try client.names(folder) { try client.delete(name) }
      if !blob.isEmpty, !blob.hasSuffix("/") { try client.delete(blob) }
    }
  }

  private var folder: String { blob.isEmpty || blob.hasSuffix("/") ? blob : blob + "/" }

  private func isDirectory(_ client: AzureClient) throws(ServiceFailure) -> Bool {
    if blob.isEmpty { return true }
    return try !client.names(folder, first: true).isEmpty
  }

  private var what: String { "azure blob \(containerName)/\(blob) at \(container.scheme)://\(container.authority)" }

  private func run<Value>(_ verb: String, _ body: (AzureClient) throws(ServiceFailure) -> Value) throws(ArtifactFailure) -> Value {
    do throws(ServiceFailure) {
      return try support.retries.run { () throws(ServiceFailure) in
        var token: String?
        if case .identity(let identity) = credentials { token = try identity.token(support.http) }
        return try body(AzureClient(container: container, credentials: credentials, token: token, http: support.http, limit: support.limit))
      }
    } catch {
      if let local = error.local { throw local }
      var remedy = ""
      if error.code == "ContainerNotFound" {
        remedy = "; make the container"
      } else if error.status == 401 || error.status == 403 {
        remedy = "; check accountKeySecret or the identity of useSDKCreds, and what it may do with the container"
      } else if error.status == 0 {
        remedy = "; check the endpoint"
      }
      throw .failed("cannot \(verb) \(what): \(error.text)\(remedy)")
    }
  }
}
