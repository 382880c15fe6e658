import ArgumentParser

/// What `argosy version` tells.
package struct VersionInformation: Sendable, Hashable {
  /// `v0.1.0`
  package var version: String
  /// Empty when the build did not say.
  package var commit: String
  /// `6.3`
  package var swiftVersion: String
  /// `linux/amd64`
  package var platform: String

  package init(version: String, commit: String = "", swiftVersion: String = builtWith, platform: String = builtFor) {
    self.version = version
    self.commit = commit
    self.swiftVersion = swiftVersion
    self.platform = platform
  }

  /// This release.
  package static let current = VersionInformation(version: "v0.1.0")

  /// The version block, ending without a line break.
  package func text(short: Bool) -> String {
    var lines = ["argosy: \(version)"]
    if !short {
      if !commit.isEmpty { lines.append("  GitCommit: \(commit)") }
      lines += ["  SwiftVersion: \(swiftVersion)", "  Platform: \(platform)"]
    }
    return lines.joined(separator: "\n")
  }

  #if compiler(>=6.4)
    package static let builtWith = "6.4 or later"
  #elseif compiler(>=6.3)
    package static let builtWith = "6.3"
  #else
    package static let builtWith = "6.2"
  #endif

  #if arch(x86_64)
    package static let builtFor = "linux/amd64"
  #elseif arch(arm64)
    package static let builtFor = "linux/arm64"
  #else
    package static let builtFor = "linux"
  #endif
}

/// `argosy version`.
struct VersionCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Print the version.",
    discussion: """
      EXAMPLES
        argosy version
        argosy version --short
      """)

  @Flag(help: "The version number only.")
  var short = false

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    dependencies.output.write(dependencies.version.text(short: short) + "\n")
    return ConcludingStatus.succeeded.rawValue
  }
}
