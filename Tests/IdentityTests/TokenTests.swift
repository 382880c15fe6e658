import Basics
import Contracts
import Crypto
import Glibc
import JSONValue
import KubeModel
import Testing

@testable import Identity

@Suite("Service account tokens") struct TokenTests {
  let directory: TemporaryDirectory
  let keys: TokenKeys
  let now = SystemClock.now()

  init() throws {
    directory = try TemporaryDirectory()
    keys = try ServerIdentity(directory.keys).tokens
  }

  private var content: ServiceAccountToken {
    var content = ServiceAccountToken(
      namespace: "argo", serviceAccount: "robot", serviceAccountUID: "u-1", audiences: [keys.issuer],
      issuedAt: Instant(seconds: now.seconds),
      expiresAt: Instant(seconds: now.seconds + 600))
    content.id = "id-1"
    return content
  }

  /// A token with another header or payload, signed rightly by the server's own key: what only its own mistakes could make.
  private func signed(_ header: JSON, _ payload: JSON) throws -> String {
    let text = Base64URL.encode(header.bytes()) + "." + Base64URL.encode(payload.bytes())
    let key = try #require(keys.signingKey)
    return text + "." + Base64URL.encode(Array(try key.privateKey.signature(for: Array(text.utf8)).rawRepresentation))
  }

