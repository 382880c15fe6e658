import ArgoModel
import Basics
import JSONValue
import Templating

/// Retry nodes (spec 2.9).
extension RunState {
  mutating func startAttempt(_ retry: Int, _ number: Int) {
    guard !nodes[retry].phase.isFulfilled, let template = nodes[retry].template, nodes[retry].counts.attempts.count == number else {
      return
    }
    let name = NodeNames.attempt(nodes[retry].name, number)
    let label = nodes[retry].source.label
    var last: JSON = ["exitCode": "0", "status": "", "duration": "0", "message": ""]
    if let previous = nodes[retry].counts.attempts.last { emitMetrics(ofNode: previous) }
    if let previous = nodes[retry].counts.attempts.last { last = lastRetry(previous, unknownExitCode: "0") }
    var leaf = Frame(item: nodes[retry].details.item, inputs: nodes[retry].inputs)
    leaf.locals["node.name"] = nodes[retry].name
    if template.isPod { leaf.locals["pod.name"] = podName(name, label) }
    leaf.locals["retries"] = String(number)
    for (key, value) in last.object ?? [:] { leaf.locals["lastRetry.\(key)"] = value.string ?? "" }
    if template.isInline, let boundary = nodes[retry].boundary {
      leaf.outer = Frame.OuterFrame(boundary: boundary, item: nodes[retry].details.item)
    }
    leaf.locals.add(callerNames(of: retry))
    let start = Start(
      name: name, origin: .attempt(number), owner: retry, boundary: nodes[retry].boundary, parents: [retry],
      isOnExit: nodes[retry].isOnExit,
      isHook: nodes[retry].isHook, item: nodes[retry].details.item, memoization: nodes[retry].details.memoization)
    let attempt = startBody(
      start, template: template, scope: nodes[retry].source.scope, label: label, inputs: nodes[retry].inputs, depth: nodes[retry].depth,
      leaf: leaf,
      lastRetry: last, executionDeadline: nodes[retry].details.executionDeadline)
    nodes[retry].counts.attempts.append(attempt)
    if !nodes[retry].message.isEmpty {
      nodes[retry].message = ""
      changedNodes.insert(retry)
    }
  }

  private func lastRetry(_ attempt: Int, unknownExitCode: String) -> JSON {
    let seconds = ((nodes[attempt].finishedAt ?? now) - nodes[attempt].startedAt).seconds
    return [
      "exitCode": .string(nodes[attempt].outputs?["exitCode"]?.string ?? unknownExitCode),
      "status": .string(nodes[attempt].phase.rawValue),
      "duration": .string(JSON.plainDecimal(seconds)),
      "message": .string(nodes[attempt].message),
    ]
  }

  /// An attempt has ended, or come up as a daemon: go on, wait, or end.
  mutating func attemptEnded(_ retry: Int, _ attempt: Int) {
    guard !nodes[retry].phase.isFulfilled, nodes[retry].counts.attempts.last == attempt else { return }
    if nodes[attempt].isDaemoned {
      nodes[retry].isDaemoned = true
      nodes[retry].details.podIP = nodes[attempt].details.podIP
      emitMetrics(ofNode: retry)
      releaseLocks(retry)
      changedNodes.insert(retry)
      stack.append(.unit(retry))
      return
    }
    guard nodes[attempt].phase.isFulfilled else { return }
    nodes[retry].isDaemoned = false
    decideRetry(retry)
  }

