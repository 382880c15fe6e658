import ArgoModel
import Basics
import CheckoutKit
import JSONValue
import KubeModel
import Testing
import Validation
import WorkflowCore

@testable import WorkflowTesting

/// Lint and the engine say the same of a workflow: what lint accepts, the engine carries through. Shown with manifests that work (the original's where they
/// are, and our examples) and with thousands of copies of them that have one fault each.
@Suite struct LintAgreementTests {
  /// A directory's manifests, without those of tests.
  private static func manifests(_ directory: String) -> [Manifest] {
    let loader = ManifestLoader(defaultNamespace: "argo")
    return manifestFiles(below: directory).flatMap { loader.load(bytes(ofFile: $0) ?? [], file: $0).manifests }
  }

  private static let corpus: [[Manifest]] = {
    var result = [manifests(packageRoot + "/examples")]
    if let conformanceDirectory { result.append(manifests(conformanceDirectory)) }
    return result
  }()

  /// Gives each parameter a value where submission would ask for one.
  private static func complete(_ workflow: Resource) -> Resource {
    var workflow = workflow
    let parameters = (workflow.spec.at("arguments", "parameters")?.array ?? []).map { parameter -> JSON in
      guard parameter["value"] == nil, parameter["valueFrom"] == nil else { return parameter }
      var parameter = parameter
      parameter["value"] = parameter["default"] ?? parameter["enum"]?[0] ?? "x"
      return parameter
    }
    if !parameters.isEmpty {
      var spec = workflow.spec
      var arguments = spec["arguments"] ?? [:]
      arguments["parameters"] = .array(parameters)
      spec["arguments"] = arguments
      workflow.spec = spec
    }
    return workflow
  }

