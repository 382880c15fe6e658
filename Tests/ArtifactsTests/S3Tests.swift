import Contracts
import Glibc
import JSONValue
import Testing

@testable import Artifacts

@Suite("S3 artifacts", .enabled(if: MotoServer.isThere, "no python3 with moto"), .moto)
struct S3Tests {
  let moto: MotoServer
  let bench: Bench

  init() throws {
    moto = try MotoServer.required()
    bench = try Bench(secrets: ["default/s3/access": moto.accessKey + "\n", "default/s3/secret": moto.secretKey])
  }

  private func location(_ bucket: String, _ key: String, _ more: [(String, JSON)] = []) -> JSON {
    .object(
      JSONObject(
        [
          ("endpoint", .string(moto.url)), ("bucket", .string(bucket)), ("key", .string(key)), ("insecure", true),
          ("accessKeySecret", ["name": "s3", "key": "access"]), ("secretKeySecret", ["name": "s3", "key": "secret"]),
        ] + more))
  }

  /// An artifact in a bucket that is made at the first save.
  private func artifact(_ bucket: String, _ key: String, archive: JSON? = ["none": [:]], _ more: [(String, JSON)] = []) -> JSON {
    var artifact: JSON = ["name": "a", "s3": location(bucket, key, [("createBucketIfNotPresent", [:])] + more)]
    if let archive { artifact.modifyObject { $0["archive"] = archive } }
    return artifact
  }

  @Test(
    "a file goes up packed and comes back, with every signature verified", arguments: ["plain/key.tgz", "ümläut +~!$&'()*,;=:@ %2F?#/x y"])
  func roundTrip(key: String) throws {
    try bench.scratch.write("out", "hello")
    let saved = try bench.save(artifact("round", key, archive: nil), from: "out")
    #expect(saved.at("s3", "key")?.string == key)
    try bench.load(saved)
    #expect(try bench.scratch.read("in/data") == "hello")
    #expect(try bench.scratch.names("in") == ["data"])
    #expect(try bench.scratch.names("store").isEmpty)
  }

  @Test("an output without a key goes below the workflow and the pod")
  func defaultKey() throws {
    try bench.scratch.write("out", "hello")
    let saved = try bench.save(artifact("default", "", archive: nil), from: "out")
    #expect(saved.at("s3", "key")?.string == "flow/flow-1/a.tgz")
    #expect(try bench.list(artifact("default", "flow")) == ["flow/flow-1/a.tgz"])
  }

  @Test("a directory becomes a key for each file, and comes back")
  func directories() throws {
    try bench.scratch.write("out/a/b c", "deep")
    try bench.scratch.write("out/top", "flat")
    #expect(symlink("top", bench.scratch.path + "/out/link") == 0)
    let saved = try bench.save(artifact("dirs", "data/set"), from: "out")
    try bench.scratch.write("marker", "")
    _ = try bench.save(artifact("dirs", "data/set/empty/"), from: "marker")
    _ = try bench.save(artifact("dirs", "data/settle"), from: "marker")
    #expect(try bench.list(saved) == ["data/set/a/b c", "data/set/top"])
    try bench.load(saved)
    #expect(try bench.scratch.read("in/data/a/b c") == "deep")
    #expect(try bench.scratch.names("in/data") == ["a", "top"])
    var part = saved
    part.modifyObject { $0["subPath"] = "a" }
    try bench.load(part, to: "in/part")
    #expect(try bench.scratch.names("in/part") == ["b c"])
  }

  @Test("more keys than one answer holds are all listed")
  func pages() throws {
    for number in 0..<1003 { try bench.scratch.write("out/\(number)", "") }
    let saved = try bench.save(artifact("pages", "many"), from: "out")
    #expect(try bench.list(saved).count == 1003)
  }

  @Test("subPath takes a part of an archive too")
  func subPathOfArchive() throws {
    try bench.scratch.write("out/sub/file", "part")
    var saved = try bench.save(artifact("sub", "whole.tgz", archive: nil), from: "out")
    saved.modifyObject { $0["subPath"] = "sub/file" }
    try bench.load(saved)
    #expect(try bench.scratch.read("in/data") == "part")
    saved.modifyObject { $0["subPath"] = "../x" }
    #expect(throws: ArtifactFailure.self) { try bench.load(saved, to: "in/two") }
  }

  @Test("what is not there is notFound for load and list, and no error for delete")
  func missing() throws {
    try bench.scratch.write("out", "x")
    let saved = try bench.save(artifact("gone", "a/key"), from: "out")
    for key in ["a/none", "a/ke", "none/"] {
      #expect(bench.isNotFound { try bench.load(artifact("gone", key)) }, "\(key)")
      #expect(bench.message { _ = try bench.list(artifact("gone", key)) }.contains("no key found of name \(key)"))
    }
    #expect(try bench.list(saved) == [])
    for _ in 0..<2 { try bench.delete(saved) }
    #expect(bench.isNotFound { try bench.load(saved) })
    #expect(try bench.scratch.names("in") == [])
  }

  @Test("delete removes a key, and with a slash at its end all below it")
  func deletion() throws {
    try bench.scratch.write("out/a", "x")
    try bench.scratch.write("out/b/c", "x")
    _ = try bench.save(artifact("delete", "one"), from: "out")
    _ = try bench.save(artifact("delete", "two"), from: "out")
    try bench.delete(artifact("delete", "one"))
    #expect(try bench.list(artifact("delete", "one")) == ["one/a", "one/b/c"])
    try bench.delete(artifact("delete", "one/"))
    #expect(try bench.list(artifact("delete", "")) == ["two/a", "two/b/c"])
  }

