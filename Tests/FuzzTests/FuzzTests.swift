import ArchiveFuzzSubjects
import FuzzSubjects
import Glibc
import Testing

/// The inputs that fuzzing found and kept, and new ones made from them, in every test run: `make fuzz` looks for more with libFuzzer.
@Suite struct FuzzTests {
  private static let subjects = FuzzSubject.all + ArchiveFuzzSubjects.all

  private static let directory: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    return parts.dropLast(3).joined(separator: "/") + "/Fuzzing/corpus"
  }()

  /// The kept inputs of a subject, a line of hexadecimal digits each.
  private static func corpus(_ subject: String) -> [[UInt8]] {
    guard let file = fopen("\(directory)/\(subject).hex", "r") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return bytes.split(separator: 0x0A).map { line in
      let digits = Array(line)
      return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
        UInt8(String(decoding: digits[$0...($0 + 1)], as: UTF8.self), radix: 16)
      }
    }
  }

  private struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }
  }

  /// An input with some of it changed, left out, doubled, or put beside some of another.
  private static func mutated(_ input: [UInt8], with other: [UInt8], _ random: inout Generator) -> [UInt8] {
    var bytes = input
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let place = Int.random(in: 0...bytes.count, using: &random)
      let end = min(bytes.count, place + Int.random(in: 1...8, using: &random))
      switch Int.random(in: 0..<6, using: &random) {
      case 0: if place < bytes.count { bytes[place] = UInt8.random(in: 0...255, using: &random) }
      case 1: bytes.removeSubrange(place..<end)
      case 2: bytes.insert(contentsOf: bytes[place..<end], at: place)
      case 3: if let letter = "{}[]()\"'\\,:.|&!=<>*#@$%-+0 \n".utf8.randomElement(using: &random) { bytes.insert(letter, at: place) }
      case 4:
        let start = Int.random(in: 0...other.count, using: &random)
        bytes.insert(contentsOf: other[start..<min(other.count, start + 16)], at: place)
      default: bytes = Array(bytes[..<place]) + other.suffix(Int.random(in: 0...other.count, using: &random))
      }
    }
    return bytes
  }

  @Test("what strangers send neither traps nor breaks what must hold", arguments: Self.subjects.map(\.name)) func inputs(name: String)
    throws
  {
    let subject = try #require(Self.subjects.first { $0.name == name })
    let kept = Self.corpus(name) + subject.seeds
    for input in kept { #expect(throws: Never.self, "\(input)") { try subject.run(input) } }
    var random = Generator(state: UInt64(name.utf8.reduce(7) { $0 &* 31 &+ Int($1) }.magnitude))
    let rounds = name == "archive" ? 300 : 2000
    for _ in 0..<rounds {
      guard let first = kept.randomElement(using: &random), let second = kept.randomElement(using: &random) else { break }
      let input = Self.mutated(first, with: second, &random)
      #expect(throws: Never.self, "\(String(decoding: input.prefix(400), as: UTF8.self))") { try subject.run(input) }
    }
  }
}
