package import Basics
package import JSONValue
package import KubeModel
internal import Querying

/// Makes the tables that `kubectl get` prints (`meta.k8s.io` Table): the columns of a kind, and a row of cells for each object.
package struct TableBuilder: Sendable {
  /// What of an object comes with its row (`includeObject`).
  package enum Inclusion: String, Sendable {
    case none = "None"
    case metadata = "Metadata"
    case object = "Object"
  }

  private enum Rule: Sendable {
    case builtIn(String)
    case path(KubectlJSONPath)
    /// A path that cannot be read: the cell stays empty.
    case empty
  }

  private let kind: APIKind
  private let rules: [Rule]

  package init(_ kind: APIKind) {
    self.kind = kind
    rules = kind.columns.map { column in
      if column.path.utf8.first == UInt8(ascii: "@") { return .builtIn(String(column.path.dropFirst())) }
      guard let path = try? KubectlJSONPath("{\(column.path)}") else { return .empty }
      return .path(path)
    }
  }

  /// - Parameters:
  ///   - version: of `meta.k8s.io`: `v1` or `v1beta1`.
  ///   - metadata: the list's.
  ///   - hasColumns: the definitions come with the rows (of a watch: with the first table only).
  ///   - now: ages count up to it.
  package func table(
    _ resources: [Resource], version: String = "v1", metadata: JSON, hasColumns: Bool = true, includes inclusion: Inclusion = .metadata,
    now: Instant
  ) -> JSON {
    [
      "kind": "Table", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": metadata,
      "columnDefinitions": hasColumns ? .array(kind.columns.map(Self.definition)) : nil,
      "rows": .array(resources.map { row($0, version, inclusion, now) }),
    ]
  }

  private static func definition(_ column: PrinterColumn) -> JSON {
    [
      "name": .string(column.name), "type": .string(column.type), "format": .string(column.format),
      "description": .string(column.description), "priority": .int(Int64(column.priority)),
    ]
  }

  private func row(_ resource: Resource, _ version: String, _ inclusion: Inclusion, _ now: Instant) -> JSON {
    var result: JSONObject = ["cells": .array(cells(of: resource, now: now))]
    if kind.kind == .pod, let phase = resource.status["phase"]?.string, phase == "Succeeded" || phase == "Failed" {
      let message = phase == "Failed" ? "The pod failed." : "The pod has completed successfully."
      result["conditions"] = [["type": "Completed", "status": "True", "reason": .string(phase), "message": .string(message)]]
    }
    switch inclusion {
    case .none: result["object"] = .null
    case .metadata:
      result["object"] = [
        "kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": resource.metadata,
      ]
    case .object: result["object"] = resource.json
    }
    return .object(result)
  }

  /// A cell for each of the kind's columns.
  package func cells(of resource: Resource, now: Instant) -> [JSON] {
    zip(kind.columns, rules).map { column, rule in
      switch rule {
      case .builtIn(let name): TableCells(resource: resource, now: now).cell(name)
      case .path(let path): Self.cell(path.firstValue(on: resource.json), column.type, now)
      case .empty: .null
      }
    }
  }

  /// The value of a path as a column's type has it (`apiextensions-apiserver/pkg/registry/customresource/tableconvertor`); null where it does not fit.
  private static func cell(_ value: JSON?, _ type: String, _ now: Instant) -> JSON {
    switch (type, value) {
    case (_, nil), (_, .null?): return .null
    case ("integer", .int?), ("number", .int?), ("number", .double?), ("boolean", .bool?): return value ?? .null
    case ("integer", .double(let number)?): return Int64(exactly: number.rounded(.towardZero)).map { .int($0) } ?? .null
    case ("date", .string(let text)?):
      guard let time = Instant(rfc3339: text) else { return "<invalid>" }
      return .string(HumanDuration.since(time, now: now))
    case ("string", .string?): return value ?? .null
    case ("string", let other?): return .string(other.text(.go))
    default: return .null
    }
  }
}
