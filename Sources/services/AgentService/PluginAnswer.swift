import ArgoModel
import Basics
import Contracts
import JSONValue

/// What a plugin's answer to `template.execute` means.
enum PluginAnswer: Sendable, Hashable {
  /// The plugin does not execute this template.
  case notMine
  /// It does not know the call (404): it is not called again for this workflow.
  case neverAgain
  /// What it says, and when it wants to be called again; no result: nothing to tell yet.
  case node(TaskResult?, requeue: TimeSpan?)
  /// Passing trouble: to be called again.
  case retry(String)
  case failed(String)

  init(_ answer: Result<HTTPCallReply, HTTPCallFailure>, plugin: String) {
    switch answer {
    // What Go's client reports as a failure of the network is all taken for passing.
    case .failure(.failed(let message)): self = .retry(message)
    case .failure(.tooLarge(let limit)): self = .failed("the answer of plugin \(plugin) has more than \(limit) bytes")
    case .success(let reply):
      let text = String(decoding: reply.body, as: UTF8.self)
      switch reply.status {
      case 200: self = Self.read(text, plugin: plugin)
      case 404: self = .neverAgain
      case 503: self = .retry(text)
      default: self = .failed("\(reply.status)\(reply.reason.isEmpty ? "" : " " + reply.reason): \(text)")
      }
    }
  }

  private static func read(_ text: String, plugin: String) -> PluginAnswer {
    let json: JSON
    do { json = try JSON.parse(text) } catch { return .failed("the answer of plugin \(plugin) is no JSON: \(error)") }
    guard json.object != nil || json.isNull else { return .failed("the answer of plugin \(plugin) is a \(json.typeName), not an object") }
    guard let node = json.present("node") else { return .notMine }
    guard node.object != nil else { return .failed("node in the answer of plugin \(plugin) is a \(node.typeName), not an object") }
    var requeue: TimeSpan?
    if let value = json.present("requeue") {
      do throws(DurationError) {
        let duration = try GoDuration(parsing: value.string ?? value.text())
        if duration.nanoseconds > 0 { requeue = duration.timeSpan }
      } catch {
        return .failed("requeue in the answer of plugin \(plugin): \(error)")
      }
    }
    let phase = node["phase"]?.string ?? ""
    let result = TaskResult(phase, node["message"]?.string ?? "", outputs: node.present("outputs"))
    switch phase {
    case "Succeeded": return .node(result, requeue: nil)
    case "Failed", "Error", "Skipped", "Omitted": return .node(result, requeue: nil)
    case "", "Pending", "Running":
      // Argo waits for ever here.
      guard let requeue else {
        let said = phase.isEmpty ? "no phase" : "phase \(phase)"
        return .failed("plugin \(plugin) answered with \(said) and no requeue: it would never be called again")
      }
      return .node(phase.isEmpty ? nil : result, requeue: requeue)
    default: return .failed("plugin \(plugin) answered with phase \(JSON.string(phase).text()), which there is none of")
    }
  }
}