  private func parts(_ token: String) throws -> (header: JSON, payload: JSON) {
    let parts = token.split(separator: ".")
    return (try JSON.parse(try #require(Base64URL.decode(parts[0]))), try JSON.parse(try #require(Base64URL.decode(parts[1]))))
  }

  @Test("a token says again what it was made of")
  func roundTrip() throws {
    #expect(keys.content(of: keys.token(content), at: now) == content)
    var bound = content
    bound.binding = .init(kind: "Pod", name: "p", uid: "pu")
    bound.audiences = ["a", "b"]
    #expect(keys.content(of: keys.token(bound), at: now) == bound)
    let payload = try parts(keys.token(bound)).payload
    #expect(payload["sub"] == "system:serviceaccount:argo:robot")
    #expect(
      payload["kubernetes.io"] == [
        "namespace": "argo", "pod": ["name": "p", "uid": "pu"], "serviceaccount": ["name": "robot", "uid": "u-1"],
      ])
    #expect(payload["jti"] == "id-1")
    // Without an audience it is for this server, without an id it gets one.
    let plain = keys.token(.init(namespace: "n", serviceAccount: "s", serviceAccountUID: "u", expiresAt: now + TimeSpan(seconds: 60)))
    let found = try #require(keys.content(of: plain, at: now))
    #expect(found.audiences == [keys.issuer])
    #expect(!found.id.isEmpty)
  }

  @Test("time bounds a token")
  func times() {
    let token = keys.token(content)
    #expect(keys.content(of: token, at: Instant(seconds: now.seconds + 599)) != nil)
    #expect(keys.content(of: token, at: Instant(seconds: now.seconds + 600)) == nil)
    #expect(keys.content(of: token, at: Instant(seconds: now.seconds - 3600)) == nil)
  }

  @Test("a token of a Secret never expires and names its Secret")
  func legacy() throws {
    let made = ServiceAccountToken(
      namespace: "argo", serviceAccount: "robot", serviceAccountUID: "u-1", binding: .init(kind: "Secret", name: "robot-token", uid: ""))
    let token = keys.token(made)
    #expect(keys.content(of: token, at: now + TimeSpan(seconds: 100 * 365 * 86_400)) == made)
    #expect(try parts(token).payload["iss"] == "kubernetes/serviceaccount")
    // A token of the new form may not go without its expiry by naming the old issuer.
    var payload = try parts(keys.token(content)).payload
    payload["iss"] = "kubernetes/serviceaccount"
    #expect(keys.content(of: try signed(try parts(token).header, payload), at: now) == nil)
  }

  @Test("what is changed in any way is refused")
  func forgeries() throws {
    let token = keys.token(content)
    let (header, payload) = try parts(token)
    #expect(keys.content(of: try signed(header, payload), at: now) != nil)
    func refused(_ text: String, _ what: Comment) { #expect(keys.content(of: text, at: now) == nil, what) }
    let segments = token.split(separator: ".").map(String.init)
    refused(Base64URL.encode(Array(#"{"alg":"none"}"#.utf8)) + "." + segments[1] + ".", "alg none")
    refused(Base64URL.encode(Array(#"{"alg":"none"}"#.utf8)) + "." + segments[1] + "." + segments[2], "alg none with a signature")
    for algorithm in ["none", "None", "HS256", "RS256", "ES384", "es256", ""] {
      var other = header
      other["alg"] = .string(algorithm)
      refused(try signed(other, payload), "alg \(algorithm)")
    }
    // The public key as the secret of an HMAC.
    var symmetric = header
    symmetric["alg"] = "HS256"
    let text = Base64URL.encode(symmetric.bytes()) + "." + segments[1]
    let secret = SymmetricKey(data: Array(try #require(keys.signingKey).publicKey.derRepresentation))
    refused(
      text + "." + Base64URL.encode(Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: secret))), "HMAC by the public key")
    for (field, value) in [("kid", JSON.string("x")), ("kid", .null), ("crit", ["exp"])] {
      var other = header
      other[field] = value
      refused(try signed(other, payload), "\(field) \(value)")
    }
    let changes: [(String, JSON?)] = [
      ("iss", "https://elsewhere"), ("iss", nil), ("aud", []), ("aud", nil), ("aud", [1]), ("exp", nil), ("exp", "never"),
      ("exp", .double(1e300)),
      ("exp", .int(now.seconds - 1)), ("nbf", .int(now.seconds + 3600)), ("nbf", nil), ("sub", "system:serviceaccount:argo:other"),
      ("sub", nil),
      ("kubernetes.io", [:]), ("kubernetes.io", nil),
    ]
    for (field, value) in changes {
      var other = payload
      other.modifyObject { $0[field] = value }
      refused(try signed(header, other), "\(field) \(String(describing: value))")
    }
    var expired = payload
    expired["exp"] = .int(now.seconds + 10_000)
    refused(segments[0] + "." + Base64URL.encode(expired.bytes()) + "." + segments[2], "a payload with the old signature")
    let place = try TemporaryDirectory()
    defer { withExtendedLifetime(place) {} }
    let stranger = try ServerIdentity(place.keys).tokens
    refused(stranger.token(content), "another server's token")
  }

  @Test("there is one text only for each token")
  func canonicalText() throws {
    let token = keys.token(content)
    func refused(_ text: String, _ what: Comment) { #expect(keys.content(of: text, at: now) == nil, what) }
    refused(token + "=", "padding")
    refused(token + ".", "a fourth part")
    refused(token + "\n", "a line break")
    refused(" " + token, "a space")
    refused(token.split(separator: ".").dropLast().joined(separator: "."), "no signature")
    refused("", "nothing")
    refused("..", "empty parts")
    // 64 bytes leave two unused bits in the last letter of their Base64: other letters would mean the same bytes.
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    let last = try #require(token.last)
    let place = try #require(alphabet.firstIndex(of: last))
    for other in [place ^ 1, place ^ 2, place ^ 3] { refused(token.dropLast() + String(alphabet[other]), "letter \(alphabet[other])") }
    refused(
      token.replacing("-", with: "+").replacing("_", with: "/") + (token.contains("-") || token.contains("_") ? "" : "x"),
      "the other alphabet")
    refused(String(repeating: "a", count: 1 << 20), "a megabyte")
    refused(token + String(repeating: "A", count: 20_000), "a long tail")
    for position in stride(from: 0, to: token.utf8.count, by: 5) {
      var bytes = Array(token.utf8)
      bytes[position] = bytes[position] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      refused(String(decoding: bytes, as: UTF8.self), "letter \(position)")
    }
  }

  @Test("old keys verify, the newest signs, all are in the key set")
  func rotation() throws {
    let old = keys.token(content)
    try keys.rotate()
    let new = keys.token(content)
    #expect(try parts(old).header["kid"] != (try parts(new).header["kid"]))
    #expect(keys.content(of: old, at: now) == content)
    #expect(keys.content(of: new, at: now) == content)
    #expect(keys.keySet["keys"]?.array?.count == 2)
    let again = try ServerIdentity(directory.keys).tokens
    #expect(again.content(of: old, at: now) == content)
    #expect(again.keySet == keys.keySet)
    #expect(keys.openIDConfiguration(server: "https://h:1")["jwks_uri"] == "https://h:1/openid/v1/jwks")
  }

  @Test("openssl verifies the signature with the server's public key", .enabled(if: hasOpenSSL, "openssl is not installed"))
  func openssl() throws {
    let token = keys.token(content)
    let segments = token.split(separator: ".").map(String.init)
    let raw = try #require(Base64URL.decode(Substring(segments[2])))
    let signature = try P256.Signing.ECDSASignature(rawRepresentation: raw).derRepresentation
    let place = directory.path
    try LocalFiles.write(Array(signature), to: place + "/signature")
    try LocalFiles.write(Array("\(segments[0]).\(segments[1])".utf8), to: place + "/text")
    let command =
      "openssl pkey -in \(place)/keys/tokens.key -pubout -out \(place)/public && openssl dgst -sha256 -verify \(place)/public -signature \(place)/signature \(place)/text"
    let run = shell(command)
    #expect(run.output.contains("Verified OK"), "\(run.output)")
  }

  @Test("PyJWT reads a token by the key set", .enabled(if: pythonWithJWT != nil, "PyJWT and cryptography are not installed"))
  func pyjwt() throws {
    let python = try #require(pythonWithJWT)
    try LocalFiles.write(keys.keySet.bytes(), to: directory.path + "/jwks")
    try LocalFiles.write(Array(keys.token(content).utf8), to: directory.path + "/token")
    let program = """
      import json, jwt, sys
      token = open(sys.argv[1] + "/token").read()
      keys = {k["kid"]: jwt.PyJWK(k).key for k in json.load(open(sys.argv[1] + "/jwks"))["keys"]}
      claims = jwt.decode(token, keys[jwt.get_unverified_header(token)["kid"]], algorithms=["ES256"], audience=sys.argv[2], issuer=sys.argv[2])
      print(claims["sub"])
      """
    try LocalFiles.write(Array(program.utf8), to: directory.path + "/check.py")
    let run = shell("\(python) \(directory.path)/check.py \(directory.path) \(keys.issuer)")
    #expect(run.output == "system:serviceaccount:argo:robot\n", "\(run.output)")
  }
}
