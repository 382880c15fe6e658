import Contracts

extension TerraformStateRows {
  /// The keys that contents are sealed with.
  func keys() throws(StoreFailure) -> Set<String> {
    let statement = try Statement(
      connection, "SELECT DISTINCT substr(content, 1, \(SealedText.headLength)) FROM terraform_versions", isKept: false)
    defer { statement.finalize() }
    var found: Set<String> = []
    while try statement.step() { if let key = SealedText.key(of: statement.bytes(0)) { found.insert(key) } }
    return found
  }

  /// Seals the contents that do not begin with `head`, which names the present key, and leaves the transaction open that it began for that. Returns how many
  /// there were, and whether one of them was not sealed at all.
  func reseal(unless head: String) throws(StoreFailure) -> (count: Int, hadPlain: Bool) {
    let list = try Statement(
      connection, "SELECT rowid FROM terraform_versions WHERE substr(content, 1, \(head.utf8.count)) <> ?1", isKept: false)
    defer { list.finalize() }
    try list.bind(1, head)
    var rows: [Int64] = []
    while try list.step() { rows.append(list.integer(0)) }
    guard !rows.isEmpty else { return (0, false) }
    if !connection.isInTransaction { try connection.run(.begin) }
    var hadPlain = false
    for row in rows { if try reseal(row: row) { hadPlain = true } }
    return (rows.count, hadPlain)
  }

  /// True when the content was plain.
  private func reseal(row: Int64) throws(StoreFailure) -> Bool {
    let read = try Statement(
      connection,
      """
      SELECT s.namespace, s.key, v.version, v.content FROM terraform_versions AS v JOIN terraform_states AS s ON s.id = v.state \
      WHERE v.rowid = ?1
      """, isKept: false)
    defer { read.finalize() }
    try read.bind(1, row)
    guard try read.step() else { return false }
    let key = TerraformStateKey(namespace: read.string(0), key: read.string(1))
    let version = read.integer(2)
    let text = read.bytes(3)
    let content = try opened(text, key, version)
    let write = try Statement(connection, "UPDATE terraform_versions SET content = ?2 WHERE rowid = ?1", isKept: false)
    defer { write.finalize() }
    try write.bind(1, row)
    try write.bind(2, sealed(content, key, version))
    _ = try write.step()
    return !SealedText.isSealed(text)
  }
}
