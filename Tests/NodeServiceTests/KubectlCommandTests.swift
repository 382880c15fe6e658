import JSONValue
import KubeModel
import Testing

@testable import NodeService

@Suite struct KubectlCommandTests {
  private func command(_ action: String, _ flags: String...) throws -> KubectlCommand {
    try KubectlCommand(action: action, mergeStrategy: "", flags: flags)
  }

  private func problem(_ action: String, strategy: String = "", _ flags: String...) -> String {
    do throws(KubectlCommand.Problem) {
      _ = try KubectlCommand(action: action, mergeStrategy: strategy, flags: flags)
      return ""
    } catch {
      return error.message
    }
  }

  @Test("flags are read in every form of kubectl")
  func forms() throws {
    for flags in [["-n", "x"], ["-nx"], ["-n=x"], ["--namespace", "x"], ["--namespace=x"]] {
      let command = try KubectlCommand(action: "get", mergeStrategy: "", flags: flags)
      #expect(command.namespace == "x" && command.arguments.isEmpty, "\(flags)")
    }
    let command = try command("delete", "configmap", "--selector", "a=b", "-A", "--", "-odd")
    #expect(command.arguments == ["configmap", "-odd"])
    #expect(command.selector == "a=b" && command.allNamespaces && command.ignoresNotFound)
    #expect(try self.command("delete", "--ignore-not-found=false").ignoresNotFound == false)
    #expect(try self.command("get", "--ignore-not-found").ignoresNotFound)
    #expect(try self.command("patch").patchType == .strategic)
    #expect(try self.command("patch", "--type=merge").patchType == .merge)
    #expect(try KubectlCommand(action: "patch", mergeStrategy: "json", flags: []).patchType == .json)
    #expect(try self.command("create", "--dry-run=client").isDryRun)
    #expect(try self.command("create", "--dry-run=none", "--validate=false", "-o", "yaml", "--save-config").savesConfiguration)
  }

  @Test("what kubectl does not know is told as kubectl does, what this program does not do by name")
  func refusals() {
    #expect(problem("create", "--foo") == "unknown flag: --foo\nSee 'kubectl create --help' for usage.")
    #expect(problem("create", "-n") == "flag needs an argument: -n\nSee 'kubectl create --help' for usage.")
    #expect(problem("create", "-Q").hasPrefix("unknown shorthand flag: 'Q' in -Q"))
    #expect(problem("patch", strategy: "deep") == "error: --type must be one of [json merge strategic], not \"deep\"")
    for flag in ["-f=x.yaml", "--server=http://x", "--server-side", "--watch", "--patch=x", "--cascade=orphan"] {
      #expect(problem("delete", flag).contains("is not supported here"), "\(flag)")
    }
    #expect(problem("create", "--all").contains("is not supported here"))
  }
}
