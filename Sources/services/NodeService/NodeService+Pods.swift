import ArgoModel
import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel

/// What the service does for one pod.
extension NodeService {
  /// Adopts or starts a pod, on a worker.
  func launch(_ pod: Resource) {
    onWorker { [self] in
      guard !isStopping else { return }
      let uid = pod.uid
      let inbox = inbox
      let observe: @Sendable (PodReport) -> Void = { inbox.post(.reported(uid, $0)) }
      do {
        guard let current = try current(pod) else { return inbox.post(.withdrawn(uid)) }
        let directory = directory(of: current)
        if let run = try action(current, directory: directory, observe: observe) {
          try actions.begin(run)
          return inbox.post(.launched(uid))
        }
        if try runner.adopt(directory: directory, observe: observe) { return inbox.post(.launched(uid)) }
        if begun.isUnaccounted(uid), !current.isUserPod || current.restartPolicy == .never { throw PodFailure(BegunPods.lost) }
        LocalFiles.removeTree(directory)
        try LocalFiles.makeDirectories(directory, mode: 0o700)
        let preparation = PodPreparation(
          pod: current, directory: directory, store: store, artifacts: artifacts, settings: settings, now: SystemClock.now(),
          services: services)
        let plan = try preparation.plan()
        // Inputs may have taken long.
        guard let latest = try self.current(pod) else { return inbox.post(.withdrawn(uid)) }
        if StopRequest.manner(of: latest) != nil { throw PodFailure(StopRequest.notStarted) }
        guard !isStopping else { return }
        try begun.record(uid)
        _ = try runner.start(plan, directory: directory, observe: observe)
        inbox.post(.launched(uid))
      } catch let hold as PodHold {
        inbox.post(.held(uid, hold))
      } catch let failure as PodFailure where isAwaitable(failure, of: pod) {
        inbox.post(.held(uid, PodHold(cause: .container(failure.reason), message: failure.message)))
      } catch let failure as PodFailure {
        inbox.post(.refused(uid, failure.message))
      } catch let lack as MachineExhausted {
        inbox.post(.exhausted(uid, lack.description))
      } catch let status as KubeStatus where status.reason == .serviceUnavailable {
        inbox.post(.exhausted(uid, status.message))
      } catch {
        if let error = error as? FileError, let lack = MachineExhausted("\(error)", number: error.code) {
          return inbox.post(.exhausted(uid, lack.description))
        }
        inbox.post(.refused(uid, "\(error)"))
      }
    }
  }

  /// Whether a pod that cannot begin waits until it can.
  private func isAwaitable(_ failure: PodFailure, of pod: Resource) -> Bool {
    if failure.message == BegunPods.lost { return false }
    if failure.mayCome, settings.waitsForConfiguration { return true }
    return pod.isUserPod && failure.message != StopRequest.notStarted
  }

  /// The pod as it is stored now; nil when it is gone, replaced by another of its name, or over.
  private func current(_ pod: Resource) throws(KubeStatus) -> Resource? {
    guard let current = try store.get(pod.key), current.uid == pod.uid, !current.isOverPod else { return nil }
    return current
  }

  func stop(_ pod: Resource, _ manner: StopManner) {
    if !actions.stop(pod.uid, .stopped(manner)) { runner.stop(directory: directory(of: pod), manner) }
  }

  /// Removes what a deleted pod left, on a worker.
  func discard(_ pod: Resource) {
    let directory = directory(of: pod)
    onWorker { LocalFiles.removeTree(directory) }
  }

  /// Looks at what a pod's step says about its progress, on a worker.
  ///
  /// - Parameter scratch: where its `/tmp` lies, if not in its directory.
  func readProgress(_ pod: Resource, roles: [ContainerRole], scratch: String?) {
    let directory = directory(of: pod)
    let inbox = inbox
    onWorker {
      let names = roles.filter { $0.role == .main }.map(\.name)
      if let progress = PodContract.progress(in: directory, containers: names, scratch: scratch) {
        inbox.post(.progressed(pod.uid, progress))
      }
    }
  }

  /// Tells the engine a pod's progress by the annotation that Argo's executor once used for it, on a worker.
  func writeProgress(_ progress: NodeProgress, of pod: Resource) {
    onWorker { [self] in
      guard !isStopping else { return }
      do throws(KubeStatus) {
        guard let current = try store.get(pod.key), current.uid == pod.uid else { return }
        let annotations: JSON = [ArgoKey.progress: .string("\(progress)")]
        try store.commit([.patch(pod.key, ["metadata": ["annotations": annotations]])], isDurable: false)
      } catch {
        // The next tick tells more.
        Diagnostics.report("cannot store the progress of pod \(pod.name): \(error.message)")
      }
    }
  }

  /// Runs a pod anew whose supervisor has died, on a worker.
  func relaunch(_ pod: Resource) {
    let directory = directory(of: pod)
    onWorker { [self] in
      begun.withdraw(pod.uid)
      LocalFiles.removeTree(directory)
      launch(pod)
    }
  }

  func write(_ status: JSON, of pod: Resource, isScheduled: Bool = true) {
    if let problem = keep(status, of: pod, result: nil, isScheduled: isScheduled) {
      Diagnostics.report("cannot write the status of pod \(pod.name): \(problem.message)")
    }
  }

