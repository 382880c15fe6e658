import APIServer
import Basics
import Glibc
import Identity
import JSONValue
import ServerKit
import Testing

@Suite struct CertificateTests {
  private static let hasPrograms = ["openssl", "curl"].allSatisfy { system("command -v \($0) >/dev/null") == 0 }

  private func shell(_ command: String) async throws -> String {
    try await onThread {
      guard let pipe = popen("( \(command) ) 2>&1", "r") else { throw TestFailure(message: "no shell") }
      defer { pclose(pipe) }
      var output: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = fread(&buffer, 1, buffer.count, pipe)
        if count == 0 { return String(decoding: output, as: UTF8.self) }
        output += buffer[..<count]
      }
    }
  }

  @Test(
    "a certificate made anew is shown to new connections, a broken one changes nothing; clients log in by theirs",
    .enabled(if: hasPrograms, "openssl or curl is missing"))
  func renewal() async throws {
    let server = try await TestServer(hasTLS: true)
    let keys = server.directory + "/keys"
    func names() async throws -> String {
      try await shell(
        "openssl s_client -connect 127.0.0.1:\(server.port) -CAfile \(keys)/ca.crt </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName"
      )
    }
    #expect(try await names().contains("IP Address:127.0.0.1\n"))
    let pair = try server.identity.administratorKeyPair()
    try LocalFiles.write(Array((pair.certificate + pair.key).utf8), to: server.directory + "/admin.pem", mode: 0o600)
    let address = "https://127.0.0.1:\(server.port)"
    let curl = "curl -s --cacert \(keys)/ca.crt"
    #expect(try await shell("\(curl) --cert \(server.directory)/admin.pem \(address)/api/v1/namespaces/n").contains("\"Active\""))
    #expect(try await shell("\(curl) \(address)/api/v1/namespaces/n").contains("system:anonymous"))

    try server.api.replaceIdentity(try TestServer.certificate(server.identity, ["127.0.0.1", "new.example"]))
    #expect(try await names().contains("DNS:new.example"))
    #expect(throws: (any Error).self) { try server.api.replaceIdentity(TLSIdentity(chain: Array("junk".utf8), key: [])) }
    let other = try server.identity.administratorKeyPair()
    let mixed = TLSIdentity(chain: try LocalFiles.read(keys + "/server.crt"), key: Array(other.key.utf8))
    #expect(throws: (any Error).self) { try server.api.replaceIdentity(mixed) }
    #expect(try await names().contains("DNS:new.example"))
    #expect(try await shell("\(curl) --cert \(server.directory)/admin.pem \(address)/api/v1/namespaces/n").contains("\"Active\""))
    await server.stop()
  }
}
