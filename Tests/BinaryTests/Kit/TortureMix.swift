/// Random workflows of all shapes whose ends are known, each step of which notes itself in a ledger.
struct TortureMix {
  /// What a workflow must have come to.
  struct Expectation {
    var name: String
    var phase: String
    /// Its supervisors may be killed: how often a step runs is not known then.
    var isVictim: Bool
    /// Pods that start when nothing is killed but the engine.
    var pods: Int
  }

  private(set) var expectations: [Expectation] = []
  private(set) var manifest = ""
  let locks = 4

  /// - Parameter notes: the directory of this machine that holds the ledger.
  init(seed: UInt64, workflows: Int, notes: String) {
    var random = Random(state: seed)
    for index in 0..<workflows {
      let shape = Shape.allCases[Int(random.next() % UInt64(Shape.allCases.count))]
      let name = "\(shape.rawValue)-\(index)"
      let body = shape.body(&random, locks: locks)
      expectations.append(Expectation(name: name, phase: body.phase, isVictim: shape == .victim, pods: body.pods))
      manifest += """
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {name: \(name)}
        spec:
          entrypoint: main
        \(Self.indented(body.specification, by: 2))
          volumes: [{name: notes, hostPath: {path: \(notes)}}]
          templates:
        \(Self.indented(body.templates + Self.steps, by: 4))

        """
    }
  }

  /// A workflow that needs every lock.
  func afterwards(notes: String) -> String {
    """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: afterwards}
    spec:
      entrypoint: nap
      synchronization: {mutexes: [\((0..<locks).map { "{name: lock-\($0)}" }.joined(separator: ", "))]}
      volumes: [{name: notes, hostPath: {path: \(notes)}}]
      templates:
    \(Self.indented(Self.steps, by: 4))
    """
  }

  private static func indented(_ text: String, by count: Int) -> String {
    text.split(separator: "\n").map { String(repeating: " ", count: count) + $0 }.joined(separator: "\n")
  }

  private static func step(_ name: String, _ script: String, _ extra: String = "") -> String {
    """
    - name: \(name)
    \(indented(extra, by: 2))
      container:
        image: busybox
        command: [sh, -c]
        args: ["echo start {{pod.name}} >> /notes/ledger; \(script)echo end {{pod.name}} >> /notes/ledger"]
        volumeMounts: [{name: notes, mountPath: /notes}]

    """
  }

  /// The templates that every workflow has.
  private static let steps =
    step("nap", "sleep 0.2; ") + step("fail", "sleep 0.1; echo end {{pod.name}} >> /notes/ledger; exit 3; ")
    // Fails twice: a mark of each attempt stays.
    + step(
      "third", "echo x >> /notes/{{inputs.parameters.mark}}; [ $(wc -l < /notes/{{inputs.parameters.mark}}) -ge 3 ] || exit 1; ",
      "inputs: {parameters: [{name: mark}]}\nretryStrategy: {limit: 3}")
    // What excludes others by a lock would find the directory of another.
    + step(
      "alone",
      "mkdir /notes/{{inputs.parameters.lock}} || echo OVERLAP >> /notes/ledger; sleep 0.1; rmdir /notes/{{inputs.parameters.lock}}; ",
      "inputs: {parameters: [{name: lock}]}\nsynchronization: {mutexes: [{name: '{{inputs.parameters.lock}}'}]}")
    + step("make", "echo made-by-{{workflow.name}} > /tmp/it; ", "outputs: {artifacts: [{name: it, path: /tmp/it}]}")
    + step(
      "use", "grep -qx made-by-{{workflow.name}} /in/it || exit 9; ", "inputs: {artifacts: [{name: it, path: /in/it}]}")
    + step("victim", "sleep 0.5; ", "retryStrategy: {limit: 20, retryPolicy: Always}")

  private enum Shape: String, CaseIterable {
    case fan, retry, lock, artifact, exit, suspension, diamond, victim

    struct Body {
      var specification = ""
      var templates: String
      var phase = "Succeeded"
      var pods: Int
    }

    func body(_ random: inout Random, locks: Int) -> Body {
      let count = 2 + Int(random.next() % 5)
      switch self {
      case .fan:
        return Body(
          specification: "parallelism: \(1 + random.next() % 4)",
          templates: "- name: main\n  steps: [[{name: n, template: nap, withSequence: {count: \"\(count * 2)\"}}]]\n", pods: count * 2)
      case .retry:
        let mark = "mark-\(random.next())"
        return Body(
          templates: "- name: main\n  steps: [[{name: r, template: third, arguments: {parameters: [{name: mark, value: \(mark)}]}}]]\n",
          pods: 3)
      case .lock:
        let lock = "lock-\(random.next() % UInt64(locks))"
        return Body(
          templates:
            "- name: main\n  steps: [[{name: l, template: alone, withSequence: {count: \"\(count)\"}, arguments: {parameters: [{name: lock, value: \(lock)}]}}]]\n",
          pods: count)
      case .artifact:
        return Body(
          templates: """
            - name: main
              steps:
              - [{name: make, template: make}]
              - [{name: use, template: use, withSequence: {count: "\(count)"}, arguments: {artifacts: [{name: it, from: '{{steps.make.outputs.artifacts.it}}'}]}}]

            """, pods: count + 1)
      case .exit:
        return Body(
          specification: "onExit: last",
          templates:
            "- name: main\n  steps: [[{name: f, template: fail}], [{name: never, template: nap}]]\n- name: last\n  steps: [[{name: e, template: nap}]]\n",
          phase: "Failed", pods: 2)
      case .suspension:
        return Body(
          templates:
            "- name: main\n  steps: [[{name: a, template: nap}], [{name: wait, template: wait}], [{name: b, template: nap}]]\n- name: wait\n  suspend: {duration: \"1\"}\n",
          pods: 2)
      case .diamond:
        return Body(
          templates: """
            - name: main
              dag:
                tasks:
                - {name: a, template: nap}
                - {name: b, template: fail, depends: a}
                - {name: c, template: nap, depends: a}
                - {name: d, template: nap, depends: b.Failed && c.Succeeded}

            """, pods: 4)
      case .victim:
        // One after the other, so that there are some at any time.
        let groups = (0..<count).map { "[{name: v\($0), template: victim}, {name: w\($0), template: victim}]" }
        return Body(templates: "- name: main\n  steps: [\(groups.joined(separator: ", "))]\n", pods: 2 * count)
      }
    }
  }
}

/// SplitMix64: the same numbers for the same seed everywhere.
struct Random {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
