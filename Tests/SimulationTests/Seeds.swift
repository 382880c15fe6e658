/// Seeds that once showed a mistake, of the engine or of the simulation itself. They run first and always.
let failedSeeds: [UInt64] = [2, 26, 164, 244]

/// Seeds that show a mistake that is not mended yet, and which.
let disabledSeeds: [UInt64: String] = {
  var seeds: [UInt64: String] = [:]
  func add(_ reason: String, _ numbers: [UInt64]) { for number in numbers { seeds[number] = reason } }
  add(
    "a template with failFast ends while retries, hooks, suspended or nested nodes of it go on", [38, 61, 84, 89, 97, 114, 224, 237, 319])
  add("a template with failFast and a stop leave a TaskGroup running", [291])
  add("a step group with failFast gets a problem that is not stored", [176])
  add("the workflow's own hooks start beyond its parallelism", [256])
  add("what depends on a Steps node whose last group started nothing has no parent", [236])
  add("a restored state goes on differently; the cause is not found yet", [298, 391])
  return seeds
}()
