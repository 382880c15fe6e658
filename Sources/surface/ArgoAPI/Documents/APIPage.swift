internal import JSONValue
internal import KubeAPI

/// The table of routes as a page for people: one document without scripts and without anything from elsewhere.
struct APIPage {
  private let table: [ArgoRoute]
  private let document: JSON
  private let version: String

  /// - Parameter document: the table's OpenAPI document of version 2.
  init(_ table: [ArgoRoute], document: JSON, version: String) {
    self.table = table.filter { !$0.operation.isEmpty }
    self.document = document
    self.version = version
  }

  static let stylePath = "/apidocs/style.css"

  /// What a browser finds at `/`, without a word of what is stored or who is there.
  static let welcome = """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Argosy</title>
    <link rel="stylesheet" href="\(stylePath)">
    </head>
    <body>
    <header>
    <h1>Argosy</h1>
    <p>This server runs workflows of Argo. Its API: <a href="/apidocs">/apidocs</a>. What workflows are:
    <a href="https://argo-workflows.readthedocs.io/" rel="noreferrer">the documentation of Argo Workflows</a>.</p>
    </header>
    </body>
    </html>

    """

  var html: String {
    var services: [String] = []
    for route in table where !services.contains(route.service) { services.append(route.service) }
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>Argosy API</title>
      <link rel="stylesheet" href="\(Self.stylePath)">
      </head>
      <body>
      <header>
      <h1>The API of Argo Workflows, served by Argosy</h1>
      <p>\(Self.escaped(version)). For programs: <a href="/apidocs/swagger.json">Swagger 2</a>, <a href="/apidocs/openapi.json">OpenAPI 3</a>.
      The Kubernetes API stands beside it, below <code>/api/v1/namespaces</code> and <code>/apis</code>.</p>
      <p>Send a token as <code>Authorization: Bearer TOKEN</code>, as the password of <code>Basic</code>, or in a cookie <code>authorization</code>.
      Failures are <code>{"code", "message"}</code>. <code>fields=metadata.name,status.phase</code> trims answers. Streams are lines of JSON,
      or server-sent events with <code>Accept: text/event-stream</code>.</p>
      <nav>\(services.map { "<a href=\"#\($0)\">\(Self.heading($0))</a>" }.joined(separator: " "))
      <a href="#types">Types</a></nav>
      </header>
      \(services.map(section).joined(separator: "\n"))
      <h2 id="types">Types</h2>
      \(definitions)
      </body>
      </html>

      """
  }

  /// `WorkflowTemplateService`: `Workflow Template`.
  private static func heading(_ service: String) -> String {
    var result = ""
    for letter in service.hasSuffix("Service") ? service.dropLast(7) : service[...] {
      if letter.isUppercase, !result.isEmpty { result += " " }
      result.append(letter)
    }
    return escaped(result)
  }

  private func section(_ service: String) -> String {
    let rows = table.filter { $0.service == service }
    return "<h2 id=\"\(service)\">\(Self.heading(service))</h2>\n" + rows.map(operation).joined(separator: "\n")
  }

  private func operation(_ route: ArgoRoute) -> String {
    let path = APIDocument.path(of: route)
    var parts = ["<p>\(Self.escaped(route.summary)) <span class=\"id\">\(Self.escaped(route.operation))</span></p>"]
    if !route.query.isEmpty {
      let rows = route.query.map { parameter in
        "<tr><td><code>\(Self.escaped(parameter.name))</code></td><td>\(parameter.form.rawValue)</td>"
          + "<td>\(Self.escaped(parameter.description))</td></tr>"
      }
      parts.append("<table>\(rows.joined())</table>")
    }
    let operation = document.at("paths", path, route.method.lowercased())
    switch route.body {
    case .none: break
    case .message:
      let schema = operation?["parameters"]?.array?.first { $0["in"] == "body" }?["schema"]
      parts.append("<p>Body: \(link(schema ?? [:]))</p>")
    case .anything: parts.append("<p>Body: any JSON.</p>")
    case .bytes: parts.append("<p>Body: <code>multipart/form-data</code> with a part <code>file</code>.</p>")
    }
    let answer = operation?.at("responses", "200", "schema") ?? [:]
    if let result = answer.at("properties", "result") {
      parts.append("<p>Answer: a stream of <code>{\"result\": \(link(result))}</code></p>")
    } else {
      parts.append("<p>Answer: \(route.answer == .bytes ? "bytes" : link(answer))</p>")
    }
    return """
      <details><summary><b class="\(route.method.lowercased())">\(route.method)</b> <code>\(Self.escaped(path))</code></summary>
      \(parts.joined(separator: "\n"))
      </details>
      """
  }

  // MARK: Types

  private var definitions: String {
    (document["definitions"]?.object ?? [:]).map { name, definition in
      let rows = (definition["properties"]?.object ?? [:]).map { member, schema in
        "<tr><td><code>\(Self.escaped(member))</code></td><td>\(link(schema))</td><td>\(Self.escaped(schema["description"]?.string ?? ""))</td></tr>"
      }
      let text = definition["description"]?.string ?? ""
      return
        "<details id=\"\(Self.escaped(name))\"><summary><code>\(Self.escaped(Self.short(name)))</code> <span class=\"id\">\(Self.escaped(text))</span></summary>"
        + (rows.isEmpty ? "<p>No members are named.</p>" : "<table>\(rows.joined())</table>") + "</details>"
    }.joined(separator: "\n")
  }

  private static func short(_ name: String) -> String { name.split(separator: ".").last.map(String.init) ?? name }

  /// A schema's type in a few words, with links to named types.
  private func link(_ schema: JSON) -> String {
    if let reference = schema["$ref"]?.string ?? schema["allOf"]?[0]?["$ref"]?.string {
      let name = reference.split(separator: "/").last.map(String.init) ?? reference
      return "<a href=\"#\(Self.escaped(name))\">\(Self.escaped(Self.short(name)))</a>"
    }
    switch schema["type"]?.string {
    case "array": return "list of \(link(schema["items"] ?? [:]))"
    case "object":
      if let element = schema["additionalProperties"], element.object != nil { return "map of \(link(element))" }
      return "object"
    case let type?: return Self.escaped(type)
    case nil: return "any value"
    }
  }

  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  static let style = """
    :root { color-scheme: light dark; --line: #8884; --soft: #777; --accent: #0a6; }
    body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
    h1 { font-size: 1.5rem; } h2 { margin-top: 2rem; border-bottom: 1px solid var(--line); }
    nav a { margin-right: .8rem; }
    details { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; padding: .3rem .7rem; }
    details:target { border-color: var(--accent); }
    summary { cursor: pointer; overflow-wrap: anywhere; }
    summary b { display: inline-block; min-width: 4.5rem; }
    .get { color: #07c; } .post { color: #080; } .put { color: #b60; } .delete { color: #c22; }
    .id { color: var(--soft); font-size: .85rem; }
    table { border-collapse: collapse; width: 100%; font-size: .9rem; }
    td { border-top: 1px solid var(--line); padding: .25rem .5rem; vertical-align: top; overflow-wrap: anywhere; }
    """
}
