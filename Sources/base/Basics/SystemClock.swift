import Glibc

/// This machine's clocks. Cores get times as arguments; only shells and tests' helpers ask here.
package enum SystemClock {
  /// The wall clock.
  package static func now() -> Instant {
    let time = read(CLOCK_REALTIME)
    return Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  /// A clock for waiting, with an unknown start: no setting of the wall clock moves it, and it goes on while the machine sleeps (CLOCK_BOOTTIME). Its
  /// instants mean nothing to another start of the machine.
  package static func steady() -> Instant {
    let time = read(clockid_t(CLOCK_BOOTTIME))
    return Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  /// Nanoseconds of a clock that never jumps, from an unknown start: for measuring only.
  package static func monotonicNanoseconds() -> UInt64 {
    let time = read(CLOCK_MONOTONIC)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  private static func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    clock_gettime(clock, &time)
    return time
  }
}
