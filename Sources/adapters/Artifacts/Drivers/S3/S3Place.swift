import Contracts
import HTTPAccess
import JSONValue

/// How a bucket becomes part of a URL (`addressingStyle`).
enum S3Addressing: Hashable {
  case automatic, path, virtualHosted

  init(_ text: String?) {
    self =
      switch text {
      case "path": .path
      case "virtual-hosted": .virtualHosted
      default: .automatic
      }
  }
}

/// Where a bucket is, as an `s3` location tells it.
struct S3Place: Sendable {
  /// `host` or `host:port`.
  let endpoint: String
  let bucket: String
  /// As configured or as the endpoint's name tells; nil to ask the service.
  let region: String?
  let isSecure: Bool
  let addressing: S3Addressing
  let tls: HTTPTLS

  init(_ location: JSON, authorities: String?) throws(ArtifactFailure) {
    let endpoint = location["endpoint"]?.string ?? ""
    let bucket = location["bucket"]?.string ?? ""
    guard !endpoint.isEmpty, !bucket.isEmpty else {
      throw .failed("an s3 artifact needs an endpoint and a bucket, or only a key for the default repository")
    }
    guard !endpoint.contains("/"), let parts = URLParts("http://" + endpoint), parts.authority == endpoint else {
      throw .failed(
        "the s3 endpoint \"\(HTTPRequest.withoutSecrets(endpoint))\" must be host or host:port; http is said with insecure: true")
    }
    guard !bucket.contains("/"), !bucket.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) else {
      throw .failed("the s3 bucket \"\(bucket)\" is not allowed")
    }
    self.endpoint = endpoint
    self.bucket = bucket
    isSecure = location["insecure"]?.bool != true
    addressing = S3Addressing(location["addressingStyle"]?.string)
    let region = location["region"]?.string ?? ""
    self.region = region.isEmpty ? Self.region(of: parts.host) : region
    var tls = HTTPTLS()
    if isSecure, let authorities { tls.authorities = Array(authorities.utf8) }
    self.tls = tls
  }

  var scheme: String { isSecure ? "https" : "http" }
  private var host: String { URLParts("http://" + endpoint)?.host ?? endpoint }

  /// Whether the bucket goes into the host's name: as told, or where the service is known for it and a certificate would still match.
  var isVirtualHosted: Bool {
    switch addressing {
    case .path: false
    case .virtualHosted: true
    case .automatic:
      !(isSecure && bucket.contains("."))
        && (Self.isAmazon(host) || host == "storage.googleapis.com" || host.hasSuffix("aliyuncs.com"))
    }
  }

  /// The host to call and the encoded path of the bucket. `inPath` is for requests about the bucket's place, before its name may resolve.
  func address(region: String, inPath: Bool) -> (host: String, path: String) {
    // The general endpoint answers other regions only with a redirect.
    let host = endpoint == "s3.amazonaws.com" && region != "us-east-1" ? "s3.\(region).amazonaws.com" : endpoint
    return isVirtualHosted && !inPath ? ("\(bucket).\(host)", "") : (host, "/" + URLText.encoded(bucket))
  }

  static func isAmazon(_ host: String) -> Bool {
    (host.hasSuffix(".amazonaws.com") || host.hasSuffix(".amazonaws.com.cn"))
      && (host == "s3.amazonaws.com" || host == "s3-external-1.amazonaws.com" || region(of: host) != nil)
  }

  /// The region in the name of an Amazon endpoint such as `s3.eu-west-1.amazonaws.com`, `s3-eu-west-1.…` or `s3.dualstack.eu-west-1.…`.
  static func region(of host: String) -> String? {
    guard let end = host.firstRange(of: ".amazonaws.com")?.lowerBound else { return nil }
    var names = host[..<end].split(separator: ".").map(String.init)
    guard let first = names.first else { return nil }
    names.removeFirst()
    if first.hasPrefix("s3-"), names.isEmpty {
      let rest = first.dropFirst(3)
      let region = rest.hasPrefix("fips-") ? rest.dropFirst(5) : rest
      return region == "external-1" ? nil : String(region)
    }
    guard first == "s3" || first == "s3-fips" else { return nil }
    if names.first == "dualstack" { names.removeFirst() }
    return names.count == 1 ? names[0] : nil
  }
}
