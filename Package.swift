// swift-tools-version: 6.2
import PackageDescription

// The house plan as data: every module, its layer and what it needs, bottom-up. `targets` refuses an upward arrow.
// docs/architecture.md says why each layer may import what; Tests/ArchitectureTests compares the sources with this table.

enum Layer: String {
  case base, model, cores, platform, adapters, services, surface, client, app

  var mayImport: Set<Layer> {
    switch self {
    case .base: [.base]
    case .model: [.base, .model]
    case .cores, .platform: [.base, .model]
    case .adapters: [.base, .model, .platform]
    case .services: [.base, .model, .cores]
    case .surface: [.base, .model, .services]
    case .client: [.base, .model, .platform, .client]
    case .app: [.base, .model, .cores, .platform, .adapters, .services, .surface, .client]
    }
  }
}

struct Module {
  enum Form { case library, executable, c(link: [String]) }
  var name: String
  var layer: Layer
  var needs: [String] = []
  var products: [Target.Dependency] = []
  var form: Form = .library
  var link: [String] = []
}

let modules: [Module] = [
  Module(name: "JSONValue", layer: .base),
  Module(name: "Basics", layer: .base),
  Module(name: "RegularExpressions", layer: .base),
  Module(name: "CLibYAML", layer: .base, form: .c(link: ["yaml"])),
  Module(name: "YAMLText", layer: .base, needs: ["JSONValue", "Basics", "CLibYAML"]),
  Module(name: "CLinux", layer: .base, form: .c(link: [])),
  Module(name: "KubeModel", layer: .model, needs: ["JSONValue", "Basics"]),
  Module(name: "Contracts", layer: .model, needs: ["JSONValue", "Basics", "KubeModel"]),
  Module(name: "Templating", layer: .model, needs: ["JSONValue", "Basics", "RegularExpressions"]),
  Module(name: "Telemetry", layer: .model, needs: ["JSONValue", "Basics"]),
  Module(name: "Querying", layer: .model, needs: ["JSONValue", "Basics", "RegularExpressions", "KubeModel"]),
  Module(name: "ArgoModel", layer: .model, needs: ["JSONValue", "Basics", "KubeModel"]),
  Module(name: "Validation", layer: .model, needs: ["JSONValue", "Basics", "YAMLText", "KubeModel", "Templating"]),
  Module(
    name: "WorkflowCore", layer: .cores,
    needs: ["JSONValue", "Basics", "RegularExpressions", "YAMLText", "KubeModel", "Contracts", "Templating", "Telemetry", "ArgoModel"]),
  Module(name: "Processes", layer: .platform, needs: ["Basics", "CLinux"]),
  Module(
    name: "HTTPAccess", layer: .platform, needs: ["Basics", "Contracts"],
    products: [
      .product(name: "AsyncHTTPClient", package: "async-http-client"), .product(name: "NIOCore", package: "swift-nio"),
      .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
      .product(name: "NIOSSL", package: "swift-nio-ssl"),
    ]),
  Module(name: "CSQLite", layer: .platform, form: .c(link: ["sqlite3"])),
  Module(name: "CZlib", layer: .platform, form: .c(link: ["z"])),
  Module(name: "ResourceDB", layer: .adapters, needs: ["JSONValue", "Basics", "KubeModel", "Contracts", "CSQLite"]),
  Module(name: "PodRunners", layer: .adapters, needs: ["JSONValue", "Basics", "KubeModel", "Contracts", "CLinux", "Processes"]),
  Module(
    name: "Artifacts", layer: .adapters, needs: ["JSONValue", "Basics", "Contracts", "Processes", "HTTPAccess", "CZlib"],
    products: [
      .product(name: "Crypto", package: "swift-crypto"), .product(name: "CryptoExtras", package: "swift-crypto"),
    ]),
  Module(
    name: "WorkflowService", layer: .services,
    needs: ["JSONValue", "Basics", "YAMLText", "KubeModel", "Contracts", "Telemetry", "ArgoModel", "WorkflowCore"],
    products: [.product(name: "HeapModule", package: "swift-collections")]),
  Module(
    name: "NodeService", layer: .services,
    needs: ["JSONValue", "Basics", "YAMLText", "KubeModel", "Contracts", "Templating", "Querying", "ArgoModel", "Validation"]),
  Module(
    name: "AgentService", layer: .services,
    needs: ["JSONValue", "Basics", "YAMLText", "KubeModel", "Contracts", "Templating", "ArgoModel"],
    products: [.product(name: "HeapModule", package: "swift-collections")]),
  Module(
    name: "CommandLine", layer: .client, needs: ["JSONValue", "Basics", "CLinux", "KubeModel"],
    products: [.product(name: "ArgumentParser", package: "swift-argument-parser")]),
  Module(name: "argosy-exec", layer: .app, needs: ["JSONValue", "Basics", "CLinux", "KubeModel", "Contracts"], form: .executable),
  Module(
    name: "argosy-engine-benchmark", layer: .app, needs: ["ArgoModel", "JSONValue", "Basics", "KubeModel", "WorkflowCore"],
    form: .executable),
  Module(
    name: "argosy", layer: .app,
    needs: [
      "JSONValue", "Basics", "YAMLText", "KubeModel", "Contracts", "Telemetry", "ArgoModel", "Validation", "WorkflowCore", "Processes",
      "HTTPAccess",
      "ResourceDB",
      "PodRunners",
      "Artifacts", "WorkflowService", "NodeService", "AgentService", "CommandLine",
    ], form: .executable),
]

