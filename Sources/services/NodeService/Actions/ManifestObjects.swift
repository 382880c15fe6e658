import JSONValue
import KubeModel
import Validation
import YAMLText

/// The objects of a resource template's manifest, as `kubectl` reads a file.
struct ManifestObjects {
  /// The path that messages name: where Argo's executor has the file.
  let path: String
  let command: KubectlCommand
  /// For objects that name none.
  let namespace: String

  typealias Problem = KubectlCommand.Problem

  /// The documents, lists taken apart, with kind, and with the namespace filled in.
  func objects(_ bytes: [UInt8]) throws(Problem) -> [Resource] {
    let read: [YAMLDocument]
    do throws(YAMLError) {
      read = try documents(bytes)
    } catch {
      throw Problem("error: error parsing \(path): error converting YAML to JSON: yaml: \(error)")
    }
    var result: [Resource] = []
    for document in read where !document.value.isNull { try add(document.value, to: &result, depth: 0) }
    if let selector = command.selector, command.action != .patch {
      let labels = try Self.parse(selector)
      result.removeAll { !labels.matches($0.labels) }
    }
    guard !result.isEmpty else {
      throw Problem("error: no objects passed to \(command.action.rawValue)")
    }
    return result
  }

  static func parse(_ selector: String) throws(Problem) -> LabelSelector {
    do throws(SelectorError) { return try LabelSelector.parse(selector) } catch { throw Problem("error: \(error)") }
  }

  private func add(_ value: JSON, to result: inout [Resource], depth: Int) throws(Problem) {
    guard value.object != nil else {
      throw Problem(
        "error: unable to decode \"\(path)\": json: cannot unmarshal \(value.typeName) into Go value of type unstructured.detector")
    }
    let (apiVersion, kind) = (value["apiVersion"]?.string ?? "", value["kind"]?.string ?? "")
    if kind == "List" || kind.hasSuffix("List"), let items = value["items"]?.array, depth == 0 {
      for item in items { try add(item, to: &result, depth: 1) }
      return
    }
    guard let found = ResourceKind.of(apiVersion: apiVersion, kind: kind) else { throw undecodable(value, apiVersion, kind) }
    var resource = Resource(found, json: Schema.standard.normalized(value, kind: found.kind))
    if found.isNamespaced {
      let own = resource.namespace
      if own.isEmpty {
        resource.namespace = command.namespace ?? namespace
      } else if let wanted = command.namespace, wanted != own {
        throw Problem(
          "error: the namespace from the provided object \"\(own)\" does not match the namespace \"\(wanted)\". "
            + "You must pass '--namespace=\(own)' to perform this operation.")
      }
    } else {
      resource.json.modifyObject { root in
        var metadata = root["metadata"] ?? .object([:])
        metadata["namespace"] = nil
        root["metadata"] = metadata
      }
    }
    result.append(resource)
  }

  private func undecodable(_ value: JSON, _ apiVersion: String, _ kind: String) -> Problem {
    switch command.action {
    case .create, .apply, .replace:
      let missing = [apiVersion.isEmpty ? "apiVersion not set" : nil, kind.isEmpty ? "kind not set" : nil].compactMap { $0 }
      let list = missing.count == 1 ? missing[0] : "[\(missing.joined(separator: ", "))]"
      return Problem(
        "error: error validating \"\(path)\": error validating data: \(list); "
          + "if you choose to ignore these errors, turn validation off with --validate=false")
    case .get, .patch, .delete:
      let what = kind.isEmpty ? "Object 'Kind' is missing in" : "Object 'apiVersion' is missing in"
      return Problem("error: unable to decode \"\(path)\": \(what) '\(value.text(.go))'")
    }
  }
}

/// A manifest that is read as one document.
enum ManifestText {
  /// The first document; an empty one is null.
  static func first(_ bytes: [UInt8]) throws(KubectlCommand.Problem) -> JSON {
    do throws(YAMLError) {
      return try documents(bytes).first?.value ?? .null
    } catch {
      throw KubectlCommand.Problem("error: unable to parse \"\": yaml: \(error)")
    }
  }
}