  @Test("a large file goes up in parts of the size that is asked for")
  func parts() throws {
    let small = try Bench(
      secrets: ["default/s3/access": moto.accessKey, "default/s3/secret": moto.secretKey],
      environment: ["ARTIFACT_S3_UPLOAD_PART_SIZE_MIB": "5"])
    let path = small.scratch.path + "/out"
    let sink = FileSink(try Descriptor(path, O_WRONLY | O_CREAT, mode: 0o644), name: path)
    for number in 0..<11 { try sink.write([UInt8](repeating: UInt8(number), count: 1 << 20)) }
    let saved = try small.save(artifact("parts", "large"), from: "out")
    try small.load(saved)
    #expect(try FileDigests(of: small.scratch.path + "/in/data") == FileDigests(of: path))
    // An object made of parts has an entity tag that says how many.
    let python = """
      import boto3
      s3 = boto3.client('s3', endpoint_url='http://\(moto.url)', region_name='us-east-1', aws_access_key_id='\(moto.accessKey)',
        aws_secret_access_key='\(moto.secretKey)')
      print(s3.head_object(Bucket='parts', Key='large')['ETag'].strip('"').split('-')[1], len(s3.list_multipart_uploads(Bucket='parts').get('Uploads', [])))
      """
    #expect(try run("python3", ["-c", python]) == "3 0\n")
  }

  @Test("a bucket in another region is found by asking for it")
  func regions() throws {
    try bench.scratch.write("out", "x")
    let saved = try bench.save(artifact("far-away", "k", [("region", "eu-central-1")]), from: "out")
    #expect(saved.at("s3", "region")?.string == "eu-central-1")
    try bench.load(["name": "a", "archive": ["none": [:]], "s3": location("far-away", "k")])
    #expect(try bench.scratch.read("in/data") == "x")
  }

  @Test("encryption on the server's side reaches objects and new buckets")
  func encryption() throws {
    try bench.scratch.write("out", "x")
    _ = try bench.save(artifact("kms", "k", [("encryptionOptions", ["enableEncryption": true])]), from: "out")
    let options: JSON = ["enableEncryption": true, "kmsKeyId": "alias/store", "kmsEncryptionContext": #"{"a": "b"}"#]
    _ = try bench.save(artifact("kms", "with-key", [("encryptionOptions", options)]), from: "out")
    let python = """
      import boto3
      s3 = boto3.client('s3', endpoint_url='http://\(moto.url)', region_name='us-east-1', aws_access_key_id='\(moto.accessKey)',
        aws_secret_access_key='\(moto.secretKey)')
      rule = s3.get_bucket_encryption(Bucket='kms')['ServerSideEncryptionConfiguration']['Rules'][0]
      key = s3.head_object(Bucket='kms', Key='with-key')
      print(rule['ApplyServerSideEncryptionByDefault']['SSEAlgorithm'], s3.head_object(Bucket='kms', Key='k')['ServerSideEncryption'],
        key['ServerSideEncryption'], key['SSEKMSKeyId'])
      """
    let told = try run("python3", ["-c", python])
    // S3 in its first region lets an owner make a bucket again, so the second save has set the bucket's rule anew.
    #expect(told == "aws:kms AES256 aws:kms alias/store\n")
  }

  @Test("object locking is asked for with the bucket")
  func locking() throws {
    try bench.scratch.write("out", "x")
    let locked: JSON = ["name": "a", "s3": location("locked", "k", [("createBucketIfNotPresent", ["objectLocking": true])])]
    _ = try bench.save(locked, from: "out")
    _ = try bench.save(locked, from: "out")
    let python = """
      import boto3
      s3 = boto3.client('s3', endpoint_url='http://\(moto.url)', region_name='us-east-1', aws_access_key_id='\(moto.accessKey)',
        aws_secret_access_key='\(moto.secretKey)')
      print(s3.get_object_lock_configuration(Bucket='locked')['ObjectLockConfiguration']['ObjectLockEnabled'])
      """
    #expect(try run("python3", ["-c", python]) == "Enabled\n")
  }

  @Test("failures name the place and the remedy, never the secret")
  func failures() throws {
    try bench.scratch.write("out", "x")
    let place = "s3://nowhere/k at http://\(moto.url)"
    let missing: JSON = ["name": "a", "s3": location("nowhere", "k")]
    let noBucket = bench.message { _ = try bench.save(missing, from: "out") }
    #expect(noBucket.hasPrefix("cannot save \(place): 404 NoSuchBucket"))
    #expect(noBucket.hasSuffix("createBucketIfNotPresent"))
    #expect(bench.message { try bench.load(missing) }.contains("NoSuchBucket"))

    let wrong = try Bench(secrets: ["default/s3/access": moto.accessKey, "default/s3/secret": "Not-The-Secret"])
    try wrong.scratch.write("out", "x")
    let refused = wrong.message { _ = try wrong.save(artifact("refused", "k"), from: "out") }
    #expect(
      refused.contains("403 SignatureDoesNotMatch")
        && refused.hasSuffix("check accessKeySecret and secretKeySecret, and what it may do with the bucket"))
    #expect(!refused.contains("Not-The-Secret") && !refused.contains(moto.accessKey))

    var dead = location("b", "k")
    dead.modifyObject { $0["endpoint"] = "127.0.0.1:1" }
    #expect(bench.message { try bench.load(["name": "a", "s3": dead]) }.contains("check the endpoint, and insecure: true"))
    #expect(try bench.scratch.names("in") == [])
  }
}
