package import Contracts
package import JSONValue
package import KubeModel

/// Patches of the Kubernetes API as pure functions, with Kubernetes' refusals (`apiserver/pkg/endpoints/handlers/patch.go`).
package enum Patching {
  /// A live object after a JSON patch, a merge patch or a strategic merge patch. Field ownership, defaults and validation come after it.
  /// Throws: `badRequest` for a patch that cannot be read, `invalid` for one that does not fit the object, `requestEntityTooLarge` for more than
  /// 10,000 operations, `unsupportedMediaType` for a strategic merge patch of a custom kind.
  package static func patched(_ live: JSON, by form: PatchForm, _ patch: JSON, of target: PatchTarget) throws(KubeStatus) -> JSON {
    switch form {
    case .json: try json(patch, live)
    case .merge: try merge(patch, live)
    case .strategic: try strategic(patch, live, target)
    case .apply: throw KubeStatus(.internalError, "an applied configuration is no patch of the whole object")
    }
  }

  private static func json(_ patch: JSON, _ live: JSON) throws(KubeStatus) -> JSON {
    guard let operations = patch.array else {
      throw KubeStatus(
        .badRequest, "error decoding patch: json: cannot unmarshal \(patch.goDecoderName) into Go value of type []handlers.jsonPatchOp")
    }
    guard operations.count <= JSONPatch.maximumOperations else {
      throw KubeStatus(
        .requestEntityTooLarge,
        "Request entity is too large: The allowed maximum operations in a JSON patch is \(JSONPatch.maximumOperations), got \(operations.count)"
      )
    }
    do throws(JSONPatchError) {
      return try object(JSONPatch(patch).applied(to: live))
    } catch {
      throw rejected(error.description)
    }
  }

  private static func merge(_ patch: JSON, _ live: JSON) throws(KubeStatus) -> JSON {
    guard patch.object != nil else {
      throw KubeStatus(
        .badRequest,
        "error decoding patch: json: cannot unmarshal \(patch.goDecoderName) into Go value of type map[string]interface {}")
    }
    return live.merged(with: patch)
  }

  private static func strategic(_ patch: JSON, _ live: JSON, _ target: PatchTarget) throws(KubeStatus) -> JSON {
    guard !target.kind.isCustom else {
      throw KubeStatus(
        .unsupportedMediaType,
        "the body of the request was in an unknown format - accepted media types include: "
          + "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml")
    }
    guard patch.object != nil else {
      throw KubeStatus(.badRequest, "json: cannot unmarshal \(patch.goDecoderName) into Go value of type map[string]interface {}")
    }
    do throws(StrategicMergeError) {
      guard let schema = target.schema else {
        return try live.strategicallyMerged(with: patch, shape: NamedMergeShape(exceptions: MergeKeys.exceptions(of: target.kind.kind)))
      }
      return try live.strategicallyMerged(with: patch, shape: SchemaMergeShape(schema: schema, resolve: target.resolve))
    } catch {
      switch error.kind {
      case .format: throw KubeStatus(.badRequest, error.description)
      case .listOfLists: throw rejected(error.description)
      case .mismatch: throw KubeStatus(.unknown, error.description)
      }
    }
  }

  /// A patch that can be read but not carried out. Kubernetes' message does not say why; the cause does.
  private static func rejected(_ why: String) -> KubeStatus {
    var details = KubeStatus.Details()
    details.causes = [KubeStatus.Cause(reason: "FieldValueInvalid", message: why, field: "patch")]
    return KubeStatus(.invalid, "the server rejected our request due to an error in our request", details: details)
  }

  private static func object(_ result: JSON) throws(JSONPatchError) -> JSON {
    guard result.object != nil else { throw JSONPatchError("the result is no object but \(result.typeName)") }
    return result
  }
}

extension JSON {
  /// What Go's JSON decoder calls a value.
  fileprivate var goDecoderName: String {
    switch self {
    case .bool: "bool"
    case .int, .double, .number: "number"
    default: typeName
    }
  }
}

extension Patching {
  /// One patch from end to end: the object that is to be stored, with its `managedFields`.
  ///
  /// - Parameters:
  ///   - live: the object as it is stored; nil when there is none, which only an apply takes.
  ///   - manager: who patches. Its subresource decides what it may own.
  ///   - force: an apply takes over what others own.
  ///   - complete: what the API does with a patched document before it is compared with the stored one: drop what the type does not know, set
  ///     defaults, keep what the endpoint may not change. What it adds to an ordinary patch the manager owns; what it adds to an applied object
  ///     nobody owns.
  /// - Returns: the stored object itself where the patch changes nothing.
  /// - Throws: what ``patched(_:by:_:of:)`` throws, `notFound` never; for an apply `conflict` with a cause for each field of another manager,
  ///   `badRequest` for a configuration of another kind or with `managedFields`, ``KubeStatus/Reason/unknown`` for one that does not fit the schema.
  package static func apply(
    _ form: PatchForm, _ patch: JSON, to live: JSON?, of target: PatchTarget, by manager: FieldManager, force: Bool = false,
    complete: (JSON) throws(KubeStatus) -> JSON = { object throws(KubeStatus) in object }
  ) throws(KubeStatus) -> JSON {
    let result: JSON
    if form == .apply {
      let applied = try ServerSideApply(target, by: manager).applied(patch, to: live, force: force)
      result = try complete(applied)
    } else {
      guard let live else { throw KubeStatus(.internalError, "a patch needs an object") }
      result = FieldOwnership.recorded(try complete(patched(live, by: form, patch, of: target)), over: live, by: manager, of: target)
    }
    return live.map { FieldOwnership.withoutEmptyChange(result, over: $0) } ?? result
  }

  /// Whether the options of a patch are allowed (`metav1/validation.ValidatePatchOptions`): an apply needs a manager, only an apply takes `force`.
  package static func checkOptions(_ form: PatchForm, fieldManager: String, force: Bool?) throws(KubeStatus) {
    var causes: [(reason: String, kind: String, detail: String, field: String)] = []
    if form == .apply {
      if fieldManager.isEmpty { causes.append(("FieldValueRequired", "Required value", "is required for apply patch", "fieldManager")) }
    } else if force != nil {
      causes.append(("FieldValueForbidden", "Forbidden", "may not be specified for non-apply patch", "force"))
    }
    if fieldManager.utf8.count > 128 {
      causes.append(("FieldValueTooLong", "Too long", "may not be more than 128 bytes", "fieldManager"))
    }
    if !fieldManager.unicodeScalars.allSatisfy(\.isGoPrintable) {
      causes.append(
        (
          "FieldValueInvalid", "Invalid value: \(JSON.string(fieldManager).text())", "should only contain printable characters",
          "fieldManager"
        ))
    }
    guard !causes.isEmpty else { return }
    var details = KubeStatus.Details(group: "meta.k8s.io", kind: "PatchOptions")
    details.causes = causes.map { KubeStatus.Cause(reason: $0.reason, message: "\($0.kind): \($0.detail)", field: $0.field) }
    let texts = causes.map { "\($0.field): \($0.kind): \($0.detail)" }
    let list = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
    throw KubeStatus(.invalid, "PatchOptions.meta.k8s.io \"\" is invalid: \(list)", details: details)
  }
}

extension Unicode.Scalar {
  /// Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols, and the space.
  fileprivate var isGoPrintable: Bool {
    switch properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
    case .spaceSeparator: self == " "
    default: true
    }
  }
}
