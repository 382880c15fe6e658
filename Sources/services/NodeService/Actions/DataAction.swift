import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import Templating

/// Carries out a `data` template: lists the files of a source and transforms the list (spec 1.8).
struct DataAction {
  private let run: ActionRun
  private let artifacts: any ArtifactTransferring
  private let store: any ResourceStoring

  init(_ run: ActionRun, artifacts: any ArtifactTransferring, store: any ResourceStoring) {
    self.run = run
    self.artifacts = artifacts
    self.store = store
  }

  /// The outputs: `result` is the JSON of the transformed list.
  func perform() throws(ActionStop) -> JSON {
    let data = run.template["data"] ?? .null
    let files = try source(data["source"] ?? .null)
    var value = JSON.array(files.map { .string($0) })
    var isTransformed = false
    for (number, step) in (data["transformation"]?.array ?? []).enumerated() {
      guard let expression = step["expression"]?.string, !expression.isEmpty else { continue }
      isTransformed = true
      let input = value
      let output: ExprValue
      do throws(ExpressionError) {
        output = try Expression(compiling: expression).evaluate(
          in: ValueScope(["data": ExprValue(input)], now: SystemClock.now(), random: { UInt64.random(in: .min ... .max) }))
      } catch {
        throw Self.failed("unable to process data transformation: error processing data step \(number): \(error)")
      }
      guard let json = output.json else { throw Self.failed("json: unsupported type: \(output.typeName)") }
      value = json
    }
    // A listing without files is Go's nil list.
    if !isTransformed, files.isEmpty { value = .null }
    let result = value.text(.go)
    run.log.write("\(files.count) files, the result has \(result.utf8.count) bytes")
    return ["result": .string(result)]
  }

  private func source(_ source: JSON) throws(ActionStop) -> [String] {
    guard let artifact = source["artifactPaths"], artifact.object != nil else {
      throw Self.failed("unable to process data source: no valid source is used for data template")
    }
    do throws(ArtifactFailure) {
      let context = PodPreparation.artifactContext(of: run.pod, template: run.template, store: store)
      return try artifacts.list(Self.reached(artifact, repository: run.template["archiveLocation"]), context: context)
    } catch {
      throw Self.failed("unable to process data source: unable to source artifact paths: \(error)")
    }
  }

  /// The source as it is reached: what it leaves out of its place is that of the repository.
  private static func reached(_ artifact: JSON, repository: JSON?) -> JSON {
    guard !Artifact(artifact).hasLocation, let repository, var place = ArtifactPlace(repository) else { return artifact }
    let own = ArtifactPlace(artifact)
    guard own == nil || own?.kind == place.kind else { return artifact }
    place.key = own?.key ?? ""
    for (name, value) in own?.json.object ?? [:] where !value.isNull { place.json[name] = value }
    var reached = artifact
    reached[place.kind] = place.json
    return reached
  }

  private static func failed(_ text: String) -> ActionStop { .failed("unable to process data template: " + text) }
}
