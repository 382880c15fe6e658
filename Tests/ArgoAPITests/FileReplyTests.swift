import Contracts
import Glibc
import KubeModel
import ServerKit
import Testing

@testable import ArgoAPI

@Suite("Files that are shown") struct FileReplyTests {
  private func text(_ reply: ServedReply) -> String {
    guard case .bytes(let bytes) = reply.body else { return "" }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test("names of a listing are text, and addresses of this directory") func listing() {
    let page = text(FileReplies.listing(["a b.txt", "javascript:alert(1)", "<img src=x onerror='alert(1)'>", "sub/", "ü&\"%.html"]))
    #expect(
      page == """
        <html><body><ul>
        <li><a href="..">..</a></li>
        <li><a href="./a%20b.txt">a b.txt</a></li>
        <li><a href="./javascript%3Aalert%281%29">javascript:alert(1)</a></li>
        <li><a href="./%3Cimg%20src%3Dx%20onerror%3D%27alert%281%29%27%3E">&lt;img src=x onerror=&#39;alert(1)&#39;&gt;</a></li>
        <li><a href="./sub/">sub/</a></li>
        <li><a href="./%C3%BC%26%22%25.html">ü&amp;&#34;%.html</a></li>
        </ul></body></html>
        """)
  }

  @Test("whatever is shown forbids scripts and foreign frames") func security() {
    let file = ArtifactFile(path: "/nowhere", size: 10, isTemporary: false)
    for reply in [FileReplies.listing([]), FileReplies.file(file, name: "evil.html", HeaderFields([]))] {
      let headers = Dictionary(reply.headers.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
      #expect(
        headers["content-security-policy"]
          == "sandbox allow-same-origin; base-uri 'none'; default-src 'none'; img-src 'self'; style-src 'self' 'unsafe-inline'")
      #expect(headers["x-frame-options"] == "SAMEORIGIN")
    }
  }

  @Test(
    "a file's name says what it is",
    arguments: [
      ("a.HTML", "text/html; charset=utf-8"), ("a.tgz", "application/gzip"), ("main.log", "text/plain; charset=utf-8"),
      ("a.svg", "image/svg+xml"),
      ("main-file", "application/octet-stream"), ("a.unheard", "application/octet-stream"),
    ])
  func types(name: String, type: String) { #expect(ContentTypes.type(of: name) == type) }

  @Test("a name cannot end its header field") func dispositions() {
    let file = ArtifactFile(path: "/nowhere", size: 10, isTemporary: false)
    let reply = FileReplies.file(file, name: "a\"; x\r\n\\b.txt", HeaderFields([]))
    #expect(reply.headers.first { $0.name == "content-disposition" }?.value == "filename=\"a_; x___b.txt\"")
  }

  @Test(
    "parts of a file are given as asked",
    arguments: [
      ("bytes=0-3", ByteRange.part(0..<4)), ("bytes=6-", .part(6..<10)), ("bytes=-3", .part(7..<10)), ("bytes=-30", .part(0..<10)),
      ("bytes=5-99", .part(5..<10)), ("bytes=10-", .outside), ("bytes=-0", .outside), ("bytes=4-2", .whole), ("bytes=a-b", .whole),
      ("bytes=0-1,4-5", .whole), ("lines=0-1", .whole), ("bytes=", .whole), ("bytes=-", .whole),
      ("bytes=-9223372036854775808", .whole), ("bytes=9223372036854775807-", .outside),
    ])
  func ranges(text: String, range: ByteRange) {
    #expect(ByteRange(HeaderFields([("Range", text)]), size: 10) == range)
    #expect(ByteRange(HeaderFields([("Range", text), ("If-Range", "x")]), size: 10) == .whole)
  }
}

@Suite("Uploads") struct MultipartTests {
  private let directory: String

  init() throws {
    var template = Array("/tmp/argosy-multipart-XXXXXX".utf8CString)
    directory = String(cString: try #require(mkdtemp(&template)))
  }

  private func extract(_ body: [UInt8], type: String = "multipart/form-data; boundary=xyz") throws -> (name: String?, content: [UInt8]) {
    let (source, target) = (directory + "/body", directory + "/file")
    defer { for path in [source, target, directory] { remove(path) } }
    let file = try #require(fopen(source, "w"))
    _ = body.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
    fclose(file)
    let name = try MultipartFile(source, contentType: type).extract("file", to: target)
    guard let opened = fopen(target, "r") else { return (name, []) }
    defer { fclose(opened) }
    var content = [UInt8](repeating: 0, count: 2 << 20)
    let count = content.withUnsafeMutableBytes { fread($0.baseAddress, 1, $0.count, opened) }
    return (name, Array(content[..<count]))
  }

  private func form(_ content: [UInt8], disposition: String = #"form-data; name="file"; filename="a.txt""#) -> [UInt8] {
    Array("preamble\r\n--xyz\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n--not the file\r\n--xyz\r\n".utf8)
      + Array("Content-Type: text/plain\r\ncontent-disposition: \(disposition)\r\n\r\n".utf8) + content + Array("\r\n--xyz--\r\n".utf8)
  }

  @Test("the file's bytes come out, whatever is in them") func contents() throws {
    let tricky = Array("\r\n\r\n--xy\r\n-\r\r\n--xyy\r\n\r\n--x".utf8) + [0, 0xFF]
    for content in [Array("hello".utf8), [], tricky, Array("\r\n".utf8)] {
      let bench = try MultipartTests()
      let found = try bench.extract(bench.form(content))
      #expect(found.name == "a.txt")
      #expect(found.content == content)
    }
  }

  @Test("a large file goes through in pieces, boundaries across pieces are seen") func large() throws {
    var content: [UInt8] = []
    // Lines that look like a boundary almost, at all positions of a piece.
    for number in 0..<40_000 { content += Array("\r\n--xy\(number)".utf8) }
    #expect(content.count > 1 << 18)
    let found = try extract(form(content))
    #expect(found.content == content)
  }

  @Test(
    "names are read as browsers and curl write them",
    arguments: [
      (#"form-data; name="file"; filename="a \"b\" c.txt""#, #"a "b" c.txt"#), (#"form-data; filename=plain.txt; name=file"#, "plain.txt"),
      (#"form-data; name="file"; filename="../../etc/passwd""#, "../../etc/passwd"),
    ])
  func names(disposition: String, name: String) throws { #expect(try extract(form([], disposition: disposition)).name == name) }

  @Test(
    "what is no form is refused",
    arguments: [
      ("--xyz--\r\n", "multipart/form-data; boundary=xyz", nil as String?), ("", "multipart/form-data; boundary=xyz", "EOF"),
      ("--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhalf", "multipart/form-data; boundary=xyz", "EOF"),
      ("--xyz\r\nno head", "multipart/form-data; boundary=xyz", "malformed"), ("--xyz--", "text/plain", "isn't multipart/form-data"),
      ("--xyz--", "multipart/form-data", "isn't multipart/form-data"),
    ])
  func refusals(body: String, type: String, message: String?) throws {
    do {
      let found = try extract(Array(body.utf8), type: type)
      #expect(message == nil && found.name == nil)
    } catch let failure as KubeStatus {
      #expect(failure.reason == .badRequest)
      #expect(message.map { failure.message.contains($0) } == true, "\(failure.message)")
    }
  }
}
