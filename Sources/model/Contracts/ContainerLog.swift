/// One line of a container's log file, in Kubernetes' CRI format: `<time> <stream> <F|P> <text>`.
package struct ContainerLogEntry: Sendable, Hashable {
  /// When it was read from the container: RFC 3339 in UTC with nine digits of a second, so that times compare as texts do.
  package var time: ArraySlice<UInt8>
  /// It came from standard error.
  package var isError: Bool
  /// The bytes that the container printed, without the line's end.
  package var bytes: ArraySlice<UInt8>
  /// The line goes on in the next entry.
  package var isPartial: Bool

  /// nil for what is no entry. `record`: without the newline.
  package init?(_ record: ArraySlice<UInt8>) {
    guard let first = record.firstIndex(of: 0x20), let second = record[(first + 1)...].firstIndex(of: 0x20) else { return nil }
    let rest = record[(second + 1)...]
    guard let tag = rest.first else { return nil }
    time = record[..<first]
    isError = second == first + 7 && record[first + 4] == UInt8(ascii: "e")
    isPartial = tag == UInt8(ascii: "P")
    bytes = rest.dropFirst(2)
  }

  package var text: String { String(decoding: bytes, as: UTF8.self) }
}
