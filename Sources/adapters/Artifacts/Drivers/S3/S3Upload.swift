import Basics
import Contracts
import HTTPAccess

/// How a file goes up: in one request, or in parts where it is large. Memory holds one piece of it at a time.
struct S3Upload {
  /// Bytes; the least that S3 takes for a part is 5 MiB, and it takes at most 10,000 parts.
  static let smallestPart: Int64 = 16 << 20
  private static let mostParts: Int64 = 10_000
  private static let allowedParts: ClosedRange<Int64> = 5 << 20...5 << 30

  let client: S3Client
  let encryption: S3Encryption
  /// What `ARTIFACT_S3_UPLOAD_PART_SIZE_MIB` asks for, in bytes.
  let wantedPart: Int64?

  /// The size of a part of a file: as asked for if S3 takes it and the file is larger, else 16 MiB or a multiple of it.
  func partSize(of file: Int64) -> Int64 {
    if let wantedPart, Self.allowedParts.contains(wantedPart), wantedPart <= file, file <= wantedPart * Self.mostParts { return wantedPart }
    let least = (file + Self.mostParts - 1) / Self.mostParts
    return max(1, (least + Self.smallestPart - 1) / Self.smallestPart) * Self.smallestPart
  }

  func put(_ path: String, key: String) throws(ServiceFailure) {
    let (size, headers) = try ServiceFailure.here { () throws(ArtifactFailure) in
      (try Files.size(path), try encryption.headers(bucket: client.place.bucket, key: key))
    }
    let part = partSize(of: size)
    let type = [(name: "content-type", value: ObjectTree.contentType(key))]
    if size < part {
      _ = try send(path, 0..<size, key: key, query: [], headers: type + headers)
    } else {
      try putParts(path, size: size, part: part, key: key, headers: type + headers)
    }
  }

  private func putParts(
    _ path: String, size: Int64, part: Int64, key: String, headers: [(name: String, value: String)]
  ) throws(ServiceFailure) {
    let begun = try client.fetch("POST", key: key, query: [("uploads", "")], headers: headers)
    guard begun.status == 200, let upload = XMLElement.parse(begun.body)?.text("UploadId"), !upload.isEmpty else {
      throw client.failure(begun)
    }
    do throws(ServiceFailure) {
      let customer = try ServiceFailure.here { () throws(ArtifactFailure) in
        try encryption.customerHeaders(bucket: client.place.bucket, key: key)
      }
      var list = ""
      var offset: Int64 = 0
      var number = 1
      while offset < size {
        let range = offset..<min(size, offset + part)
        let tag = try send(path, range, key: key, query: [("partNumber", String(number)), ("uploadId", upload)], headers: customer)
        list += "<Part><PartNumber>\(number)</PartNumber><ETag>\(XMLElement.escaped(tag))</ETag></Part>"
        offset = range.upperBound
        number += 1
      }
      let body = Array("<CompleteMultipartUpload>\(list)</CompleteMultipartUpload>".utf8)
      let done = try client.fetch("POST", key: key, query: [("uploadId", upload)], body: body)
      // S3 may answer 200 and tell of an error in the body.
      guard done.status == 200, let result = XMLElement.parse(done.body), !result.text("ETag").isEmpty else { throw client.failure(done) }
    } catch {
      _ = try? client.fetch("DELETE", key: key, query: [("uploadId", upload)])
      throw error
    }
  }

  /// Sends a part of a file; its entity tag.
  private func send(
    _ path: String, _ range: Range<Int64>, key: String, query: [(String, String)], headers: [(name: String, value: String)]
  ) throws(ServiceFailure) -> String {
    let digests = try ServiceFailure.here { () throws(ArtifactFailure) in try FileDigests(of: path, range: range) }
    let request = client.request(
      "PUT", key: key, query: query, headers: headers + [("content-md5", Base64.encode(digests.md5))], payload: Digest.hex(digests.sha256))
    do { return try client.http.upload(request, from: path, range: range).header("etag") ?? "" } catch { throw client.wrapped(error) }
  }
}
