import CheckoutKit
import Testing
import Validation

@Suite struct ConformanceLintTests {
  @Test(
    "the original's manifests have no errors",
    .enabled(if: conformanceDirectory != nil, "the conformance manifests are not beside this checkout"))
  func originals() throws {
    let directory = try #require(conformanceDirectory)
    let loader = ManifestLoader(defaultNamespace: "argo")
    let results = manifestFiles(below: directory).map { loader.load(bytes(ofFile: $0) ?? [], file: $0) }
    #expect(results.count >= 65)
    let manifests = results.flatMap(\.manifests)
    let validator = WorkflowValidator(.init(mode: .lint, catalog: catalog(manifests)))
    let found = results.flatMap(\.diagnostics) + manifests.flatMap { validator.diagnostics(for: $0) }
    let errors = found.filter { $0.severity == .error }
    #expect(manifests.count >= 65)
    #expect(errors.isEmpty, "\(DiagnosticReport(errors).simple)")
  }
}
