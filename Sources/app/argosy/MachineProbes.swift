import CommandLine
import Glibc
import PodRunners

/// What `argosy doctor` looks at: what the sandbox needs of this machine, and the programs that some steps and artifacts call.
enum MachineProbes {
  static func all() -> [DoctorProbe] {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    let sandbox = SandboxCapabilities.probe(stateDirectory: base).findings.map { finding in
      let isRequired = finding.name != "cgroups"
      return DoctorProbe(
        name: finding.name, state: finding.isAvailable ? .ok : (isRequired ? .missing : .limited),
        detail: finding.isAvailable ? "available" : "not available", remedy: finding.remedy ?? "", isRequired: isRequired)
    }
    return sandbox + [
      program("git", neededFor: "git artifacts", remedy: "apt install git"),
      program("podman", neededFor: "steps in real images (not in this version)", remedy: "apt install podman"),
      program("docker", neededFor: "steps in real images (not in this version)", remedy: "apt install docker.io"),
    ]
  }

  private static func program(_ name: String, neededFor use: String, remedy: String) -> DoctorProbe {
    let directories = (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":").map(String.init)
    let paths: [String] = directories.map { "\($0)/\(name)" }
    guard let path = paths.first(where: { access($0, X_OK) == 0 }) else {
      return DoctorProbe(name: name, state: .limited, detail: "not found: needed for \(use)", remedy: remedy)
    }
    return DoctorProbe(name: name, state: .ok, detail: path)
  }
}
