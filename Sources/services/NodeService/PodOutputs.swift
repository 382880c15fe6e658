import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel

/// What a pod's main container leaves: output parameters, artifacts, the captured result.
struct PodOutputs {
  enum Kind { case parameter, artifact }

  /// One declared output that is a path in the main container.
  struct Declaration {
    var kind: Kind
    var json: JSON
    var path: String
  }

  /// The outputs of a template that are read from files, parameters before artifacts (spec 4.5).
  static func declared(in template: JSON) -> [Declaration] {
    var result: [Declaration] = []
    for parameter in template.at("outputs", "parameters")?.array ?? [] {
      if let path = parameter.at("valueFrom", "path")?.string { result.append(Declaration(kind: .parameter, json: parameter, path: path)) }
    }
    for artifact in template.at("outputs", "artifacts")?.array ?? [] {
      if let path = artifact["path"]?.string { result.append(Declaration(kind: .artifact, json: artifact, path: path)) }
    }
    return result
  }

  /// The most bytes of an output parameter; Argo's limit is that of the object which holds them all.
  static let parameterLimit = 16 << 20

  /// The name below `outputs/` of the declaration at a position.
  static func fileName(_ position: Int) -> String { String(position) }

  let pod: Resource
  /// The pod's.
  let template: JSON
  let directory: String
  let artifacts: any ArtifactTransferring
  let context: ArtifactContext

  /// The outputs as an Argo `Outputs` object, and the first thing that went wrong, if any.
  func collect() -> (outputs: JSON, failure: String?) {
    let place = ArchivePlace(template: template)
    var parameters: [JSON] = []
    var saved: [JSON] = []
    if ActionRun.isAction(pod) {
      // Of what this process carries out itself, only the log of a resource template is saved (Argo gives a data template no executor for that).
      let failure = template["resource"] == nil ? nil : archiveLogs(template, place, into: &saved)
      var outputs = ActionFiles.outputs(in: directory) ?? [:]
      if !saved.isEmpty { outputs["artifacts"] = .array(saved) }
      return (outputs, failure)
    }
    var failure: String?
    for (position, declaration) in Self.declared(in: template).enumerated() {
      let file = "\(directory)/outputs/\(Self.fileName(position))"
      switch declaration.kind {
      case .parameter:
        do {
          parameters.append(["name": declaration.json["name"] ?? "", "value": .string(try value(of: declaration, file: file))])
        } catch {
          failure = failure ?? "\(error)"
        }
      case .artifact:
        do throws(ArtifactFailure) {
          saved.append(try artifacts.save(keyed(declaration, place), from: file, context: context))
        } catch {
          if case .notFound = error {
            if declaration.json["optional"]?.bool != true {
              failure =
                failure
                ?? "failed to save artifact '\(declaration.json["name"]?.string ?? "")': \(declaration.path): no such file or directory"
            }
          } else {
            failure = failure ?? "failed to save artifact '\(declaration.json["name"]?.string ?? "")': \(error)"
          }
        }
      }
    }
    let problem = archiveLogs(template, place, into: &saved)
    failure = failure ?? problem
    var outputs: JSONObject = [:]
    if !parameters.isEmpty { outputs["parameters"] = .array(parameters) }
    if !saved.isEmpty { outputs["artifacts"] = .array(saved) }
    if let bytes = try? LocalFiles.read("\(directory)/containers/main/result") {
      outputs["result"] = .string(String(decoding: bytes, as: UTF8.self))
    }
    return (.object(outputs), failure)
  }

  /// The artifact with its place. One that is kept as it is gets the name of its path as key, which the file here does not have (spec 4.5).
  private func keyed(_ declaration: Declaration, _ place: ArchivePlace) -> JSON {
    let target = place.target(declaration.json)
    guard declaration.json.at("archive", "none") != nil, let name = declaration.path.split(separator: "/").last else { return target }
    return keyed(target, file: String(name))
  }

  /// The artifact with a key of its own, where it has none: that of the pod and a file's name.
  private func keyed(_ artifact: JSON, file: String) -> JSON {
    let key = ArtifactPlace.join(context.keyPrefix, file)
    guard var own = ArtifactPlace(artifact) else {
      var artifact = artifact
      artifact["local"] = ["key": .string(key)]
      return artifact
    }
    guard own.key.isEmpty else { return artifact }
    own.key = key
    var artifact = artifact
    artifact[own.kind] = own.json
    return artifact
  }

  /// The logs of the main containers as artifacts (spec 4.5), where they are to be kept.
  private func archiveLogs(_ template: JSON, _ place: ArchivePlace, into saved: inout [JSON]) -> String? {
    guard place.archivesLogs else { return nil }
    var failure: String?
    for container in ContainerRole.roles(of: pod, template: template) where container.role == .main {
      let file = "\(directory)/containers/\(container.name)/archived.log"
      do {
        guard try ArchivedLogs.extract("\(directory)/containers/\(container.name)/log", to: file) else { continue }
        let artifact = keyed(
          place.target(["name": .string(container.name + "-logs"), "archive": ["none": [:]]]), file: container.name + ".log")
        var kept = try artifacts.save(artifact, from: file, context: context)
        kept["archive"] = nil
        saved.append(kept)
      } catch {
        failure = failure ?? "failed to save artifact '\(container.name)-logs': \(error)"
      }
      LocalFiles.removeTree(file)
    }
    return failure
  }

  /// A parameter's file without one trailing newline; its default where the file is not there (spec 4.3).
  private func value(of declaration: Declaration, file: String) throws -> String {
    var text: String
    do throws(FileError) {
      text = String(decoding: try LocalFiles.read(file, limit: Self.parameterLimit), as: UTF8.self)
    } catch {
      guard let value = declaration.json.at("valueFrom", "default") else {
        // Go's texts of system errors begin small.
        let text = FileError("open", declaration.path, code: error.code).description
        throw PodFailure(text.replacing(": No such", with: ": no such"))
      }
      text = value.string ?? value.text()
    }
    if text.utf8.last == 0x0A { text = String(decoding: text.utf8.dropLast(), as: UTF8.self) }
    return text
  }
}
