import Basics
import JSONValue

/// What the times of a run are reckoned by: how far they are ahead of the clock that nobody sets, which begins anew with each start of the machine.
package struct RunClock: Sendable, Hashable {
  /// Which start of the machine it is of (``MachineStart``).
  package var machineStart: String
  package var ahead: TimeSpan

  package init(machineStart: String, ahead: TimeSpan) {
    self.machineStart = machineStart
    self.ahead = ahead
  }

  init?(json: JSON) {
    guard let start = json["machineStart"]?.string, let ahead = json["ahead"]?.int else { return nil }
    self.init(machineStart: start, ahead: TimeSpan(milliseconds: ahead))
  }

  var json: JSON { ["machineStart": .string(machineStart), "ahead": .int(ahead.milliseconds)] }
}

extension RunState {
  /// The run's clock, kept with it by whoever gives it the time; nil: none was set.
  package var clock: RunClock? {
    get { header.clock }
    set {
      guard newValue != header.clock else { return }
      header.clock = newValue
      isHeaderChanged = true
    }
  }
}
