import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import Templating

/// An `http` template with tags replaced (spec 1.8): what to send, and what the reply means.
struct HTTPTemplate: Sendable {
  let json: JSON
  let namespace: String

  init(_ template: JSON, namespace: String) {
    json = template["http"] ?? .object([:])
    self.namespace = namespace
  }

  private var method: String { json["method"]?.string ?? "" }
  private var url: String { json["url"]?.string ?? "" }
  private var body: String { json["body"]?.string ?? "" }
  private var condition: String { json["successCondition"]?.string ?? "" }

  private func bytes() throws(TaskFailure) -> [UInt8]? {
    guard let source = json.present("bodyFrom") else { return nil }
    guard let text = source["bytes"]?.string else { return [] }
    guard let bytes = Base64.decode(text) else { throw TaskFailure("bodyFrom.bytes is no base64") }
    return bytes
  }

  /// The request, with the values of secrets in its headers.
  func call(_ secrets: any SecretReading, store: any ResourceStoring, bodyLimit: Int) throws(TaskFailure) -> HTTPCall {
    var call = HTTPCall(method: method, url: url, bodyLimit: bodyLimit)
    for header in json.list("headers") {
      let name = header["name"]?.string ?? ""
      var value = header["value"]?.string ?? ""
      if let reference = header.at("valueFrom", "secretKeyRef"), reference.object != nil {
        value = try secret(reference, secrets, store)
      }
      if name.lowercased() == "host" { call.host = value } else { call.headers.append((GoHeaders.canonical(name), value)) }
    }
    call.body = try bytes() ?? Array(body.utf8)
    call.timeout = json["timeoutSeconds"]?.int.map { TimeSpan(seconds: $0) }
    call.skipsVerification = json["insecureSkipVerify"]?.bool ?? false
    return call
  }

  private func secret(_ reference: JSON, _ secrets: any SecretReading, _ store: any ResourceStoring) throws(TaskFailure) -> String {
    let name = reference["name"]?.string ?? ""
    let key = reference["key"]?.string ?? ""
    if let bytes = secrets.secret(namespace: namespace, name: name, key: key) { return String(decoding: bytes, as: UTF8.self) }
    let found: Resource?
    do throws(KubeStatus) {
      found = try store.get(ResourceKey(.secret, namespace: namespace, name: name))
    } catch {
      throw TaskFailure(error.message)
    }
    throw TaskFailure(
      found == nil ? "secrets \(JSON.string(name).text()) not found" : "secret '\(name)' does not have the key '\(key)'")
  }

  /// The result of a call. Without `successCondition` every status of 2xx is a success.
  func result(_ answer: Result<HTTPCallReply, HTTPCallFailure>, now: Instant) -> TaskResult {
    switch answer {
    case .failure(.failed(let message)): return TaskResult("Failed", message)
    case .failure(.tooLarge(let limit)):
      return TaskResult(
        "Error",
        "HTTP request completed successfully but an error occurred when patching its result: the body has more than \(limit) bytes")
    case .success(let reply):
      let text = String(decoding: reply.body, as: UTF8.self)
      var result = TaskResult("Succeeded", outputs: ["result": .string(text)])
      if condition.isEmpty {
        guard !(200..<300).contains(reply.status) else { return result }
        result.phase = "Failed"
        result.message = "received non-2xx response code: \(reply.status)"
        return result
      }
      do throws(TaskFailure) {
        guard try !isSuccess(reply, text: text, now: now) else { return result }
        result.phase = "Failed"
        result.message = "successCondition '\(condition)' evaluated false"
        return result
      } catch {
        return TaskResult("Failed", error.message)
      }
    }
  }

  private func isSuccess(_ reply: HTTPCallReply, text: String, now: Instant) throws(TaskFailure) -> Bool {
    // Argo keeps these names as they are written, and leaves those from secrets out.
    var sent: [String: ExprValue] = [:]
    for header in json.list("headers") where header.present("valueFrom") == nil {
      sent[header["name"]?.string ?? ""] = .array([.string(header["value"]?.string ?? "")])
    }
    let scope = ValueScope(
      [
        "request": .map([
          "method": .string(method), "url": .string(url), "body": .string(body), "headers": .map(sent),
          "bodyBytes": .array(try bytes()?.map { .int(Int64($0)) } ?? []),
        ]),
        "response": .map([
          "statusCode": .int(Int64(reply.status)), "body": .string(text), "headers": GoHeaders.value(reply.headers),
        ]),
      ], now: now, random: { UInt64.random(in: .min ... .max) })
    let expression: Expression
    do throws(ExpressionError) { expression = try Expression(compiling: condition) } catch { throw TaskFailure(error.message) }
    let value: ExprValue
    do throws(ExpressionError) {
      value = try expression.evaluate(in: scope)
    } catch {
      throw TaskFailure("unable to evaluate expression '\(condition)': \(error.message)")
    }
    guard case .bool(let isTrue) = value else {
      let shown = (try? value.insertedText()) ?? value.typeName
      throw TaskFailure("unable to cast expression result '\(shown)' to bool")
    }
    return isTrue
  }
}
