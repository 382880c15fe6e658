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
    case .app: [.base, .model, .cores, .platform, .adapters, .services, .surface, .client, .app]
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
  var isForFuzzing = false
}

/// `make fuzz` builds libFuzzer's program, which links only with `-sanitize=fuzzer`.
let isFuzzing = Context.environment["ARGOSY_FUZZ"] != nil

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
    name: "KubeAPI", layer: .model,
    needs: ["JSONValue", "Basics", "RegularExpressions", "KubeModel", "Contracts", "Querying", "Validation"]),
  Module(
    name: "WorkflowCore", layer: .cores,
    needs: ["JSONValue", "Basics", "RegularExpressions", "YAMLText", "KubeModel", "Contracts", "Templating", "Telemetry", "ArgoModel"]),
  Module(name: "AccessCore", layer: .cores, needs: ["JSONValue", "Basics", "KubeModel", "Contracts"]),
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
  Module(name: "ResourceDB", layer: .adapters, needs: ["JSONValue", "Basics", "KubeModel", "Contracts", "CSQLite", "CZlib"]),
  Module(name: "PodRunners", layer: .adapters, needs: ["JSONValue", "Basics", "KubeModel", "Contracts", "CLinux", "Processes"]),
  Module(
    name: "Identity", layer: .adapters, needs: ["JSONValue", "Basics", "KubeModel", "Contracts"],
    products: [
      .product(name: "Crypto", package: "swift-crypto"), .product(name: "X509", package: "swift-certificates"),
      .product(name: "SwiftASN1", package: "swift-asn1"),
    ]),
  Module(
    name: "AuditLog", layer: .adapters, needs: ["JSONValue", "Basics", "KubeModel", "Contracts"],
    products: [.product(name: "Crypto", package: "swift-crypto")]),
  Module(
    name: "Artifacts", layer: .adapters, needs: ["JSONValue", "Basics", "CLinux", "Contracts", "Processes", "HTTPAccess", "CZlib"],
    products: [
      .product(name: "Crypto", package: "swift-crypto"), .product(name: "CryptoExtras", package: "swift-crypto"),
    ]),
  Module(
    name: "WorkflowService", layer: .services,
    needs: ["JSONValue", "Basics", "YAMLText", "CLinux", "KubeModel", "Contracts", "Telemetry", "ArgoModel", "WorkflowCore"],
    products: [.product(name: "HeapModule", package: "swift-collections")]),
  Module(
    name: "WorkflowTesting", layer: .services,
    needs: [
      "JSONValue", "Basics", "YAMLText", "KubeModel", "Contracts", "Telemetry", "Templating", "ArgoModel", "Validation", "WorkflowCore",
    ],
    products: [.product(name: "HeapModule", package: "swift-collections")]),
  Module(name: "LanguageService", layer: .services, needs: ["JSONValue", "YAMLText", "KubeModel", "Validation"]),
  Module(
    name: "NodeService", layer: .services,
    needs: ["JSONValue", "Basics", "YAMLText", "CLinux", "KubeModel", "Contracts", "Templating", "Querying", "ArgoModel", "Validation"]),
  Module(
    name: "AgentService", layer: .services,
    needs: ["JSONValue", "Basics", "YAMLText", "KubeModel", "Contracts", "Templating", "ArgoModel"],
    products: [.product(name: "HeapModule", package: "swift-collections")]),
  Module(
    name: "ResourceService", layer: .services,
    needs: ["JSONValue", "Basics", "RegularExpressions", "KubeModel", "Contracts", "Querying", "Validation", "KubeAPI"]),
  Module(
    name: "AccessService", layer: .services, needs: ["JSONValue", "Basics", "KubeModel", "Contracts", "KubeAPI", "AccessCore"]),
  Module(
    name: "ClusterService", layer: .services, needs: ["JSONValue", "Basics", "KubeModel", "Contracts", "KubeAPI"]),
  Module(name: "TerraformStateService", layer: .services, needs: ["JSONValue", "Basics", "KubeModel", "Contracts"]),
  Module(
    name: "TerraformBackend", layer: .surface, needs: ["JSONValue", "Basics", "KubeModel", "Contracts", "TerraformStateService"]),
  Module(
    name: "ArgoServer", layer: .services,
    needs: [
      "JSONValue", "Basics", "RegularExpressions", "YAMLText", "KubeModel", "Contracts", "Templating", "ArgoModel", "Validation", "KubeAPI",
      "WorkflowCore",
    ]),
  Module(
    name: "APIServer", layer: .surface,
    needs: [
      "JSONValue", "Basics", "CLinux", "YAMLText", "KubeModel", "Contracts", "Telemetry", "KubeAPI", "ResourceService", "AccessService",
    ],
    products: [
      .product(name: "HummingbirdCore", package: "hummingbird"), .product(name: "HummingbirdTLS", package: "hummingbird"),
      .product(name: "Logging", package: "swift-log"), .product(name: "NIOCore", package: "swift-nio"),
      .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
      .product(name: "NIOWebSocket", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
    ]),
  Module(
    name: "ArgoAPI", layer: .surface, needs: ["JSONValue", "Basics", "KubeModel", "Contracts", "KubeAPI", "ArgoServer"]),
  Module(name: "ArgoClient", layer: .client, needs: ["JSONValue", "Basics", "YAMLText", "HTTPAccess"]),
  Module(
    name: "CommandLine", layer: .client, needs: ["JSONValue", "Basics", "CLinux", "KubeModel", "Templating", "ArgoClient"],
    products: [.product(name: "ArgumentParser", package: "swift-argument-parser")]),
  Module(name: "argosy-exec", layer: .app, needs: ["JSONValue", "Basics", "CLinux", "KubeModel", "Contracts"], form: .executable),
  Module(
    name: "argosy-engine-benchmark", layer: .app, needs: ["ArgoModel", "JSONValue", "Basics", "CLinux", "KubeModel", "WorkflowCore"],
    form: .executable),
  Module(
    name: "argosy", layer: .app,
    needs: [
      "JSONValue", "Basics", "YAMLText", "KubeModel", "Contracts", "Telemetry", "ArgoModel", "Validation", "WorkflowCore", "Processes",
      "HTTPAccess",
      "ResourceDB",
      "PodRunners",
      "Artifacts", "AuditLog", "Identity", "WorkflowService", "WorkflowTesting", "LanguageService", "NodeService", "AgentService",
      "ArgoClient",
      "CommandLine",
      "KubeAPI", "ResourceService", "AccessService", "ClusterService", "APIServer",
      "ArgoServer", "ArgoAPI",
      "TerraformStateService", "TerraformBackend",
    ],
    form: .executable),
  Module(
    name: "FuzzSubjects", layer: .app,
    needs: [
      "JSONValue", "Basics", "RegularExpressions", "YAMLText", "KubeModel", "Templating", "Querying", "Validation", "LanguageService",
    ]),
  Module(
    name: "ArchiveFuzzSubjects", layer: .app, needs: ["JSONValue", "Basics", "Contracts", "HTTPAccess", "Artifacts", "FuzzSubjects"]),
  Module(name: "CFuzzer", layer: .app, form: .c(link: []), isForFuzzing: true),
  Module(
    name: "argosy-fuzz", layer: .app, needs: ["Basics", "FuzzSubjects", "ArchiveFuzzSubjects", "CFuzzer"],
    form: .executable, isForFuzzing: true),
]

