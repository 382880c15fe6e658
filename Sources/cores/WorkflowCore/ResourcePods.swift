import ArgoModel
import JSONValue
import YAMLText

/// Pods of `resource` and `data` templates (spec 1.8, 4.6): one container, Argo's own executor, which reads the template from the pod's annotation.
/// A node service that knows the template carries it out itself.
extension RunState {
  /// The executor that a cluster would start.
  private static let executorImage = "quay.io/argoproj/argoexec:v4.1.2"

  /// The main container of such a template, without environment; nil for other bodies.
  static func executorContainer(_ kind: Template.Body?, _ body: JSON) -> JSON? {
    let command: [JSON]
    switch kind {
    case .resource: command = ["argoexec", "resource", .string(body.at("resource", "action")?.string ?? "")]
    case .data: command = ["argoexec", "data", .string((body["data"] ?? .null).text(.go))]
    default: return nil
    }
    return ["name": "main", "image": .string(executorImage), "command": .array(command)]
  }

  /// Makes the workflow the owner of what a resource template with `setOwnerReference` manages, as Argo's controller does it: in the first document
  /// of `manifest`, which becomes the only one.
  func setOwner(in body: inout JSON) throws(RunFailure) {
    guard body.at("resource", "setOwnerReference")?.bool == true else { return }
    let first: JSON
    do throws(YAMLError) {
      first = try documents(Array((body.at("resource", "manifest")?.string ?? "").utf8)).first?.value ?? .null
    } catch {
      throw RunFailure("error converting YAML to JSON: yaml: \(error)")
    }
    guard var object = first.object, first["kind"]?.string?.isEmpty == false else {
      throw RunFailure("Object 'Kind' is missing in '\(first.text(.go))'")
    }
    var metadata = object["metadata"]?.object ?? [:]
    metadata["ownerReferences"] = .array((metadata["ownerReferences"]?.array ?? []) + [ownerReference])
    object["metadata"] = .object(metadata)
    var resource = body["resource"] ?? .object([:])
    resource["manifest"] = .string(text(.object(object)))
    body["resource"] = resource
  }

  /// What makes an object belong to this run's workflow, as its controller.
  var ownerReference: JSON { Self.ownerReference(run: name, uid: uid) }

  static func ownerReference(run name: String, uid: String) -> JSON {
    [
      "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": .string(name), "uid": .string(uid), "controller": true,
      "blockOwnerDeletion": true,
    ]
  }
}
