/// Where a server keeps its data when it is not told.
package enum DataDirectory {
  /// The data of the service of the machine (`argosy service install`).
  package static let ofTheMachine = "/var/lib/argosy"

  /// Where clients look for the data of a server on this machine, in order. A directory that is named is the only one.
  package static func places(_ environment: (String) -> String?) -> [String] {
    let usual = usual(environment).map { [$0] } ?? []
    return environment("ARGOSY_DATA").map { !$0.isEmpty } == true ? usual : usual + [ofTheMachine]
  }

  /// `$ARGOSY_DATA`, else `argosy` below `$XDG_DATA_HOME` or `~/.local/share`; nil without a home.
  package static func usual(_ environment: (String) -> String?) -> String? {
    func value(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
    if let named = value("ARGOSY_DATA") { return named }
    if let data = value("XDG_DATA_HOME"), data.hasPrefix("/") { return data + "/argosy" }
    return value("HOME").map { $0 + "/.local/share/argosy" }
  }
}
