/// FNV-1a with 32 bits, the hash in Argo's node IDs and pod names.
package func fnv1a32(_ text: String) -> UInt32 {
  var text = text
  return text.withUTF8 { fnv1a32($0) }
}

@inlinable package func fnv1a32(_ bytes: some Sequence<UInt8>) -> UInt32 {
  var hash: UInt32 = 2_166_136_261
  for byte in bytes {
    hash = (hash ^ UInt32(byte)) &* 16_777_619
  }
  return hash
}
