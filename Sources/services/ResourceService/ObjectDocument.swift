import Contracts
import JSONValue
import KubeAPI
import KubeModel

/// A document that a client sent, checked against the place it was sent to.
struct ObjectDocument {
  var json: JSON

  /// Reads a document of a kind. `apiVersion` and `kind` may be missing only where `isPatched`. Throws `badRequest` in Kubernetes' words
  /// (`apiserver/pkg/endpoints/handlers`, `rest.EnsureObjectNamespaceMatchesRequestNamespace`).
  init(_ json: JSON, kind: ServedKind, namespace: String?) throws(KubeStatus) {
    guard json.object != nil else {
      throw KubeStatus(
        .badRequest,
        "couldn't get version/kind; json parse error: json: cannot unmarshal \(json.typeName) into Go value of type struct { "
          + "APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }")
    }
    self.json = json
    let api = kind.api.kind
    let apiVersion = json["apiVersion"]?.string ?? ""
    let name = json["kind"]?.string ?? ""
    if !name.isEmpty, name != api.kind {
      throw KubeStatus(
        .badRequest,
        "\(name) in version \"\(apiVersion)\" cannot be handled as a \(api.kind): converting (\(apiVersion).\(name)) to (\(api.apiVersion).\(api.kind)): unknown conversion"
      )
    }
    if !apiVersion.isEmpty, apiVersion != api.apiVersion {
      throw KubeStatus(
        .badRequest, "the API version in the data (\(apiVersion)) does not match the expected API version (\(api.apiVersion))")
    }
    if name.isEmpty { self.json["kind"] = .string(api.kind) }
    if apiVersion.isEmpty { self.json["apiVersion"] = .string(api.apiVersion) }
    guard json["metadata"] == nil || json["metadata"]?.object != nil || json["metadata"]?.isNull == true else {
      throw KubeStatus(
        .badRequest, "\(api.kind) in version \"\(api.version)\" cannot be handled as a \(api.kind): metadata: must be an object")
    }
    if self.json["metadata"]?.object == nil { self.json["metadata"] = .object([:]) }
    let given = json.at("metadata", "namespace")?.string ?? ""
    if api.isNamespaced, let namespace {
      guard given.isEmpty || given == namespace else {
        throw KubeStatus(.badRequest, "the namespace of the provided object does not match the namespace sent on the request")
      }
      self.json["metadata"]?["namespace"] = .string(namespace)
    } else if !api.isNamespaced {
      guard given.isEmpty else {
        throw KubeStatus(.badRequest, "the namespace of the provided object does not match the namespace sent on the request")
      }
      self.json["metadata"]?["namespace"] = nil
    }
  }

  /// The name that a document for an object must bear, or none.
  mutating func take(name: String) throws(KubeStatus) {
    let given = json.at("metadata", "name")?.string ?? ""
    guard given.isEmpty || given == name else {
      throw KubeStatus(.badRequest, "the name of the object (\(given)) does not match the name on the URL (\(name))")
    }
    json["metadata"]?["name"] = .string(name)
  }

  /// The revision that the client has read; empty: it does not say.
  var resourceVersion: String { json.at("metadata", "resourceVersion")?.string ?? "" }
}
