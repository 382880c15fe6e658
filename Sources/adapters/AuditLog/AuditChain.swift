import Contracts
import Crypto
import JSONValue

/// How records are chained: each line of the log is a JSON document whose last member `hash` is the SHA-256, in hexadecimal digits, of the line's
/// bytes before `,"hash":`; among these is the member `previous`, the hash of the record before. So nothing can be changed, left out or put between
/// without a new hash of every record behind.
package enum AuditChain {
  /// What stands for the hash before the first record.
  package static let start = String(repeating: "0", count: 64)

  private static let mark = Array(",\"hash\":\"".utf8)

  /// The line of a record without its line break, and its hash.
  static func line(_ members: JSONObject, number: Int64, previous: String) -> (bytes: [UInt8], hash: String) {
    var all: JSONObject = ["number": .int(number), "previous": .string(previous)]
    for (name, value) in members { all[name] = value }
    var bytes = JSON.object(all).bytes()
    bytes.removeLast()
    let hash = digest(bytes)
    bytes += mark
    bytes += Array(hash.utf8)
    bytes += Array("\"}".utf8)
    return (bytes, hash)
  }

  /// What is known of a line whose own hash is right.
  struct Link: Sendable, Hashable {
    var number: Int64
    var previous: String
    var hash: String
  }

  /// What a line says of its place in the chain; nil when it is no record, or its hash is not that of its content.
  static func link(_ line: ArraySlice<UInt8>) -> Link? {
    let ending = mark.count + 64 + 2
    guard line.count > ending else { return nil }
    let split = line.endIndex - ending
    guard line[split...].starts(with: mark), line.suffix(2).elementsEqual("\"}".utf8) else { return nil }
    let hash = String(decoding: line[(split + mark.count)...].prefix(64), as: UTF8.self)
    guard digest(line[..<split]) == hash, let json = try? JSON.parse(Array(line)), let number = json["number"]?.int,
      let previous = json["previous"]?.string, json["hash"]?.string == hash
    else { return nil }
    return Link(number: number, previous: previous, hash: hash)
  }

  private static func digest(_ bytes: some Collection<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: SHA256.hash(data: Array(bytes)).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
