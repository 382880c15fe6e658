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
  let directory: String
  let artifacts: any ArtifactTransferring
  let context: ArtifactContext

  /// The outputs as an Argo `Outputs` object, and the first thing that went wrong, if any.
  func collect() -> (outputs: JSON, failure: String?) {
    let template = PodPreparation.template(of: pod)
    var parameters: [JSON] = []
    var saved: [JSON] = []
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
          saved.append(try artifacts.save(keyed(declaration), from: file, context: context))
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
    var outputs: JSONObject = [:]
    if !parameters.isEmpty { outputs["parameters"] = .array(parameters) }
    if !saved.isEmpty { outputs["artifacts"] = .array(saved) }
    if let bytes = try? LocalFiles.read("\(directory)/containers/main/result") {
      outputs["result"] = .string(String(decoding: bytes, as: UTF8.self))
    }
    return (.object(outputs), failure)
  }

  /// The artifact with the key that it goes to when it is kept as it is: the name of its path, which the file here does not have (spec 4.5).
  private func keyed(_ declaration: Declaration) -> JSON {
    let locations = ["s3", "gcs", "oss", "azure", "http", "artifactory", "hdfs", "plugin", "local"]
    guard declaration.json.at("archive", "none") != nil, !locations.contains(where: { declaration.json[$0] != nil }),
      let name = declaration.path.split(separator: "/").last
    else { return declaration.json }
    var artifact = declaration.json
    artifact["local"] = ["key": .string("\(context.keyPrefix)/\(name)")]
    return artifact
  }

  /// A parameter's file without one trailing newline; its default where the file is not there (spec 4.3).
  private func value(of declaration: Declaration, file: String) throws -> String {
    var text: String
    do throws(FileError) {
      text = String(decoding: try LocalFiles.read(file, limit: Self.parameterLimit), as: UTF8.self)
    } catch {
      guard let value = declaration.json.at("valueFrom", "default") else {
        throw FileError("open", declaration.path, code: error.code)
      }
      text = value.string ?? value.text()
    }
    if text.utf8.last == 0x0A { text = String(decoding: text.utf8.dropLast(), as: UTF8.self) }
    return text
  }
}
