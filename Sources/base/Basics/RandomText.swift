/// The letters of the random part of a generated Kubernetes name: no vowels and nothing that looks like another letter.
package let kubernetesAlphabet = "bcdfghjklmnpqrstvwxz2456789"

/// A random suffix as Kubernetes appends to `generateName`.
package func randomSuffix(count: Int = 5, using random: inout some RandomNumberGenerator) -> String {
  let letters = Array(kubernetesAlphabet.utf8)
  let bytes = (0..<max(0, count)).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] }
  return String(decoding: bytes, as: UTF8.self)
}

/// A UUID of version 4 (RFC 9562) in lower case.
package func randomUUID(using random: inout some RandomNumberGenerator) -> String {
  let digits = Array("0123456789abcdef".utf8)
  let high = (random.next() as UInt64) & ~0xF000 | 0x4000
  let low = (random.next() as UInt64) & ~(0b11 << 62) | 1 << 63
  var bytes: [UInt8] = []
  for position in 0..<32 {
    if [8, 12, 16, 20].contains(position) { bytes.append(UInt8(ascii: "-")) }
    let half = position < 16 ? high : low
    bytes.append(digits[Int(half >> UInt64(60 - position % 16 * 4) & 0xF)])
  }
  return String(decoding: bytes, as: UTF8.self)
}
