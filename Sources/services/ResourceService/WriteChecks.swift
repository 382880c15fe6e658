import Contracts
import JSONValue
import KubeAPI
import KubeModel

/// The stations that every document passes on its way into the store.
extension ResourceService {
  /// Checks a document's fields against its kind's shape, removes those that are unknown, and sets defaults. Returns warnings.
  func check(_ document: inout ObjectDocument, _ kind: ServedKind, _ options: WriteOptions) throws(KubeStatus) -> [String] {
    let schema = ObjectSchema(kind.api, in: kind.catalog)
    let warnings = try schema.read(&document.json, validation: options.fieldValidation, duplicates: options.duplicateFields)
    schema.setDefaults(&document.json)
    return warnings
  }

  /// Asks the admitters; nil for a removal.
  func admitted(
    _ operation: AdmissionRequest.Operation, _ key: ResourceKey, _ subresource: String, old: Resource?, new: Resource?,
    _ options: WriteOptions
  ) throws(KubeStatus) -> Resource? {
    guard !admitters.isEmpty else { return new }
    var request = AdmissionRequest(
      operation, key: key, subresource: subresource, old: old, new: new, user: options.user, isDryRun: options.isDryRun)
    for admitter in admitters { try admitter.admit(&request) }
    return request.new
  }

  /// Throws `invalid` for an object that breaks the rules of its kind.
  func validate(_ resource: Resource, old: Resource?, _ kind: ServedKind) throws(KubeStatus) {
    try ObjectSchema(kind.api, in: kind.catalog).validate(kind.converted(resource), old: old)
  }

  /// Writes down who owns the fields that a write set.
  func own(_ resource: inout Resource, old: Resource?, _ kind: ServedKind, _ subresource: String, _ options: WriteOptions) {
    let manager = FieldManager(name: options.fieldManager, subresource: subresource, time: settings.now())
    resource.json = FieldOwnership.recorded(resource.json, over: old?.json, by: manager, of: kind.target)
  }
}
