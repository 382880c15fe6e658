import Glibc

/// How many files this process may hold open. Pods are started with the limit as it is then.
enum FileDescriptorLimit {
  /// With fewer than this even one step cannot run.
  static let needed: UInt = 128

  static var hard: UInt { current.rlim_max }

  /// Raises the soft limit to the hard one; false when that is too low.
  static func raise() -> Bool {
    var limit = current
    if limit.rlim_cur < limit.rlim_max {
      // Some programs close all descriptors up to the limit one by one: a million is more than enough.
      limit.rlim_cur = min(limit.rlim_max, 1 << 20)
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
    return current.rlim_cur >= needed
  }

  private static var current: rlimit {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return limit
  }
}