/// What tests of several modules have in common.
let kits: [(name: String, needs: [String])] = [
  ("GitKit", []),
  ("CheckoutKit", []),
  ("FaultKit", ["CSQLite"]),
  (
    "ServerKit",
    [
      "JSONValue", "Basics", "KubeModel", "Contracts", "KubeAPI", "Identity", "ResourceDB", "ResourceService", "AccessService",
      "APIServer",
    ]
  ),
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
  ("ValidationTests", ["JSONValue", "YAMLText", "KubeModel", "Validation", "CheckoutKit"]),
  ("WorkflowCoreTests", ["JSONValue", "Basics", "YAMLText", "KubeModel", "Contracts", "Telemetry", "ArgoModel", "WorkflowCore"]),
  ("SimulationTests", ["JSONValue", "Basics", "KubeModel", "Contracts", "ArgoModel", "WorkflowCore"]),
  ("ResourceDBTests", ["JSONValue", "Basics", "KubeModel", "Contracts", "CSQLite", "ResourceDB", "FaultKit"]),
  ("PodRunnersTests", ["JSONValue", "Basics", "KubeModel", "Contracts", "Processes", "PodRunners", "argosy-exec"]),
  ("AuditLogTests", ["JSONValue", "Basics", "KubeModel", "Contracts", "AuditLog"]),
  ("ArtifactsTests", ["JSONValue", "Basics", "Contracts", "Processes", "HTTPAccess", "Artifacts", "GitKit"]),
  (
    "WorkflowServiceTests",
    [
      "JSONValue", "Basics", "KubeModel", "Contracts", "Telemetry", "ArgoModel", "WorkflowCore", "KubeAPI", "ResourceDB",
      "ClusterService", "WorkflowService", "FaultKit",
    ]
  ),
  (
    "WorkflowTestingTests",
    ["JSONValue", "Basics", "YAMLText", "KubeModel", "ArgoModel", "Validation", "WorkflowCore", "WorkflowTesting", "CheckoutKit"]
  ),
  ("LanguageServiceTests", ["JSONValue", "KubeModel", "LanguageService"]),
  ("NodeServiceTests", ["JSONValue", "Basics", "KubeModel", "Contracts", "ArgoModel", "ResourceDB", "NodeService"]),
  (
    "AgentServiceTests", ["JSONValue", "Basics", "KubeModel", "Contracts", "HTTPAccess", "ResourceDB", "AgentService"]
  ),
  ("KubeAPITests", ["JSONValue", "Basics", "YAMLText", "KubeModel", "Contracts", "Validation", "KubeAPI"]),
  ("AccessCoreTests", ["JSONValue", "Basics", "KubeModel", "Contracts", "AccessCore"]),
  ("IdentityTests", ["JSONValue", "Basics", "KubeModel", "Contracts", "Identity"]),
  (
    "ResourceServiceTests", ["JSONValue", "Basics", "YAMLText", "KubeModel", "Contracts", "KubeAPI", "ResourceDB", "ResourceService"]
  ),
  (
    "AccessServiceTests",
    ["JSONValue", "Basics", "KubeModel", "Contracts", "KubeAPI", "AccessCore", "Identity", "ResourceDB", "AccessService"]
  ),
  ("ClusterServiceTests", ["JSONValue", "Basics", "KubeModel", "Contracts", "KubeAPI", "ResourceDB", "ClusterService"]),
  (
    "APIServerTests",
    [
      "JSONValue", "Basics", "KubeModel", "Contracts", "KubeAPI", "Identity", "ResourceDB", "ResourceService", "AccessService",
      "APIServer", "ServerKit", "FaultKit",
    ]
  ),
  (
    "ArgoServerTests",
    [
      "JSONValue", "Basics", "KubeModel", "Contracts", "ArgoModel", "KubeAPI", "WorkflowCore", "ResourceDB", "ResourceService",
      "ClusterService", "WorkflowService", "ArgoServer",
    ]
  ),
  (
    "ArgoAPITests",
    [
      "JSONValue", "Basics", "KubeModel", "Contracts", "KubeAPI", "Identity", "ResourceDB", "ResourceService", "AccessService", "APIServer",
      "ArgoServer", "ArgoAPI", "ServerKit",
    ]
  ),
  ("ArgoClientTests", ["JSONValue", "Basics", "HTTPAccess", "ArgoClient"]),
  ("CommandLineTests", ["JSONValue", "Basics", "KubeModel", "Templating", "ArgoClient", "CommandLine"]),
  (
    "TerraformStateTests",
    ["JSONValue", "Basics", "KubeModel", "Contracts", "ResourceDB", "TerraformStateService", "TerraformBackend"]
  ),
  ("FuzzTests", ["FuzzSubjects", "ArchiveFuzzSubjects"]),
  ("ArchitectureTests", []),
  ("BinaryTests", ["JSONValue", "GitKit"]),
]

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
]

