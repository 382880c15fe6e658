import JSONValue
import KubeModel

/// Secrets that are written as plain values, or come as plain parameters. What is found is never printed.
extension AdviceRun {
  func adviseSecrets() {
    adviseParameters(spec["arguments"]?.elements("parameters") ?? [], at: path["arguments"]["parameters"], isDeclared: true)
    for template in templates {
      adviseParameters(template.list("inputs", "parameters"), at: template.path["inputs"]["parameters"], isDeclared: false)
      for call in template.calls {
        adviseParameters(
          call.json["arguments"]?.elements("parameters") ?? [], at: call.path["arguments"]["parameters"], isDeclared: false)
      }
      for (container, place) in template.containers {
        for (index, variable) in container.elements("env").enumerated() {
          guard let value = variable["value"]?.scalarText, !value.isEmpty, !isTemplated(value), !value.hasPrefix("$("),
            Self.namesSecret(variable.text(at: "name"))
          else { continue }
          say(
            "plain-secret", "the variable \(variable.text(at: "name")) holds a secret as plain text",
            hint: "keep it in a Secret and write valueFrom: {secretKeyRef: {name: …, key: …}}", at: place["env"][index]["value"])
        }
      }
    }
    adviseValues(resource.json, at: FieldPath())
  }

  private func adviseParameters(_ parameters: [JSON], at path: FieldPath, isDeclared: Bool) {
    for (index, parameter) in parameters.enumerated() where Self.namesSecret(parameter.text(at: "name")) {
      let value = (parameter["value"] ?? parameter["default"])?.scalarText ?? ""
      let isWritten = !value.isEmpty && !isTemplated(value)
      // A parameter of the workflow is told to whoever can see the workflow, whenever its value comes.
      guard isWritten || (isDeclared && !parameter.holds("valueFrom") && value.isEmpty) else { continue }
      say(
        "plain-secret", "the parameter \(parameter.text(at: "name")) is a secret that everyone who sees the workflow can read",
        hint: "keep it in a Secret and give it to the container as env with valueFrom.secretKeyRef", at: path[index])
    }
  }

  private static let words: Set<String> = [
    "password", "passwd", "passphrase", "pwd", "secret", "token", "apikey", "accesskey", "secretkey", "privatekey", "credential",
    "credentials",
  ]
  /// What follows such a word when something about the secret is meant, and not the secret.
  private static let about: Set<String> = [
    "name", "path", "file", "url", "uri", "ref", "id", "ttl", "count", "length", "expiry", "type", "dir", "namespace", "version", "policy",
    "arn", "region", "engine", "mount", "store", "key",
  ]

  /// Whether a name says that its value is a secret: `db-password`, `API_TOKEN`, `secretKey`.
  static func namesSecret(_ name: String) -> Bool {
    let words = words(of: name)
    guard let last = words.last else { return false }
    if Self.words.contains(last) { return true }
    guard words.count >= 2 else { return false }
    let pair = words[words.count - 2] + last
    if Self.words.contains(pair) { return true }
    return last == "value" && Self.words.contains(words[words.count - 2]) && !about.contains(last)
  }

  /// The words of `a-b`, `A_B` and `aB`, in small letters.
  private static func words(of name: String) -> [String] {
    var result: [String] = [""]
    var wasSmall = false
    for character in name {
      if !character.isLetter && !character.isNumber {
        result.append("")
      } else {
        if character.isUppercase, wasSmall { result.append("") }
        result[result.count - 1] += character.lowercased()
      }
      wasSmall = character.isLowercase
    }
    return result.filter { !$0.isEmpty }
  }

  /// Texts that are secrets whatever they are called.
  private func adviseValues(_ value: JSON, at path: FieldPath) {
    switch value {
    case .string(let text):
      guard let kind = Self.secretKind(text) else { return }
      say("plain-secret", "\(path) holds \(kind)", hint: "keep it in a Secret; whoever has the manifest has it now", at: path)
    case .array(let elements): for (index, element) in elements.enumerated() { adviseValues(element, at: path[index]) }
    case .object(let members): for (key, member) in members where key != "status" { adviseValues(member, at: path[key]) }
    default: break
    }
  }

  private static func secretKind(_ text: String) -> String? {
    if text.contains("-----BEGIN "), text.contains("PRIVATE KEY-----") { return "a private key" }
    if text.utf8.count < 20 { return nil }
    for word in text.split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }) {
      let bytes = word.utf8.count
      if bytes == 20, word.hasPrefix("AKIA") || word.hasPrefix("ASIA"), word.allSatisfy({ $0.isUppercase || $0.isNumber }) {
        return "an AWS access key"
      }
      if bytes >= 40, ["ghp_", "gho_", "ghs_", "github_pat_"].contains(where: word.hasPrefix) { return "a GitHub token" }
      if bytes >= 40, word.hasPrefix("xoxb-") || word.hasPrefix("xoxp-") { return "a Slack token" }
    }
    return nil
  }
}
