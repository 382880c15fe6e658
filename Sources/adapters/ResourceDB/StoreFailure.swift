import CSQLite
import KubeModel

/// Why a request failed inside the store: refused by its rules, or the database could not do it.
enum StoreFailure: Error {
  case refused(KubeStatus)
  /// SQLite's extended result code and its message.
  case database(code: Int32, message: String)

  /// SQLite's primary result code (`https://sqlite.org/rescode.html`), or nil for a refusal.
  var primaryCode: Int32? {
    if case .database(let code, _) = self { code & 0xFF } else { nil }
  }

  /// Whether another request of the same group might succeed alone where the group failed. After an I/O error none is tried again: a
  /// second flush may report success for pages that the first one lost.
  var mayConcernOneRequestOnly: Bool {
    switch primaryCode {
    case SQLITE_FULL, SQLITE_TOOBIG, SQLITE_NOMEM, SQLITE_CONSTRAINT: true
    default: false
    }
  }

  /// What the caller is told; names the file and the remedy.
  func status(file: String) -> KubeStatus {
    switch self {
    case .refused(let status): return status
    case .database(let code, let message):
      let detail = "SQLite: \(message), code \(code)"
      switch code & 0xFF {
      case SQLITE_FULL:
        return KubeStatus(.serviceUnavailable, "the disk of \(file) is full, nothing was stored: free some space and try again (\(detail))")
      case SQLITE_READONLY:
        return KubeStatus(.serviceUnavailable, "\(file) cannot be written: make the file and its directory writable (\(detail))")
      case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH:
        return KubeStatus(.serviceUnavailable, "\(file) cannot be opened: check the path and its permissions (\(detail))")
      case SQLITE_BUSY, SQLITE_LOCKED:
        return KubeStatus(.serviceUnavailable, "\(file) is locked by another program: close it and try again (\(detail))")
      case SQLITE_CORRUPT, SQLITE_NOTADB:
        return KubeStatus(
          .internalError,
          "\(file) is damaged or no database: stop the server and restore a backup, or save what is left with "
            + "`sqlite3 FILE .recover` (\(detail))")
      case SQLITE_IOERR:
        return KubeStatus(.internalError, "\(file) cannot be read or written, nothing was stored: check the disk (\(detail))")
      case SQLITE_TOOBIG:
        return KubeStatus(.invalid, "the object is too large to be stored in \(file) (\(detail))")
      case SQLITE_NOMEM:
        return KubeStatus(.serviceUnavailable, "not enough memory to use \(file) (\(detail))")
      default:
        return KubeStatus(.internalError, "\(file): \(detail)")
      }
    }
  }
}
