import JSONValue

/// Locks that cannot be had as they are written. Argo takes such a manifest and lets the workflow fail, or the node end with an error, in these
/// words; so these are warnings, but for what is written twice without a tag: nobody means that, and nothing that runs beside it makes it good.
extension ValidationRun {
  func checkSynchronization(_ synchronization: JSON?, prefix: String, at path: FieldPath) {
    guard let synchronization, synchronization.object != nil else { return }
    func warn(_ message: String, hint: String? = nil, at path: FieldPath) {
      report("synchronization", "\(prefix)\(message)", hint: hint, at: path, severity: .warning)
    }
    for field in ["semaphores", "mutexes"] {
      var seen: Set<JSON> = []
      for (index, item) in synchronization.elements(field).enumerated() {
        let place = path[field][index]
        if !seen.insert(item).inserted {
          report(
            "synchronization", "\(prefix)duplicate synchronization item found", hint: "name each lock once", at: place,
            severity: isTemplated(item.text(.compact)) ? .warning : .error)
        }
        if field == "mutexes" {
          if item.text(at: "name").isEmpty { warn("Invalid lock key: ResourceName is missing", hint: "give the mutex a name", at: place) }
          continue
        }
        switch (item.holds("configMapKeyRef"), item.holds("database")) {
        case (true, true): warn("invalid semaphore with both ConfigMapKeyRef and Database", at: place)
        case (false, false): warn("cannot get LockName for a Semaphore without a ConfigMapRef or Database", at: place)
        case (true, false):
          let reference = item["configMapKeyRef"] ?? .null
          if reference.text(at: "name").isEmpty {
            warn("Invalid lock key: ResourceName is missing", hint: "name the ConfigMap", at: place["configMapKeyRef"])
          } else if reference.text(at: "key").isEmpty {
            warn("Invalid lock key: Key is missing for ConfigMap lock", at: place["configMapKeyRef"])
          }
        case (false, true):
          if (item["database"] ?? .null).text(at: "key").isEmpty {
            warn("Invalid lock key: ResourceName is missing", hint: "give the semaphore a key", at: place["database"])
          }
        }
      }
    }
  }
}
