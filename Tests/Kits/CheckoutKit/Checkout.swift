import Glibc

/// The bytes of a file; nil when it cannot be read.
package func bytes(ofFile path: String) -> [UInt8]? {
  guard let file = fopen(path, "r") else { return nil }
  defer { fclose(file) }
  var result: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { return result }
    result += buffer[..<count]
  }
}

/// Paths of all `.yaml` files below a directory, sorted; empty when it is not there.
package func manifestFiles(below directory: String) -> [String] {
  guard let handle = opendir(directory) else { return [] }
  defer { closedir(handle) }
  var result: [String] = []
  while let entry = readdir(handle) {
    let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
      String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name.hasPrefix(".") { continue }
    let path = "\(directory)/\(name)"
    if name.hasSuffix(".yaml") { result.append(path) } else { result += manifestFiles(below: path) }
  }
  return result.sorted()
}

/// The checkout's root, from this file's place in it.
package let packageRoot: String = {
  let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
  return parts.dropLast(4).joined(separator: "/")
}()

/// The manifests of the original that lie beside the checkout on some machines.
package let conformanceDirectory: String? = {
  let directory = "\(packageRoot)/../shared/conformance/workflows"
  return access(directory, R_OK) == 0 ? directory : nil
}()
