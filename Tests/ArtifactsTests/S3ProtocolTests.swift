import Basics
import HTTPAccess
import JSONValue
import Testing

@testable import Artifacts

@Suite("S3 protocol")
struct S3ProtocolTests {
  /// The examples of "Authenticating Requests: Using the Authorization Header" in Amazon's S3 reference.
  private static let signer = SignatureV4(
    credentials: AWSCredentials(accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    region: "us-east-1", service: "s3")
  private static let host = (name: "host", value: "examplebucket.s3.amazonaws.com")

  @Test(
    "signatures are those of Amazon's documentation",
    arguments: [
      (
        SignatureV4.Request(
          method: "GET", path: "/test.txt", headers: [host, ("Range", "bytes=0-9")], payload: SignatureV4.emptyPayload),
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
      ),
      (
        SignatureV4.Request(
          method: "PUT", path: "/test%24file.text",
          headers: [host, ("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
          payload: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
      ),
      (
        SignatureV4.Request(method: "GET", path: "/", query: [("lifecycle", "")], headers: [host], payload: SignatureV4.emptyPayload),
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
      ),
      (
        SignatureV4.Request(
          method: "GET", path: "/", query: [("prefix", "J"), ("max-keys", "2")], headers: [host], payload: SignatureV4.emptyPayload),
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
      ),
    ])
  func documentedSignatures(request: SignatureV4.Request, signature: String) throws {
    let headers = Self.signer.signed(request, at: Instant(seconds: 1_369_353_600))
    let authorization = try #require(headers.first { $0.name == "Authorization" }?.value)
    #expect(authorization.hasPrefix("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders="))
    #expect(authorization.hasSuffix("Signature=\(signature)"))
  }

  @Test("a session's token is sent and signed")
  func sessionToken() {
    var signer = Self.signer
    signer.credentials.sessionToken = "token"
    let headers = signer.signed(
      SignatureV4.Request(method: "GET", path: "/", headers: [Self.host], payload: SignatureV4.emptyPayload), at: Instant(seconds: 0))
    #expect(headers.contains { $0.name == "x-amz-security-token" && $0.value == "token" })
    #expect(headers.last?.value.contains("x-amz-security-token") == true)
  }

  @Test(
    "the bucket is in the host's name where the service is known for it, or where it is told",
    arguments: [
      (#"{"endpoint":"s3.amazonaws.com","bucket":"b"}"#, "https://b.s3.amazonaws.com/k"),
      (#"{"endpoint":"s3.amazonaws.com","bucket":"b","region":"eu-west-1"}"#, "https://b.s3.eu-west-1.amazonaws.com/k"),
      (#"{"endpoint":"s3.us-west-2.amazonaws.com","bucket":"b"}"#, "https://b.s3.us-west-2.amazonaws.com/k"),
      (#"{"endpoint":"s3.amazonaws.com","bucket":"a.b"}"#, "https://s3.amazonaws.com/a.b/k"),
      (#"{"endpoint":"storage.googleapis.com","bucket":"b"}"#, "https://b.storage.googleapis.com/k"),
      (#"{"endpoint":"oss-cn-hangzhou.aliyuncs.com","bucket":"b"}"#, "https://b.oss-cn-hangzhou.aliyuncs.com/k"),
      (#"{"endpoint":"minio:9000","bucket":"b","insecure":true}"#, "http://minio:9000/b/k"),
      (#"{"endpoint":"minio:9000","bucket":"b","addressingStyle":"virtual-hosted"}"#, "https://b.minio:9000/k"),
      (#"{"endpoint":"s3.amazonaws.com","bucket":"b","addressingStyle":"path"}"#, "https://s3.amazonaws.com/b/k"),
    ])
  func addressing(location: String, url: String) throws {
    let place = try S3Place(try JSON.parse(location), authorities: nil)
    let address = place.address(region: place.region ?? "us-east-1", inPath: false)
    #expect("\(place.scheme)://\(address.host)\(address.path)/k" == url)
  }

  @Test(
    "the region is read from the names of Amazon's endpoints",
    arguments: [
      ("s3.eu-west-1.amazonaws.com", "eu-west-1"), ("s3-eu-west-1.amazonaws.com", "eu-west-1"),
      ("s3.dualstack.us-east-2.amazonaws.com", "us-east-2"), ("s3.cn-north-1.amazonaws.com.cn", "cn-north-1"), ("s3.amazonaws.com", nil),
      ("s3-external-1.amazonaws.com", nil), ("minio.example.com", nil),
    ] as [(String, String?)])
  func endpointRegions(host: String, region: String?) { #expect(S3Place.region(of: host) == region) }

  @Test(
    "endpoints that are no host and port are refused with the remedy",
    arguments: ["https://minio:9000", "minio:9000/path", "user@minio", ""])
  func endpoints(endpoint: String) throws {
    let bench = try Bench()
    #expect(try bench.refusal(["s3": ["endpoint": .string(endpoint), "bucket": "b", "key": "k"]]).contains("endpoint"))
  }

  @Test("parts are 16 MiB or as large as ten thousand parts need, or as asked for within S3's limits")
  func partSizes() throws {
    let place = try S3Place(["endpoint": "e", "bucket": "b", "region": "r"], authorities: nil)
    let client = try S3Client(
      place, AWSCredentials(accessKey: "", secretKey: ""), http: HTTPFetcher(), limit: 1, now: { Instant(seconds: 0) })
    func size(_ file: Int64, _ wanted: Int64? = nil) -> Int64 {
      S3Upload(client: client, encryption: .none, wantedPart: wanted).partSize(of: file)
    }
    let mib: Int64 = 1 << 20
    #expect(size(1) == 16 * mib)
    #expect(size(160_000 * mib) == 16 * mib)
    #expect(size(160_000 * mib + 1) == 32 * mib)
    #expect(size(100 * mib, 5 * mib) == 5 * mib)
    #expect(size(100 * mib, 4 * mib) == 16 * mib)
    #expect(size(3 * mib, 5 * mib) == 16 * mib)
    #expect(size(60_000 * mib, 5 * mib) == 16 * mib)
  }

  @Test(
    "a customer's key is made as Argo makes it: vectors of the reference implementation",
    arguments: [
      ("password", "somesalt", 2, 256, 1, "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"),
      ("password", "somesalt", 2, 256, 2, "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"),
      ("secret", "bucketkey/a", 1, 1024, 4, "abb2bdaad07dd8a306c009ba2bcde0aff52fdf2182049537888b3ae5119d42ca"),
      ("secret", "bucketkey/a", 3, 37, 3, "5974682dce415b611776ac0f186626a3ae5b54ae974452125d16ef3e9244ee32"),
    ] as [(String, String, UInt32, UInt32, UInt32, String)])
  func argon2(password: String, salt: String, passes: UInt32, memory: UInt32, lanes: UInt32, key: String) {
    let made = Argon2.key(
      password: Array(password.utf8), salt: Array(salt.utf8), passes: passes, memory: memory, lanes: lanes, count: 32)
    #expect(Digest.hex(made) == key)
  }

  @Test("the customer's key goes with every request for an object")
  func customerKey() throws {
    let encryption = S3Encryption.customer(password: "secret")
    let headers = try encryption.headers(bucket: "bucket", key: "key/a")
    // Argon2id of "secret" and "bucketkey/a" over 64 MiB with four lanes, by the reference implementation.
    let key = try #require(Base64.decode(headers.first { $0.name == "x-amz-server-side-encryption-customer-key" }?.value ?? ""))
    #expect(Digest.hex(key) == "93fcbcb27e988907717b924506690fd6ea52cea2de45a6f3f6f9dbef823ab37e")
    #expect(headers.first { $0.name == "x-amz-server-side-encryption-customer-key-md5" }?.value == Base64.encode(Digest.md5(key)))
    #expect(try encryption.customerHeaders(bucket: "bucket", key: "key/a").count == headers.count)
  }

  @Test(
    "encryption that contradicts itself is refused",
    arguments: [
      (#"{"enableEncryption":true,"kmsKeyId":"k","serverSideCustomerKeySecret":{"name":"s","key":"k"}}"#, "cannot be set together"),
      (#"{"enableEncryption":true,"serverSideCustomerKeySecret":{"name":"s","key":"k"}}"#, "needs https"),
      (#"{"enableEncryption":true,"kmsKeyId":"k","kmsEncryptionContext":"{"}"#, "is no JSON"),
    ])
  func contradictions(options: String, message: String) throws {
    let bench = try Bench(secrets: ["default/s/k": "password"])
    let location: JSON = [
      "endpoint": "127.0.0.1:1", "bucket": "b", "key": "k", "insecure": true, "encryptionOptions": try JSON.parse(options),
    ]
    #expect(try bench.refusal(["s3": location]).contains(message))
  }

  @Test("XML as object stores write it is read")
  func xml() throws {
    let text = """
      <?xml version="1.0" encoding="UTF-8"?><!-- c --><s3:List xmlns:s3="x"><Contents a='1'><Key>a&amp;b&#x20AC;&#65;</Key></Contents>
      <Contents><Key><![CDATA[<raw>]]></Key><Empty/></Contents></s3:List>
      """
    let root = try #require(XMLElement.parse(text.utf8))
    #expect(root.name == "List")
    #expect(root.all("Contents").map { $0.text("Key") } == ["a&b€A", "<raw>"])
    for bad in ["", "<a>", "<a></b>", "text", "<a", String(repeating: "<a>", count: 100)] { #expect(XMLElement.parse(bad.utf8) == nil) }
    #expect(XMLElement.text(of: "Code", in: "<Error><Code>A&lt;</Code><Mess") == "A<")
  }
}