  /// Keeps the outputs and writes the final status with them in one transaction, on a worker. `status`: of a pod that has no outputs.
  func conclude(_ pod: Resource, report: PodReport, roles: [ContainerRole], status: JSON? = nil) {
    onWorker { [self] in
      guard !isStopping else { return }
      let directory = directory(of: pod)
      services.accounts?.forget(pod.uid)
      // Before anybody is told that the pod is over: from then on it may be deleted.
      keptLogs?.keep(pod, directory: directory, roles: roles)
      if let status {
        write(status, of: pod)
        return tidy(pod)
      }
      var result: Resource?
      var failure: String?
      if report.failure == nil {
        let template = PodPreparation.template(of: pod)
        let context = PodPreparation.artifactContext(of: pod, template: template, store: store)
        let collected = PodOutputs(pod: pod, template: template, directory: directory, artifacts: artifacts, context: context).collect()
        failure = collected.failure
        // What could not be saved may be what fills the disk that the status is to be written to.
        if failure != nil { LocalFiles.removeTree("\(directory)/outputs") }
        result = Self.taskResult(of: pod, outputs: collected.outputs)
      }
      if let problem = keep(PodStatusView.finished(report, roles: roles, waitFailure: failure), of: pod, result: result) {
        let message = "the outputs cannot be stored: \(problem.message)"
        write(PodStatusView.finished(report, roles: roles, waitFailure: failure ?? message), of: pod)
      }
      tidy(pod)
    }
  }

  /// Secrets, scratch space and inputs are of no more use. Blocks.
  private func tidy(_ pod: Resource) {
    let directory = directory(of: pod)
    if !isStopping {
      for name in ["volumes", "inputs", "staging", "outputs", "argo", "config"] { LocalFiles.removeTree("\(directory)/\(name)") }
    }
    inbox.post(.collected(pod.uid))
  }

  /// Removes a deleted pod from the store, since nothing of it runs any more, on a worker. Finalizers keep it; whoever takes the last one off
  /// removes it then.
  func release(_ pod: Resource) {
    onWorker { [self] in
      guard !isStopping else { return }
      do throws(KubeStatus) {
        guard let current = try store.get(pod.key), current.uid == pod.uid, current.deletionTimestamp != nil else { return }
        if current.finalizers.isEmpty {
          try store.commit([.deleteIf(pod.key, Preconditions(uid: pod.uid))])
        } else if current.metadata["deletionGracePeriodSeconds"]?.int != 0 {
          try store.commit([.patch(pod.key, ["metadata": ["deletionGracePeriodSeconds": 0]])])
        }
      } catch {
        if error.reason != .notFound, error.reason != .conflict {
          Diagnostics.report("cannot remove the deleted pod \(pod.name): \(error.message)")
        }
      }
    }
  }

  /// The WorkflowTaskResult of a pod; nil when it left no outputs.
  private static func taskResult(of pod: Resource, outputs: JSON) -> Resource? {
    guard let nodeID = pod.annotation(ArgoKey.nodeID), outputs.object?.isEmpty == false else { return nil }
    return Resource(
      .workflowTaskResult,
      json: [
        "metadata": [
          "name": .string(nodeID), "namespace": .string(pod.namespace),
          "labels": [ArgoKey.workflow: .string(pod.label(ArgoKey.workflow) ?? "")],
        ],
        "outputs": outputs,
      ])
  }

  /// Stores a pod's status, and its result in the same transaction. A pod that is gone meanwhile needs none. While the store cannot write
  /// (a full disk, say) tries again until it can or the service stops: the next start then comes to the same end. Returns why the
  /// store refuses, if it does.
  private func keep(_ status: JSON, of pod: Resource, result: Resource?, isScheduled: Bool = true) -> KubeStatus? {
    var pause: UInt32 = 50
    while true {
      do throws(KubeStatus) {
        guard let current = try store.get(pod.key), current.uid == pod.uid else { return nil }
        var change: JSON = ["status": status]
        if isScheduled { change["spec"] = ["nodeName": .string(settings.hostName)] }
        var writes: [Write] = [.patch(pod.key, change)]
        // An earlier workflow of the same name may have left a result of this name.
        if let result { writes.insert(try store.get(result.key) == nil ? .create(result) : .update(result), at: 0) }
        // Not durable by itself: the engine's next decision is, and takes it along; until then the pod's directory tells it again.
        try store.commit(writes, isDurable: false)
        return nil
      } catch {
        switch error.reason {
        case .notFound, .alreadyExists, .conflict: break
        case .internalError, .serviceUnavailable, .tooManyRequests:
          if pause == 50 { Diagnostics.report("cannot store the status of pod \(pod.name), trying again: \(error.message)") }
        default: return error
        }
      }
      for _ in 0..<(pause / 10) {
        if isStopping { return nil }
        usleep(10_000)
      }
      pause = min(1000, pause * 2)
    }
  }
}

extension Resource {
  /// The pod belongs to the agent, not to a node: it runs an executor plugin.
  var isAgent: Bool { label(ArgoKey.component) == "agent" }
}
