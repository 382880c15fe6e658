import Basics
import Contracts
import JSONValue

/// Encryption on the server's side (`encryptionOptions`).
enum S3Encryption: Sendable, Hashable {
  case none
  /// With keys of S3's own.
  case s3
  /// With a key of the key service; `context` is JSON.
  case kms(keyID: String, context: String?)
  /// With a key that is made from a password, the bucket and the object's key.
  case customer(password: String)

  init(_ options: JSON?, isSecure: Bool, _ support: DriverSupport) throws(ArtifactFailure) {
    self = .none
    guard let options, options.object != nil else { return }
    let keyID = options["kmsKeyId"]?.string ?? ""
    let password = try support.secret(options["serverSideCustomerKeySecret"])
    if password != nil, !keyID.isEmpty {
      throw .failed("s3 encryptionOptions: serverSideCustomerKeySecret and kmsKeyId cannot be set together")
    }
    if password != nil, !isSecure {
      throw .failed("s3 encryptionOptions: serverSideCustomerKeySecret needs https; take insecure: true away")
    }
    guard options["enableEncryption"]?.bool == true else { return }
    if let password {
      self = .customer(password: password)
    } else if !keyID.isEmpty {
      let context = options["kmsEncryptionContext"]?.string ?? ""
      if !context.isEmpty, (try? JSON.parse(context)) == nil { throw .failed("s3 encryptionOptions: kmsEncryptionContext is no JSON") }
      self = .kms(keyID: keyID, context: context.isEmpty ? nil : context)
    } else {
      self = .s3
    }
  }

  /// Headers of a request that begins an object.
  func headers(bucket: String, key: String) throws(ArtifactFailure) -> [(name: String, value: String)] {
    switch self {
    case .none: return []
    case .s3: return [("x-amz-server-side-encryption", "AES256")]
    case .kms(let keyID, let context):
      var headers = [
        (name: "x-amz-server-side-encryption", value: "aws:kms"), (name: "x-amz-server-side-encryption-aws-kms-key-id", value: keyID),
      ]
      if let context, let json = try? JSON.parse(context) {
        headers.append(("x-amz-server-side-encryption-context", Base64.encode(Array(json.text().utf8))))
      }
      return headers
    case .customer: return try customerHeaders(bucket: bucket, key: key)
    }
  }

  /// Headers of every request for an object whose key only the customer has.
  func customerHeaders(bucket: String, key: String) throws(ArtifactFailure) -> [(name: String, value: String)] {
    guard case .customer(let password) = self else { return [] }
    let derived = Argon2.key(
      password: Array(password.utf8), salt: Array((bucket + key).utf8), passes: 1, memory: 64 * 1024, lanes: 4, count: 32)
    return [
      ("x-amz-server-side-encryption-customer-algorithm", "AES256"),
      ("x-amz-server-side-encryption-customer-key", Base64.encode(derived)),
      ("x-amz-server-side-encryption-customer-key-md5", Base64.encode(Digest.md5(derived))),
    ]
  }

  /// The document that makes a new bucket encrypt all its objects; nil when it need not.
  var bucketRule: String? {
    let rule: String
    switch self {
    case .none: return nil
    case .s3, .customer: rule = "<SSEAlgorithm>AES256</SSEAlgorithm>"
    case .kms(let keyID, _):
      rule = "<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>\(XMLElement.escaped(keyID))</KMSMasterKeyID>"
    }
    return "<ServerSideEncryptionConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule>"
      + "<ApplyServerSideEncryptionByDefault>\(rule)</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
  }
}
