/// One line of a container's log file, in Kubernetes' CRI format: `<time> <stream> <F|P> <text>`.
package struct ContainerLogEntry: Sendable, Hashable {
  /// The bytes that the container printed, without the line's end.
  package var bytes: ArraySlice<UInt8>
  /// The line goes on in the next entry.
  package var isPartial: Bool

  /// nil for what is no entry. `record`: without the newline.
  package init?(_ record: ArraySlice<UInt8>) {
    var rest = record
    for _ in 0..<2 {
      guard let space = rest.firstIndex(of: UInt8(ascii: " ")) else { return nil }
      rest = rest[(space + 1)...]
    }
    guard let tag = rest.first else { return nil }
    isPartial = tag == UInt8(ascii: "P")
    bytes = rest.dropFirst(2)
  }

  package var text: String { String(decoding: bytes, as: UTF8.self) }
}
