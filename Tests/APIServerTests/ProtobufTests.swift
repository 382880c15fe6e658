import Basics
import JSONValue
import KubeModel
import ServerKit
import Testing

@testable import APIServer

/// Writes messages as Go's typed clients do.
private func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2] + varint(bytes.count) + bytes }
private func field(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }
private func field(_ number: UInt8, _ value: Int) -> [UInt8] { [number << 3] + varint(value) }
private func varint(_ value: Int) -> [UInt8] {
  var result: [UInt8] = []
  var rest = UInt64(bitPattern: Int64(value))
  repeat {
    result.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
    rest >>= 7
  } while rest > 0
  return result
}
private func object(_ apiVersion: String, _ kind: String, _ raw: [UInt8]) -> [UInt8] {
  Array("k8s\0".utf8) + field(1, field(1, apiVersion) + field(2, kind)) + field(2, raw)
}

@Suite struct ProtobufTests {
  @Test("a Secret with zero values, maps of bytes and labels becomes the JSON that Go would write") func secret() throws {
    let metadata =
      field(1, "s") + field(2, "") + field(3, "n") + field(7, 0) + field(8, [UInt8]()) + field(11, field(1, "a") + field(2, "b"))
    let raw = field(1, metadata) + field(2, field(1, "k") + field(2, "v")) + field(3, "Opaque") + field(5, 0)
    #expect(
      try ProtobufDocument.parse(object("v1", "Secret", raw))
        == [
          "apiVersion": "v1", "kind": "Secret", "metadata": ["name": "s", "namespace": "n", "labels": ["a": "b"]], "type": "Opaque",
          "immutable": false, "data": ["k": "dg=="],
        ])
  }

  @Test("volumes have their source among their own fields; quantities, times and numbers-or-texts have their forms") func pod() throws {
    let volume = field(1, "v") + field(2, field(2, [UInt8]()))
    let limits = field(1, field(1, "cpu") + field(2, field(1, "500m")))
    let probe = field(7, field(1, field(2, field(1, "/x") + field(2, field(1, 0) + field(2, 8080) + field(3, "")))))
    let container = field(1, "main") + field(8, limits) + Array([0x52 as UInt8]) + varint(probe.count - 2) + Array(probe.dropFirst(2))
    let pod = try ProtobufDocument.parse(
      object("v1", "Pod", field(1, field(1, "p") + field(8, field(1, 86_400))) + field(2, field(1, volume) + field(2, container))))
    #expect(pod.at("metadata", "creationTimestamp")?.string == "1970-01-02T00:00:00Z")
    #expect(pod.at("spec", "volumes")?[0] == ["name": "v", "emptyDir": [:]])
    #expect(pod.at("spec", "containers")?[0]?.at("resources", "limits", "cpu")?.string == "500m")
  }

  @Test("what is no such message, or damaged, is refused, wherever it is cut or changed") func damage() throws {
    let whole = object("v1", "ConfigMap", field(1, field(1, "c")) + field(2, field(1, "k") + field(2, "v")))
    #expect(try ProtobufDocument.parse(whole).at("data", "k")?.string == "v")
    #expect(throws: KubeStatus.self) { try ProtobufDocument.parse([]) }
    #expect(throws: KubeStatus.self) { try ProtobufDocument.parse(Array("{}".utf8)) }
    let unknown = #expect(throws: KubeStatus.self) { try ProtobufDocument.parse(object("x/v1", "Wonder", [])) }
    #expect(unknown?.reason == .unsupportedMediaType)
    var random = SystemRandomNumberGenerator()
    for end in 0..<whole.count { _ = try? ProtobufDocument.parse(Array(whole[..<end])) }
    for _ in 0..<20_000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 4..<bytes.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
      }
      _ = try? ProtobufDocument.parse(bytes)
    }
    var deep: [UInt8] = field(1, "x")
    for _ in 0..<5000 { deep = field(1, deep) }
    _ = try? ProtobufDocument.parse(object("v1", "ConfigMap", deep))
  }
}
