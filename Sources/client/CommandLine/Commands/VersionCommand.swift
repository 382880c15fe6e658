import ArgoClient
import ArgumentParser
import JSONValue

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

  /// The version of Argo that this one is like, with its own behind the plus sign: `v4.1.2+argosy.0.1.0`.
  package var argoVersion: String { "v4.1.2+argosy." + (version.hasPrefix("v") ? version.dropFirst() : version[...]) }

  /// The version block, ending without a line break. `argo` tells Argo's version too, which its users' scripts compare.
  package func text(short: Bool, program: ProgramName = .argosy) -> String {
    var lines = ["\(program): \(program == .argo ? argoVersion : version)"]
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
    commandName: "version", abstract: "Print the version, and that of the server that is named.",
    discussion: """
      EXAMPLES
        argosy version
        argosy version --short
        argosy version --argo-server localhost:2746
      """)

  @Flag(help: "The version number only.")
  var short = false

  @OptionGroup(title: "Server") var server: ServerArguments

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    dependencies.output.write(dependencies.version.text(short: short, program: dependencies.program) + "\n")
    // As the original does: a server is asked where one is named.
    guard !server.options(dependencies.environment).argoServer.isEmpty else { return ConcludingStatus.succeeded.rawValue }
    return await dependencies.failing {
      let answer = try await dependencies.client(server).get(["api", "v1", "version"])
      dependencies.output.write(Self.text(answer, short: short))
      return ConcludingStatus.succeeded.rawValue
    }
  }

  /// A server's version as the original prints it.
  static func text(_ version: JSON, short: Bool) -> String {
    func value(_ key: String) -> String { Printable.line(version[key]?.string ?? "") }
    var lines = ["argo-server: \(value("version"))"]
    if !short {
      lines += ["  BuildDate: \(value("buildDate"))", "  GitCommit: \(value("gitCommit"))", "  GitTreeState: \(value("gitTreeState"))"]
      if !value("gitTag").isEmpty { lines.append("  GitTag: \(value("gitTag"))") }
      lines += ["  GoVersion: \(value("goVersion"))", "  Compiler: \(value("compiler"))", "  Platform: \(value("platform"))"]
    }
    return lines.map { $0 + "\n" }.joined()
  }
}
