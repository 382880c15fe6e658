import Basics
import Contracts
import KubeModel

/// What a cluster of one machine is to be like.
package struct ClusterSettings: Sendable {
  /// Namespaces that are made at the start where they are missing: those of a new cluster. Argo's own is its user's to make, and `AccessService` gives it
  /// what Argo's installation would.
  package var namespaces = ["default", "kube-system", "kube-public"]
  /// Namespaces that may not be deleted (`NamespaceLifecycle` of Kubernetes).
  package var immortalNamespaces: Set<String> = ["default", "kube-system", "kube-public"]
  /// Signs the tokens of `kubernetes.io/service-account-token` Secrets; nil: none are made.
  package var signer: (any TokenSigning)?
  /// The certificate that clients check the server's by, as PEM.
  package var certificateAuthority = ""
  /// How long an event is kept after it was last seen (Kubernetes' `--event-ttl`).
  package var eventTimeToLive = TimeSpan(seconds: 3600)
  /// Where the directories of provisioned volumes lie.
  package var volumeDirectory: String
  /// Claims that name a StorageClass which is not there get a directory all the same.
  package var servesUnknownClasses = false
  /// The name of this machine's Node object; nil: there is none.
  package var node: NodeDescription?
  package init(volumeDirectory: String) { self.volumeDirectory = volumeDirectory }
}

/// What a Node object says of this machine.
package struct NodeDescription: Sendable {
  package var name: String
  /// `v1.33.0` …: what `kubectl get nodes` shows as VERSION.
  package var version: String
  package var addresses: [String] = []
  package var operatingSystemImage = ""
  package var kernelVersion = ""
  /// `amd64`, `arm64`.
  package var architecture = ""
  package var bootID = ""
  package var machineID = ""
  package var processors: Int
  /// Bytes.
  package var memory: Int64
  package var maximumPods: Int
  package init(name: String, version: String, processors: Int, memory: Int64, maximumPods: Int) {
    self.name = name
    self.version = version
    self.processors = processors
    self.memory = memory
    self.maximumPods = maximumPods
  }
}
