import ArgoModel
import Basics
import CLinux
import Glibc
import JSONValue
import KubeModel
import WorkflowCore

/// Time per decision of the engine alone: no store, no processes. Every pod succeeds at once; what the service would commit is taken after each
/// event, as the service does.
@main struct EngineBenchmark {
  static func main() {
    print("| Engine alone | nodes | events | µs per event | decisions/s | against the smallest | bytes per node |")
    print("|---|---|---|---|---|---|---|")
    // What a program does once, at the first use of each type, is no decision.
    for workflow in [fanOut(100), layers(200)] { _ = measure(workflow) }
    for (name, sizes, make) in [
      ("fan-out", [1_000, 10_000, 100_000], fanOut), ("DAG, layers of 100", [1_000, 10_000], layers),
    ] as [(String, [Int], (Int) -> JSON)] {
      var smallest: Double?
      for size in sizes {
        let (events, seconds, bytes) = measure(make(size))
        let each = seconds / Double(events) * 1e6
        let ratio = each / (smallest ?? each)
        smallest = smallest ?? each
        print(
          "| \(name) | \(size) | \(events) | \(rounded(each)) | \(Int(Double(events) / seconds)) | \(rounded(ratio))x | \(bytes / size) |")
      }
    }
  }

  private static func rounded(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }

  private static let step: JSON = ["name": "true", "container": ["image": "busybox", "command": ["/bin/true"]]]

  private static func workflow(_ main: JSON) -> JSON {
    ["metadata": ["name": "bench", "namespace": "default", "uid": "u"], "spec": ["entrypoint": "main", "templates": [step, main]]]
  }

  private static func fanOut(_ count: Int) -> JSON {
    workflow(["name": "main", "steps": [[["name": "f", "template": "true", "withSequence": ["count": .string(String(count))]]]]])
  }

  /// Each task of a layer needs two of the layer before.
  private static func layers(_ count: Int) -> JSON {
    let tasks = (0..<count).map { index -> JSON in
      var task: JSONObject = ["name": .string("t\(index)"), "template": "true"]
      if index >= 100 {
        let before = index / 100 * 100 - 100
        task["dependencies"] = [.string("t\(before + index % 100)"), .string("t\(before + (index + 1) % 100)")]
      }
      return .object(task)
    }
    return workflow(["name": "main", "dag": ["tasks": .array(tasks)]])
  }

  private static func measure(_ workflow: JSON) -> (events: Int, seconds: Double, bytes: Int) {
    let before = Int(clx_memory_in_use())
    var clock = Instant(seconds: 1_700_000_000)
    var state = RunState(workflow: Resource(.workflow, json: workflow), templates: TemplateCatalog([]))
    var pods: [String] = []
    var next = 0
    var events = 0
    let start = SystemClock.monotonicNanoseconds()
    func decide(_ event: RunEvent) {
      clock = clock + TimeSpan(milliseconds: 1)
      for effect in state.decide(event, in: World(now: clock)) {
        if case .createPod(let pod) = effect { pods.append(pod.name) }
      }
      _ = state.takeChanges()
      events += 1
    }
    decide(.submitted)
    while next < pods.count {
      let name = pods[next]
      next += 1
      decide(.podObserved(PodObservation(podName: name, phase: .running)))
      decide(.podObserved(PodObservation(podName: name, phase: .succeeded)))
    }
    let seconds = Double(SystemClock.monotonicNanoseconds() - start) / 1e9
    guard state.phase == .succeeded else {
      print("the benchmark's workflow ended \(state.phase): \(state.message)")
      exit(1)
    }
    pods = []
    let bytes = Int(clx_memory_in_use()) - before
    return withExtendedLifetime(state) { (events, seconds, bytes) }
  }
}
