internal import JSONValue

/// Checks an object of a custom kind against its schema, with the messages of Kubernetes (`kube-openapi/pkg/validation`, `apiextensions-apiserver`).
struct CustomValidation {
  private let catalog: any KindCatalog
  /// Argo's own types: a tag may stand where its tables name choices.
  private let isLenient: Bool
  private var problems: [FieldProblem] = []
  private static let maximumProblems = 100

  private init(catalog: any KindCatalog, isLenient: Bool) {
    self.catalog = catalog
    self.isLenient = isLenient
  }

  /// At most 100.
  static func problems(of value: JSON, _ schema: TypeSchema, in catalog: any KindCatalog) -> [FieldProblem] {
    var isLenient = false
    if case .reference(let name) = schema.shape { isLenient = BuiltInTypes.all[name] != nil }
    var check = CustomValidation(catalog: catalog, isLenient: isLenient)
    var trail = FieldTrail()
    check.check(value, schema, &trail)
    return check.problems
  }

  private mutating func report(_ problem: FieldProblem) {
    if problems.count < Self.maximumProblems { problems.append(problem) }
  }

  private mutating func check(_ value: JSON, _ schema: TypeSchema, _ trail: inout FieldTrail) {
    guard problems.count < Self.maximumProblems, let resolved = catalog.resolved(schema) else { return }
    if value.isNull, resolved.isNullable { return }
    // The server itself completes and checks metadata.
    if case .reference(BuiltInTypes.objectMeta) = schema.shape, trail.steps.count == 1 { return }
    guard Self.fits(value, resolved) else {
      let path = trail.text(isDotted: true)
      let found = Self.typeName(value)
      report(
        .wrongType(
          path, .string(found), "\(path.isEmpty ? "" : path + " ")in body must be of type \(Self.typeName(resolved)): \"\(found)\""))
      return
    }
    checkMembers(value, resolved, &trail)
    checkChoices(value, resolved, trail)
    if !resolved.constraints.isEmpty || !resolved.format.isEmpty {
      var schema = SchemaKeywords(catalog: catalog)
      for problem in schema.problems(of: value, resolved, trail) { report(problem) }
    }
  }

  private mutating func checkMembers(_ value: JSON, _ schema: TypeSchema, _ trail: inout FieldTrail) {
    switch (schema.shape, value) {
    case (.object(let shape), .object(let members)):
      for property in shape.properties {
        if let member = members[property.name] {
          trail.within(.field(property.name)) { check(member, property.schema, &$0) }
        } else if property.isRequired {
          report(.required(trail.text(property.name, isDotted: true)))
        }
      }
    case (.map(let element), .object(let members)):
      for (key, member) in members { trail.within(.key(key)) { check(member, element, &$0) } }
    case (.list(let element, let type), .array(let elements)):
      for (index, member) in elements.enumerated() { trail.within(.index(index)) { check(member, element, &$0) } }
      checkUniqueness(elements, type, trail)
    default: break
    }
  }

  /// Elements of sets and of lists with keys differ (`x-kubernetes-list-type`).
  private mutating func checkUniqueness(_ elements: [JSON], _ type: TypeSchema.ListType, _ trail: FieldTrail) {
    var seen: Set<JSON> = []
    for (index, element) in elements.enumerated() {
      var identity = element
      switch type {
      case .atomic: return
      case .set: break
      case .map(let keys):
        guard let members = element.object else { continue }
        identity = .object(JSONObject(keys.compactMap { key in members[key].map { (key, $0) } }))
      }
      if !seen.insert(identity).inserted { report(.duplicate("\(trail.text(isDotted: true))[\(index)]", identity)) }
    }
  }

  private mutating func checkChoices(_ value: JSON, _ schema: TypeSchema, _ trail: FieldTrail) {
    guard !schema.choices.isEmpty, !schema.choices.contains(value) else { return }
    if isLenient, case .string(let text) = value, text.isEmpty || text.contains("{{") { return }
    report(.notSupported(trail.text(isDotted: true), value, schema.choices))
  }

  // MARK: Types

  static func fits(_ value: JSON, _ schema: TypeSchema) -> Bool {
    switch (schema.shape, value) {
    case (.any, _), (.reference, _): true
    case (.string, .string), (.boolean, .bool), (.integer, .int), (.integer, .number): true
    case (.integer, .double(let number)): number == number.rounded() && number.isFinite
    case (.number, .int), (.number, .double), (.number, .number): true
    case (.intOrString, .int), (.intOrString, .string): true
    case (.list, .array), (.map, .object), (.object, .object): true
    default: false
    }
  }

  static func typeName(_ value: JSON) -> String {
    switch value {
    case .double(let number) where number == number.rounded() && number.isFinite: "integer"
    case .number: "integer"
    default: value.typeName
    }
  }

  private static func typeName(_ schema: TypeSchema) -> String {
    switch schema.shape {
    case .string: "string"
    case .integer: "integer"
    case .number: "number"
    case .boolean: "boolean"
    case .intOrString: "integer,string"
    case .list: "array"
    default: "object"
    }
  }
}
