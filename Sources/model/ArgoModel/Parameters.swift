package import JSONValue

/// Where a parameter's value comes from.
package struct ValueFrom: Sendable {
  package var json: JSON
  package var path: String?
  package var jsonPath: String?
  package var jqFilter: String?
  package var event: String?
  package var parameter: String?
  package var expression: String?
  /// The value is set by a user before the suspended node is resumed.
  package var isSupplied: Bool
  package var configMapKeyRef: ConfigMapKeyRef?
  package var defaultValue: String?

  package init(_ json: JSON) {
    self.json = json
    path = json.text("path")
    jsonPath = json.text("jsonPath")
    jqFilter = json.text("jqFilter")
    event = json.text("event")
    parameter = json.text("parameter")
    expression = json.text("expression")
    isSupplied = json.present("supplied") != nil
    configMapKeyRef = json.present("configMapKeyRef").map(ConfigMapKeyRef.init)
    defaultValue = json.present("default")?.anyString
  }
}

/// One key of a ConfigMap.
package struct ConfigMapKeyRef: Sendable, Hashable {
  package var name: String
  package var key: String
  package var isOptional: Bool
  package init(_ json: JSON) {
    name = json["name"]?.string ?? ""
    key = json["key"]?.string ?? ""
    isOptional = json["optional"]?.bool ?? false
  }
}

/// A named string that goes into or comes out of a template or workflow.
package struct Parameter: Sendable {
  package var json: JSON
  package var name: String
  package var value: String?
  package var defaultValue: String?
  package var valueFrom: ValueFrom?
  package var enumeration: [String]?
  package var globalName: String?
  package var description: String?

  package init(_ json: JSON) {
    self.json = json
    name = json["name"]?.string ?? ""
    value = json.present("value")?.anyString
    defaultValue = json.present("default")?.anyString
    valueFrom = json.present("valueFrom").map(ValueFrom.init)
    enumeration = json["enum"]?.array?.compactMap(\.anyString)
    globalName = json.text("globalName")
    description = json.present("description")?.anyString
  }

  package init(name: String, value: String) {
    self.init(["name": .string(name), "value": .string(value)])
  }
}

/// A file or directory that goes into or comes out of a template or workflow. Mostly kept as it is written.
package struct Artifact: Sendable {
  package var json: JSON
  package var name: String
  package var path: String?
  /// A tag that names another artifact.
  package var from: String?
  package var fromExpression: String?
  package var isOptional: Bool
  package var globalName: String?
  package var subPath: String?

  package init(_ json: JSON) {
    self.json = json
    name = json["name"]?.string ?? ""
    path = json.text("path")
    from = json.text("from")
    fromExpression = json.text("fromExpression")
    isOptional = json["optional"]?.bool ?? false
    globalName = json.text("globalName")
    subPath = json.text("subPath")
  }

  /// The members that say where an artifact lies. `local` is this program's default repository.
  package static let locationKeys = ["s3", "gcs", "oss", "azure", "hdfs", "artifactory", "git", "http", "raw", "plugin", "local"]

  /// The name of the location's member, when there is one.
  package var locationKey: String? { Self.locationKeys.first { json.present($0) != nil } }

  /// The key within a repository, for locations that have one.
  package var key: String? { ArtifactPlace(json).flatMap { $0.key.isEmpty ? nil : $0.key } }

  /// The location names everything that is needed to reach it (spec section 1.6).
  package var hasLocation: Bool {
    guard let locationKey, let location = json[locationKey] else { return false }
    let needed: [String] =
      switch locationKey {
      case "s3": ["endpoint", "bucket", "key"]
      case "gcs": ["bucket", "key"]
      case "oss": ["bucket", "key", "endpoint"]
      case "azure": ["endpoint", "container", "blob"]
      case "git": ["repo"]
      case "http": ["url"]
      case "artifactory": ["url"]
      case "hdfs": ["addresses"]
      case "plugin": ["name", "configuration", "key"]
      case "local": ["key"]
      default: []
      }
    return needed.allSatisfy { location.present($0).map { $0.string != "" } ?? false }
  }
}

/// What a workflow, step or task hands over.
package struct Arguments: Sendable {
  package var json: JSON
  package var parameters: [Parameter]
  package var artifacts: [Artifact]

  package init(_ json: JSON?) {
    self.json = json ?? .object([:])
    parameters = self.json.list("parameters").map(Parameter.init)
    artifacts = self.json.list("artifacts").map(Artifact.init)
  }

  package var isEmpty: Bool { parameters.isEmpty && artifacts.isEmpty }
  package func parameter(_ name: String) -> Parameter? { parameters.first { $0.name == name } }
  package func artifact(_ name: String) -> Artifact? { artifacts.first { $0.name == name } }
}

/// What a template takes.
package struct Inputs: Sendable {
  package var parameters: [Parameter]
  package var artifacts: [Artifact]
  package init(_ json: JSON?) {
    parameters = json?.list("parameters").map(Parameter.init) ?? []
    artifacts = json?.list("artifacts").map(Artifact.init) ?? []
  }
}

/// What a template gives.
package struct Outputs: Sendable {
  package var parameters: [Parameter]
  package var artifacts: [Artifact]
  package init(_ json: JSON?) {
    parameters = json?.list("parameters").map(Parameter.init) ?? []
    artifacts = json?.list("artifacts").map(Artifact.init) ?? []
  }
  package var isEmpty: Bool { parameters.isEmpty && artifacts.isEmpty }
}
