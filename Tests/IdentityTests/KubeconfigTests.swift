import Basics
import JSONValue
import KubeModel
import Testing

@testable import Identity

@Suite("Kubeconfig entries") struct KubeconfigTests {
  private let entry = KubeconfigEntry(
    cluster: "c", user: "u", context: "x", server: "https://h:1", authority: "PEM",
    login: .certificate(KeyPair(certificate: "CERT", key: "KEY")), namespace: "n")

  @Test("an entry alone is a whole kubeconfig")
  func alone() throws {
    let document: JSON = [
      "apiVersion": "v1", "kind": "Config",
      "clusters": [["name": "c", "cluster": ["server": "https://h:1", "certificate-authority-data": .string(Base64.encode("PEM".utf8))]]],
      "contexts": [["name": "x", "context": ["cluster": "c", "user": "u", "namespace": "n"]]],
      "users": [
        [
          "name": "u",
          "user": [
            "client-certificate-data": .string(Base64.encode("CERT".utf8)), "client-key-data": .string(Base64.encode("KEY".utf8)),
          ],
        ]
      ], "current-context": "x",
    ]
    #expect(try entry.merged(into: nil) == document)
    #expect(try entry.merged(into: document) == document)
    #expect(try entry.merged(into: .null) == document)
  }

  @Test("what else a file holds stays, an entry of the same name is replaced at its place")
  func merging() throws {
    let other: JSON = ["name": "other", "cluster": ["server": "https://elsewhere", "insecure-skip-tls-verify": true]]
    let document: JSON = [
      "apiVersion": "v1", "kind": "Config", "preferences": ["colors": true], "extensions": [["name": "e", "extension": [:]]],
      "current-context": "old", "clusters": [["name": "c", "cluster": ["server": "https://old"]], other], "users": nil,
      "contexts": [["name": "old", "context": ["cluster": "other", "user": "z"]]],
    ]
    var token = entry
    token.login = .token("t")
    token.authority = nil
    let merged = try token.merged(into: document)
    #expect(merged["clusters"] == [["name": "c", "cluster": ["server": "https://h:1"]], other])
    #expect(merged["users"] == [["name": "u", "user": ["token": "t"]]])
    #expect(merged["contexts"]?.array?.count == 2)
    #expect(merged["contexts"]?[0] == document["contexts"]?[0])
    #expect(merged["preferences"] == ["colors": true])
    #expect(merged["extensions"] == document["extensions"])
    #expect(merged["current-context"] == "x")
  }

  @Test("what is no kubeconfig is refused")
  func refusals() {
    for document: JSON in [["a"], "text", ["kind": "Pod"], ["kind": "Config", "clusters": "x"], ["users": [:]]] {
      #expect(throws: KubeStatus.self) { try entry.merged(into: document) }
    }
  }
}
