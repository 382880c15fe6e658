import Basics
import Contracts
import Glibc
import HTTPAccess
import JSONValue

/// One kind of place where artifacts lie. A value is made for one artifact's location and thrown away after use; every call blocks.
///
/// A new kind is a file with one of these and a line in ``ArtifactDrivers/all``.
protocol ArtifactDriver: Sendable {
  /// The member of an artifact that holds the location.
  static var kind: String { get }
  /// The member of the location that holds the key, for places that have keys.
  static var keyMember: String? { get }

  /// Checks the location and reads its secrets; asks no server.
  init(_ location: JSON, _ support: DriverSupport) throws(ArtifactFailure)

  /// Fetches what lies there into the new file or directory `path`.
  func load(to path: String) throws(ArtifactFailure)
  /// Keeps the file or directory `path` there, as it is.
  func save(from path: String) throws(ArtifactFailure)
  /// The full keys of all files below the location, sorted as the place sorts them.
  func list() throws(ArtifactFailure) -> [String]
  /// Removes what lies there; nothing there is no error.
  func delete() throws(ArtifactFailure)
}

extension ArtifactDriver {
  static var keyMember: String? { nil }
  func list() throws(ArtifactFailure) -> [String] { throw .failed(ArtifactDrivers.listUnsupported) }
  func delete() throws(ArtifactFailure) { throw .failed(ArtifactDrivers.deleteUnsupported) }
}

/// What a driver has to work with.
struct DriverSupport: Sendable {
  var artifacts: ArtifactContext
  var http: HTTPFetcher
  /// A variable of this process' environment; nil when it is not set or empty.
  var environment: @Sendable (String) -> String?
  var retries: RetryPolicy
  /// The largest object taken, in bytes.
  var limit: UInt64
  /// The git program.
  var gitProgram: String
  /// Keys and stored passwords of the user who runs this process may be used where a manifest names no secret.
  var usesOwnKeys: Bool

  /// The text of the Secret's key that a member of the location selects; nil without the selector.
  func secret(_ selector: JSON?) throws(ArtifactFailure) -> String? { try artifacts.secret(selector) }
}

/// The table of drivers.
enum ArtifactDrivers {
  static let all: [any ArtifactDriver.Type] = [
    RawArtifacts.self,
    GitArtifacts.self,
    HTTPArtifacts.self,
    ArtifactoryArtifacts.self,
    S3Artifacts.self,
    GCSArtifacts.self,
    OSSArtifacts.self,
    AzureArtifacts.self,
  ]

  static func named(_ kind: String) -> (any ArtifactDriver.Type)? { all.first { $0.kind == kind } }

  /// Argo's answer of a driver that cannot list.
  static let listUnsupported = "ListObjects is currently not supported for this artifact type, but it will be in a future version"
  /// Argo's answer of a driver that cannot delete.
  static let deleteUnsupported = "delete not supported for this artifact storage"
}

/// Text that stands in the manifest itself. Inputs only.
struct RawArtifacts: ArtifactDriver {
  static let kind = "raw"
  private let data: String

  init(_ location: JSON, _ support: DriverSupport) { data = location["data"]?.string ?? "" }

  func load(to path: String) throws(ArtifactFailure) { try Files.write(Array(data.utf8), to: path, mode: 0o644) }
  func save(from path: String) throws(ArtifactFailure) { throw .failed("Raw output artifacts unsupported") }
}
