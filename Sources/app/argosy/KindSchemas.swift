import CommandLine
import JSONValue
import KubeModel
import Validation
import WorkflowTesting
import YAMLText

/// The kinds of `argosy schema`.
enum KindSchemas {
  /// Short names as `kubectl` and `argo` know them.
  private static let shortNames: [ResourceKind: [String]] = [
    .workflow: ["wf"], .workflowTemplate: ["wftmpl"], .clusterWorkflowTemplate: ["cwftmpl", "cwft"], .cronWorkflow: ["cwf", "cronwf"],
    .workflowEventBinding: ["wfeb"], .configMap: ["cm"], .persistentVolumeClaim: ["pvc"], .serviceAccount: ["sa"], .namespace: ["ns"],
  ]

  static func all() -> [KindSchema] {
    ManifestLoader.kinds.map { kind in
      KindSchema(names: [kind.kind, kind.plural] + (shortNames[kind] ?? [])) { Schema.standard.jsonSchema(of: kind) ?? true }
    } + [
      KindSchema(names: [Schema.testKind, "test"]) {
        Schema.standard.jsonSchema(of: Schema.testKind, apiVersion: Schema.testVersion) ?? true
      }
    ]
  }

  /// A file with the fields of v4.
  static func converted(_ file: InputFile) throws -> ConvertedFile {
    do throws(YAMLError) {
      let conversion = try Conversion(String(decoding: file.bytes, as: UTF8.self), file: file.name)
      let remaining = DiagnosticReport(conversion.remaining).simple.split(separator: "\n").map(String.init)
      return ConvertedFile(
        text: conversion.text, changes: conversion.changes.map { "\($0.position): \($0.text)" }, remaining: remaining)
    } catch {
      throw SubmitFailure("\(file.name):\(error)")
    }
  }

  /// Why a stored workflow, or a node of it, is as it is.
  static func explained(_ workflow: JSON, _ node: String?) -> String? {
    let explanation = Explanation(Resource(.workflow, json: workflow))
    return node.map { explanation.node($0) } ?? explanation.overview()
  }
}