  /// Argo's order of questions after a failed attempt.
  mutating func decideRetry(_ retry: Int) {
    guard let last = nodes[retry].counts.attempts.last, nodes[last].phase.isFulfilled, !nodes[retry].phase.isFulfilled else { return }
    let phase = nodes[last].phase
    func end(_ state: inout RunState, _ message: String) {
      state.nodes[retry].outputs = state.nodes[last].outputs
      state.setPhase(retry, phase, message)
    }
    guard phase.isFailedOrError else {
      nodes[retry].outputs = nodes[last].outputs
      setPhase(retry, .succeeded)
      return
    }
    if let shutdown = header.shutdown {
      end(&self, "Stopped with strategy '\(shutdown.rawValue)'")
      return
    }
    if let workflowDeadline, now > workflowDeadline || header.isDeadlinePassed, !nodes[retry].isOnExit {
      end(&self, "retry exceeded workflow deadline \(goTime(workflowDeadline))")
      return
    }
    do throws(RunFailure) {
      let strategy = try strategy(of: retry)
      let attempts = nodes[retry].counts.attempts.count
      let limit = try limit(of: strategy)
      if let backoff = strategy.backoff {
        let first = nodes[retry].counts.attempts[0]
        var maximum: Instant?
        if let text = backoff.maxDuration, !text.isEmpty {
          guard let span = parseDuration(text) else { throw RunFailure("unable to parse \(text) as a duration") }
          let moment = nodes[first].startedAt + span
          maximum = moment
          if now > moment {
            end(&self, "Max duration limit exceeded")
            return
          }
        }
        let wait = try self.wait(backoff, attempts: attempts)
        let until = (nodes[last].finishedAt ?? now) + wait
        if let maximum, until > maximum {
          end(&self, "Backoff would exceed max duration limit")
          return
        }
        if now < until, let limit, attempts <= limit {
          setPhase(retry, nodes[retry].phase, "Backoff for \(humanDuration(wait))")
          nodes[retry].wakeAt = until
          note(retry, .attempt, "\(attemptText(last, number: attempts - 1)): backoff for \(humanDuration(wait))")
          changedNodes.insert(retry)
          setTimer(.node(retry), at: until)
          return
        }
        nodes[retry].wakeAt = nil
        if nodes[retry].details.executionDeadline != maximum { nodes[retry].details.executionDeadline = maximum }
        setPhase(retry, nodes[retry].phase, "")
        changedNodes.insert(retry)
      }
      let (onFailed, onError) = policy(strategy, message: nodes[last].message)
      if (phase == .failed && !onFailed) || (phase == .error && !onError) {
        end(&self, nodes[last].message)
        return
      }
      if let limit, attempts > limit {
        end(&self, "No more retries left")
        return
      }
      var reason = ""
      if let expression = strategy.expression {
        reason = ", since \(expression) was true"
        var frame = Frame()
        frame.locals["retries"] = String(attempts - 1)
        for (key, value) in lastRetry(last, unknownExitCode: "-1").object ?? [:] { frame.locals["lastRetry.\(key)"] = value.string ?? "" }
        frame.inputs = nodes[retry].inputs
        guard try evaluate(condition: expression, frame) else {
          note(retry, .attempt, "\(attemptText(last, number: attempts - 1)): no other attempt, since \(expression) was false")
          end(&self, "retryStrategy.expression evaluated to false")
          return
        }
      }
      note(retry, .attempt, "\(attemptText(last, number: attempts - 1)): tried again\(reason)")
    } catch {
      raise(retry, error)
      return
    }
    nodes[retry].counts.pending.insert(nodes[retry].counts.attempts.count)
    stack.append(.pump(QueueEntry(units: retry)))
  }

  private func strategy(of retry: Int) throws(RunFailure) -> RetryStrategy {
    guard let template = nodes[retry].template, let tree = template.retryTree else { throw RunFailure("no retryStrategy") }
    var frame = Frame(inputs: nodes[retry].inputs)
    frame.locals["node.name"] = nodes[retry].name
    return RetryStrategy(try evaluate(tree, frame, isStrict: false))
  }

  private func limit(of strategy: RetryStrategy) throws(RunFailure) -> Int? {
    guard let text = strategy.limit else { return nil }
    guard let value = Int(text.trimmed) else { throw RunFailure("strconv.ParseInt: parsing \(JSON.string(text).text()): invalid syntax") }
    return value
  }

  private func wait(_ backoff: Backoff, attempts: Int) throws(RunFailure) -> TimeSpan {
    guard let text = backoff.duration, !text.isEmpty else { throw RunFailure("no base duration specified for retryStrategy") }
    guard let base = parseDuration(text) else { throw RunFailure("unable to parse \(text) as a duration") }
    var wait = base
    if let text = backoff.factor {
      guard let factor = Double(text) else { throw RunFailure("strconv.ParseInt: parsing \(JSON.string(text).text()): invalid syntax") }
      if factor > 0 {
        var product = Double(base.milliseconds)
        for _ in 0..<max(0, min(attempts - 1, 4096)) { product *= factor.rounded(.down) }
        wait = product < 9e15 ? TimeSpan(milliseconds: Int64(product)) : TimeSpan(milliseconds: 9_000_000_000_000_000)
      }
    }
    if let text = backoff.cap, !text.isEmpty {
      guard let cap = parseDuration(text) else { throw RunFailure("unable to parse \(text) as a duration") }
      wait = min(wait, cap)
    }
    return wait
  }

  private func policy(_ strategy: RetryStrategy, message: String) -> (onFailed: Bool, onError: Bool) {
    switch strategy.effectivePolicy {
    case .always: return (true, true)
    case .onError: return (false, true)
    case .onFailure: return (true, false)
    case .onTransientError:
      let isTransient = TransientErrors.match(message, pattern: world.limits.transientErrorPattern)
      return (isTransient, isTransient)
    }
  }

  /// Whether an attempt that could not even be started is tried again.
  func retriesErrors(_ retry: Int) -> Bool {
    let policy = nodes[retry].template?.retry?.effectivePolicy
    return policy == .always || policy == .onError || policy == .onTransientError
  }
}

/// A time as Go prints it: `2026-11-21 03:04:05 +0000 UTC`.
func goTime(_ instant: Instant) -> String {
  let text = instant.rfc3339
  return text.prefix(10) + " " + text.dropFirst(11).dropLast() + " +0000 UTC"
}