/// `ARGOSY_ONLY=KubeAPITests,AccessCoreTests swift build --build-tests` builds these tests and what they need, and nothing else.
let only = (Context.environment["ARGOSY_ONLY"] ?? "").split(separator: ",").map(String.init)
let chosenTests = only.isEmpty ? tests : tests.filter { only.contains($0.name) }
let chosenKits = kits.filter { kit in chosenTests.contains { $0.needs.contains(kit.name) } }

/// The modules that the chosen tests need; nil: all.
func chosenModules() -> Set<String>? {
  guard !only.isEmpty else { return nil }
  var result = Set(only).union((chosenTests + chosenKits).flatMap(\.needs))
  for module in modules.reversed() where result.contains(module.name) { result.formUnion(module.needs) }
  return result
}

func targets() -> [Target] {
  let chosen = chosenModules()
  let layers = Dictionary(uniqueKeysWithValues: modules.map { ($0.name, $0.layer) })
  var seen: Set<String> = []
  return modules.compactMap { module in
    if let chosen, !chosen.contains(module.name) { return nil }
    if !isFuzzing, module.isForFuzzing { return nil }
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
      return .executableTarget(
        name: module.name, dependencies: needs, path: path, swiftSettings: settings,
        linkerSettings: link + [.unsafeFlags(["-use-ld=lld"], .when(configuration: .release))])
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
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
  ],
  targets: targets()
    + chosenKits.map {
      .target(name: $0.name, dependencies: $0.needs.map { .target(name: $0) }, path: "Tests/Kits/\($0.name)", swiftSettings: settings)
    }
    + chosenTests.map {
      .testTarget(name: $0.name, dependencies: $0.needs.map { .target(name: $0) }, path: "Tests/\($0.name)", swiftSettings: settings)
    }
)
