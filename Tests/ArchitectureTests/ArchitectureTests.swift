import Glibc
import Testing

/// Holds the sources against the plan: arrows, file sizes, words that the house does without.
@Suite struct ArchitectureTests {
  static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

  static func read(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { break }
      bytes.append(contentsOf: chunk[..<count])
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  static func files(below directory: String, suffix: String) -> [String] {
    guard let handle = opendir(directory) else { return [] }
    defer { closedir(handle) }
    var result: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasPrefix(".") { continue }
      let path = directory + "/" + name
      if name.hasSuffix(suffix) { result.append(path) } else { result += files(below: path, suffix: suffix) }
    }
    return result.sorted()
  }

  /// The modules of Package.swift: layer and needs by name, read from the table's lines.
  private static func table() -> [String: (layer: String, needs: Set<String>)] {
    var result: [String: (layer: String, needs: Set<String>)] = [:]
    let lines = read(root + "/Package.swift").split(separator: "\n").map { $0.drop { $0 == " " } }
    var entry = ""
    for line in lines where !line.hasPrefix("//") {
      if line.hasPrefix("Module(name:") { entry = "" }
      entry += line
      guard entry.hasPrefix("Module(name:"), line.hasSuffix("),") else { continue }
      let words = entry.split(separator: "\"", omittingEmptySubsequences: false).map(String.init)
      let name = words[1]
      let layer = words[2].split(separator: ".").last.map { String($0.prefix { $0.isLetter }) } ?? ""
      var needs: Set<String> = []
      if let start = entry.firstRange(of: "needs: [") {
        let list = entry[start.upperBound...].prefix { $0 != "]" }
        needs = Set(list.split(separator: "\"").map(String.init).filter { $0.first?.isLetter == true })
      }
      result[name] = (layer, needs)
      entry = ""
    }
    return result
  }

  private static func imports(_ source: String) -> Set<String> {
    var result: Set<String> = []
    for line in source.split(separator: "\n") {
      var words = line.split(separator: " ").map(String.init)
      while let first = words.first, ["@testable", "package", "public", "internal", "private"].contains(first) { words.removeFirst() }
      guard words.first == "import", words.count >= 2 else { continue }
      result.insert(words.count > 2 ? String(words[2].prefix { $0 != "." }) : words[1])
    }
    return result
  }

  @Test("a source imports only what the table of Package.swift gives its module")
  func importsFollowTheTable() throws {
    let table = Self.table()
    #expect(table.count > 5)
    for (name, module) in table {
      for file in Self.files(below: "\(Self.root)/Sources/\(module.layer)/\(name)", suffix: ".swift") {
        let house = Self.imports(Self.read(file)).filter { table[$0] != nil && $0 != name }
        let extra = house.subtracting(module.needs)
        #expect(extra.isEmpty, "\(file) imports \(extra.sorted()), which \(name) does not need in Package.swift")
      }
    }
  }

  @Test("cores and models see no clock, no I/O, no threads, and nobody imports Foundation")
  func bannedImports() {
    let banned: Set<String> = ["Foundation", "FoundationEssentials", "Dispatch"]
    for file in Self.files(below: Self.root + "/Sources", suffix: ".swift") {
      let imports = Self.imports(Self.read(file))
      #expect(imports.isDisjoint(with: banned), "\(file) imports \(imports.intersection(banned))")
      if file.contains("/Sources/cores/") {
        #expect(imports.isDisjoint(with: ["Glibc", "Synchronization"]), "\(file): a core is pure")
      }
    }
  }

  @Test("no source file is longer than 700 lines")
  func fileSizes() {
    for file in Self.files(below: Self.root + "/Sources", suffix: ".swift") {
      let lines = Self.read(file).split(separator: "\n", omittingEmptySubsequences: false).count
      #expect(lines <= 700, "\(file) has \(lines) lines: split it along a seam")
    }
  }

  @Test("docs/architecture.md names every module")
  func architecturePageIsComplete() {
    let page = Self.read(Self.root + "/docs/architecture.md")
    for name in Self.table().keys { #expect(page.contains("`\(name)`"), "docs/architecture.md does not name \(name)") }
  }

  @Test("force unwraps, force tries and unchecked conformances stay out", arguments: [" try!", " as!", "nonisolated(unsafe)"])
  func bannedWords(word: String) {
    for file in Self.files(below: Self.root + "/Sources", suffix: ".swift") {
      let code = Self.read(file).split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
      #expect(!code.contains { $0.contains(word) }, "\(file) says \(word)")
    }
  }
}
