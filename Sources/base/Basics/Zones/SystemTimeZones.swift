import Glibc

/// The time zones of this machine.
package enum SystemTimeZones {
  private static let directories = ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/usr/lib/locale/TZ", "/etc/zoneinfo"]

  /// The zone of an IANA name (`Asia/Tokyo`); nil when the machine's tz database has none of it. `UTC` is always there; no name may lead
  /// out of the database. Files are read at each call.
  package static func named(_ name: String) -> TimeZoneRules? {
    if name.isEmpty || name == "UTC" { return .utc }
    guard name.first != "/", !name.split(separator: "/", omittingEmptySubsequences: false).contains(where: { $0 == ".." || $0.isEmpty })
    else { return nil }
    for directory in directories {
      if let bytes = try? LocalFiles.read("\(directory)/\(name)", limit: 1 << 20) { return TimeZoneRules(name: name, tzif: bytes) }
    }
    return nil
  }

  /// The machine's own zone: what `TZ` names, else `/etc/localtime`, else UTC.
  package static func local() -> TimeZoneRules {
    if let variable = getenv("TZ") {
      let text = String(cString: variable)
      return named(text.hasPrefix(":") ? String(text.dropFirst()) : text) ?? .utc
    }
    guard let bytes = try? LocalFiles.read("/etc/localtime", limit: 1 << 20) else { return .utc }
    return TimeZoneRules(name: "Local", tzif: bytes) ?? .utc
  }
}
