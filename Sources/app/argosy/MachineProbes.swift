import CommandLine
import Glibc
import PodRunners
import Processes

/// What `argosy doctor` looks at: what the sandbox needs of this machine, and the programs that some steps and artifacts call.
enum MachineProbes {
  static func all() -> [DoctorProbe] {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    let sandbox = SandboxCapabilities.probe(stateDirectory: base).map { capability in
      DoctorProbe(
        name: capability.name, state: capability.isAvailable ? .ok : (capability.isRequired ? .missing : .limited), detail: capability.detail,
        remedy: capability.remedy, isRequired: capability.isRequired)
    }
    return sandbox + [
      program("git", needed: "git artifacts", remedy: "apt install git"),
      program("podman", needed: "steps in real images (not in this version)", remedy: "apt install podman"),
      program("docker", needed: "steps in real images (not in this version)", remedy: "apt install docker.io"),
    ]
  }

  private static func program(_ name: String, needed: String, remedy: String) -> DoctorProbe {
    let path = (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    return DoctorProbe(
      name: name, state: path == nil ? .limited : .ok, detail: path ?? "not found: needed for \(needed)", remedy: path == nil ? remedy : "")
  }
}