/// Test targets: the modules under test, and what else a test needs.
let tests: [(name: String, needs: [String])] = [
  ("JSONValueTests", ["JSONValue"]),
  ("BasicsTests", ["Basics"]),
  ("YAMLTextTests", ["JSONValue", "YAMLText"]),
  ("KubeModelTests", ["JSONValue", "Basics", "KubeModel"]),
  ("TelemetryTests", ["JSONValue", "Basics", "Telemetry"]),
  ("TemplatingTests", ["JSONValue", "Basics", "RegularExpressions", "Templating"]),
  ("QueryingTests", ["JSONValue", "Basics", "KubeModel", "Querying"]),
  ("ArgoModelTests", ["JSONValue", "KubeModel", "ArgoModel"]),
  ("ValidationTests", ["JSONValue", "YAMLText", "KubeModel", "Validation"]),
  ("WorkflowCoreTests", ["JSONValue", "Basics", "YAMLText", "KubeModel", "Contracts", "Telemetry", "ArgoModel", "WorkflowCore"]),
  ("SimulationTests", ["JSONValue", "Basics", "KubeModel", "Contracts", "ArgoModel", "WorkflowCore"]),
  ("ResourceDBTests", ["JSONValue", "Basics", "KubeModel", "Contracts", "ResourceDB"]),
  ("PodRunnersTests", ["JSONValue", "Basics", "Contracts", "Processes", "PodRunners", "argosy-exec"]),
  ("ArtifactsTests", ["JSONValue", "Basics", "Contracts", "Processes", "HTTPAccess", "Artifacts"]),
  (
    "WorkflowServiceTests",
    ["JSONValue", "Basics", "KubeModel", "Contracts", "Telemetry", "ArgoModel", "WorkflowCore", "ResourceDB", "WorkflowService"]
  ),
  ("NodeServiceTests", ["JSONValue", "Basics", "KubeModel", "Contracts", "ArgoModel", "ResourceDB", "NodeService"]),
  (
    "AgentServiceTests", ["JSONValue", "Basics", "KubeModel", "Contracts", "HTTPAccess", "ResourceDB", "AgentService"]
  ),
  ("CommandLineTests", ["JSONValue", "Basics", "KubeModel", "CommandLine"]),
  ("ArchitectureTests", []),
  ("BinaryTests", ["JSONValue"]),
]

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
]

func targets() -> [Target] {
  let layers = Dictionary(uniqueKeysWithValues: modules.map { ($0.name, $0.layer) })
  var seen: Set<String> = []
  return modules.map { module in
    for need in module.needs {
      guard let layer = layers[need] else { fatalError("layering: \(module.name) needs \(need), which is no module") }
      guard module.layer.mayImport.contains(layer) else { fatalError("layering: \(module.name) may not import \(need)") }
      guard seen.contains(need) else { fatalError("layering: \(module.name) needs \(need), which stands above it in the table") }
    }
    seen.insert(module.name)
    let path = "Sources/\(module.layer.rawValue)/\(module.name)"
    let needs = module.needs.map { Target.Dependency.target(name: $0) } + module.products
    let link = module.link.map { LinkerSetting.linkedLibrary($0) }
    switch module.form {
    case .library:
      return .target(name: module.name, dependencies: needs, path: path, swiftSettings: settings, linkerSettings: link)
    case .executable:
      return .executableTarget(name: module.name, dependencies: needs, path: path, swiftSettings: settings, linkerSettings: link)
    case .c(let libraries):
      return .target(
        name: module.name, dependencies: needs, path: path, publicHeadersPath: "include",
        linkerSettings: libraries.map { .linkedLibrary($0) })
    }
  }
}

let package = Package(
  name: "argosy",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.80.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
  ],
  targets: targets()
    + tests.map {
      .testTarget(name: $0.name, dependencies: $0.needs.map { .target(name: $0) }, path: "Tests/\($0.name)", swiftSettings: settings)
    }
)
