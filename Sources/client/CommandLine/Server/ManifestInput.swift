import ArgoClient
import Basics
import JSONValue
import KubeModel

extension CommandDependencies {
  /// A file, `-` for standard input, or a URL.
  func inputFile(_ place: String) async throws -> InputFile {
    guard WebFile.isURL(place) else { return try InputFiles.read(place) }
    return InputFile(name: place, bytes: try await WebFile.read(place, limit: InputFiles.maximumSize, environment: environment))
  }

  /// Files, directories with the manifests below them, `-` and URLs.
  func inputFiles(_ places: [String]) async throws -> [InputFile] {
    var result: [InputFile] = []
    for place in places {
      if WebFile.isURL(place) { result.append(try await inputFile(place)) } else { result += try InputFiles.collect([place]) }
    }
    return result
  }

  /// The objects of one kind in files. Others are left out, with a word on standard error.
  func objects(of kind: ResourceKind, in places: [String], isStrict: Bool) async throws -> [JSON] {
    var result: [JSON] = []
    for file in try await inputFiles(places) {
      for document in try manifests(file, isStrict) {
        if document["kind"]?.string == kind.kind, document["apiVersion"]?.string?.hasPrefix("argoproj.io/") ?? false {
          result.append(document)
          continue
        }
        let name = document.at("metadata", "name")?.string ?? document.at("metadata", "generateName")?.string ?? ""
        errors.write(
          Printable.line(
            "Warning: \(file.name): \(document["kind"]?.string ?? "an object") '\(name)' is not of kind \(kind.kind). Ignoring...")
            + "\n")
      }
    }
    return result
  }

  /// The parameters of `-f` files and of `-p`; `-p` wins.
  func parameters(files: [String], given: [String]) async throws -> [ParameterArgument] {
    var fromFiles: [ParameterArgument] = []
    for path in files {
      let file = try await inputFile(path)
      let document: JSON
      do { document = try parseDocument(file) } catch { throw SubmitFailure("\(file.name): \(error)") }
      fromFiles += try ParameterArgument.file(document, name: file.name)
    }
    return ParameterArgument.merged(files: fromFiles, given: try given.map { try ParameterArgument(parsing: $0) })
  }
}