  private static func errors(_ workflow: Resource, _ mode: WorkflowValidator.Mode, _ stored: [Resource]) -> [Diagnostic] {
    let byKey = Dictionary(stored.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    let validator = WorkflowValidator(
      .init(
        mode: mode,
        catalog: { name, isClusterScope in
          byKey[ResourceKey(isClusterScope ? .clusterWorkflowTemplate : .workflowTemplate, namespace: workflow.namespace, name: name)]
        }))
    return validator.diagnostics(for: workflow).filter { $0.severity == .error }
  }

  /// Runs it with steps that succeed; what they give is a list of numbers, which does for a text and for a list.
  private static func rehearse(_ workflow: Resource, _ stored: [Resource]) -> Rehearsal {
    var rehearsal = Rehearsal(workflow: workflow, resources: stored, start: Instant(seconds: 1_800_000_000)) { step in
      var outcome = StepOutcome()
      var outputs = JSONObject()
      let declared = step.template["outputs"]?["parameters"]?.array ?? []
      if !declared.isEmpty {
        outputs["parameters"] = .array(declared.map { ["name": $0["name"] ?? "", "value": "[1]"] })
      }
      let artifacts = step.template["outputs"]?["artifacts"]?.array ?? []
      if !artifacts.isEmpty {
        outputs["artifacts"] = .array(artifacts.map { ["name": $0["name"] ?? "", "path": $0["path"] ?? "", "s3": ["key": "k"]] })
      }
      outputs["result"] = "[1]"
      outputs["exitCode"] = "0"
      outcome.outputs = .object(outputs)
      outcome.staysUp = step.template["daemon"]?.bool == true
      return outcome
    }
    rehearsal.run()
    return rehearsal
  }

  /// Copies of a workflow with one fault each, and what the fault is.
  private static func mutants(_ json: JSON) -> [(fault: String, json: JSON)] {
    var result: [(String, JSON)] = []
    func walk(_ value: JSON, _ path: [String], _ put: @escaping (JSON?) -> JSON) {
      let name = path.joined(separator: ".")
      switch value {
      case .object(let members):
        for (key, member) in members {
          walk(member, path + [key]) { new in
            var copy = members
            copy[key] = new
            return put(.object(copy))
          }
        }
      case .array(let elements):
        for (index, element) in elements.enumerated() {
          func replaced(_ new: JSON?) -> JSON {
            var copy = elements
            if let new { copy[index] = new } else { copy.remove(at: index) }
            return put(.array(copy))
          }
          if ["parameters", "templates", "tasks", "artifacts"].contains(path.last ?? "") {
            result.append(("\(name)[\(index)] is gone", replaced(nil)))
          }
          walk(element, path + ["\(index)"], replaced)
        }
      case .string(let text):
        let key = path.last { Int($0) == nil } ?? ""
        if ["template", "entrypoint", "name", "dependencies", "onExit"].contains(key), path.contains("templates") || path.count == 1 {
          result.append(("\(name) is \(text)x", put(.string(text + "x"))))
        }
        if key == "depends" { result.append(("\(name) is x\(text)", put(.string("x" + text)))) }
        for (index, _) in text.ranges(of: "}}").enumerated() {
          let places = text.ranges(of: "}}")
          let broken = text[..<places[index].lowerBound] + "x" + text[places[index].lowerBound...]
          result.append(("\(name) is \(broken)", put(.string(String(broken)))))
        }
        if key == "withParam" { result.append(("\(name) is no list", put("nonsense"))) }
      default: break
      }
    }
    walk(json["spec"] ?? [:], []) { spec in
      var copy = json
      copy["spec"] = spec
      return copy
    }
    return result
  }

  /// Ends of nodes that only values or other objects decide, which lint cannot know: an output that a skipped step did not give, a DAG's target from a
  /// parameter, a ConfigMap that is not there. What an expression reads of a step that is not there lint only warns of, since it may not come to that.
  private static func isAboutValues(_ message: String) -> Bool {
    [
      "withParam value could not be parsed", "references an absent optional", "does not exist", "cannot fetch",
    ].contains { message.contains($0) } || (message.contains("failed to evaluate expression") && !message.contains("is missing"))
  }

  @Test("what lint refuses run refuses, and run refuses besides only what lacks values or means nothing to this machine")
  func modes() throws {
    var count = 0
    for manifests in Self.corpus {
      let stored = manifests.map(\.resource).filter { $0.kind != .workflow }
      for manifest in manifests where manifest.resource.kind == .workflow {
        let variants = [manifest.resource] + Self.mutants(manifest.resource.json).map { Resource(.workflow, json: $0.json) }
        for workflow in variants {
          let lint = Self.errors(workflow, .lint, stored)
          let run = Self.errors(workflow, .run, stored)
          count += 1
          let lost = Set(lint.map(\.message)).subtracting(run.map(\.message))
          #expect(lost.isEmpty, "\(manifest.file): lint refuses what run does not: \(lost)")
          let extra = run.filter { found in !lint.contains { $0.message == found.message } }
          let allowed: Set = ["unsupported", "argument-value", "cluster-only", "object-name"]
          let strange = extra.filter { !allowed.contains($0.rule) && !$0.message.contains("not supplied") && !$0.message.contains("value") }
          #expect(strange.isEmpty, "\(manifest.file): run refuses what lint does not: \(strange.map { "\($0.rule): \($0.message)" })")
        }
      }
    }
    #expect(count > 500)
  }

  @Test("what run accepts the engine carries to its end without a fault of the manifest, whatever one fault was put in")
  func engine() throws {
    var (accepted, refused) = (0, 0)
    for manifests in Self.corpus {
      let stored = manifests.map(\.resource).filter { $0.kind != .workflow }
      for manifest in manifests where manifest.resource.kind == .workflow {
        let variants = [("as it is", manifest.resource.json)] + Self.mutants(manifest.resource.json)
        for (fault, json) in variants {
          let workflow = Self.complete(Resource(.workflow, json: json))
          guard Self.errors(workflow, .run, stored).isEmpty else {
            refused += 1
            continue
          }
          accepted += 1
          let rehearsal = Self.rehearse(workflow, stored)
          guard rehearsal.state.phase == .error else { continue }
          let nodes = NodeViews(rehearsal).all.filter { $0.phase == "Error" }.map { "\($0.path): \($0.message)" }
          let message = rehearsal.state.message
          let reasons = nodes.isEmpty ? [message] : nodes
          #expect(
            reasons.contains { Self.isAboutValues($0) },
            "\(manifest.file.split(separator: "/").last ?? ""): \(fault): lint accepts it, the engine says \(message); \(nodes)")
        }
      }
    }
    #expect(accepted > 200 && refused > 200, "\(accepted) accepted, \(refused) refused")
  }
}
