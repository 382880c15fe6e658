import Basics
import JSONValue
import Querying

/// The output parameters of a resource template (spec 1.6, 4.6).
enum ResourceOutputs {
  /// The outputs as an Argo `Outputs` object. Without an object (a `get` of what is not there) each is its default or empty; with one, defaults
  /// count for nothing, as in Argo.
  static func values(template: JSON, object: JSON?) throws(ActionStop) -> JSON {
    var parameters: [JSON] = []
    for parameter in template.at("outputs", "parameters")?.array ?? [] {
      guard let source = parameter["valueFrom"], source.object != nil else { continue }
      guard let value = try value(source, object) else { continue }
      parameters.append(["name": parameter["name"] ?? "", "value": .string(value)])
    }
    return parameters.isEmpty ? [:] : ["parameters": .array(parameters)]
  }

  private static func value(_ source: JSON, _ object: JSON?) throws(ActionStop) -> String? {
    guard let object else { return source["default"].map { $0.string ?? $0.text() } ?? "" }
    if let path = source["jsonPath"]?.string, !path.isEmpty {
      do throws(JSONPathError) {
        return try KubectlJSONPath(path).text(on: object)
      } catch {
        throw .failed("error: \(error.message)")
      }
    }
    if let filter = source["jqFilter"]?.string, !filter.isEmpty {
      do throws(JQError) {
        return try JQ(compiling: filter).text(on: object, now: SystemClock.now())
      } catch {
        throw .failed(error.message)
      }
    }
    return nil
  }
}
