import Basics
import Contracts
import HTTPAccess
import JSONValue

/// Where an `s3` location takes its credentials from: its Secrets, a role to assume, or what the AWS SDK would find.
struct AWSCredentialSource: Sendable {
  private enum Kind {
    case fixed(AWSCredentials)
    case role(String)
    case chain
    /// A role that the machine gives: no keys from the environment.
    case machine
  }

  private let kind: Kind
  private let region: String
  private let support: DriverSupport

  init(_ location: JSON, region: String?, _ support: DriverSupport) throws(ArtifactFailure) {
    self.support = support
    self.region = region ?? support.environment("AWS_REGION") ?? support.environment("AWS_DEFAULT_REGION") ?? "us-east-1"
    let access = Self.trimmed(try support.secret(location["accessKeySecret"]))
    let secret = Self.trimmed(try support.secret(location["secretKeySecret"]))
    let role = location["roleARN"]?.string ?? ""
    if let access, let secret {
      let token = Self.trimmed(try support.secret(location["sessionTokenSecret"]))
      kind = .fixed(AWSCredentials(accessKey: access, secretKey: secret, sessionToken: token))
    } else if access != nil || secret != nil {
      throw .failed("an s3 artifact with one of accessKeySecret and secretKeySecret needs the other too")
    } else if !role.isEmpty {
      kind = .role(role)
    } else {
      kind = location["useSDKCreds"]?.bool == true ? .chain : .machine
    }
  }

  /// What to look at when the credentials are refused.
  var name: String {
    switch kind {
    case .fixed: "accessKeySecret and secretKeySecret"
    case .role: "roleARN"
    case .chain: "the AWS credentials in the environment of argosy (useSDKCreds)"
    case .machine: "the role of this machine"
    }
  }

  func credentials() throws(ServiceFailure) -> AWSCredentials {
    let chain = AWSCredentialChain(environment: support.environment, http: support.http, region: region)
    switch kind {
    case .fixed(let credentials): return credentials
    case .role(let role):
      guard let base = try chain.credentials() else { throw none("to assume the role \(role) with") }
      return try chain.assume(role: role, with: base)
    case .chain:
      guard let found = try chain.credentials() else { throw none("for useSDKCreds") }
      return found
    case .machine:
      guard let found = try chain.machineCredentials() else {
        throw ServiceFailure(
          .failed("the s3 artifact names no credentials: give it accessKeySecret and secretKeySecret, or useSDKCreds: true"))
      }
      return found
    }
  }

  private func none(_ purpose: String) -> ServiceFailure {
    ServiceFailure(
      .failed(
        "there are no AWS credentials \(purpose): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, for argosy itself"))
  }

  private static func trimmed(_ text: String?) -> String? {
    guard let text else { return nil }
    let trimmed = text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
    return trimmed.isEmpty ? nil : String(trimmed)
  }
}
