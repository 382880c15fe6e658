import CSQLite
import Glibc
import Synchronization

/// SQLite's side of ``FaultyDisk``. A file of it is three things in one piece of memory: SQLite's pointer to the methods, a reference to an ``OpenFile``, and
/// the file of the system's own layer, to which everything goes on.
private final class OpenFile {
  let disk: FaultyDisk
  /// The last part of its path; nil: a temporary one, which is not recorded.
  let name: String?
  /// With the next sync of the file its directory is synced too, as the system's layer does for new logs and journals.
  let syncsDirectory: Atomic<Bool>
  init(disk: FaultyDisk, name: String?, syncsDirectory: Bool) {
    self.disk = disk
    self.name = name
    self.syncsDirectory = Atomic(syncsDirectory)
  }
}

private typealias File = UnsafeMutablePointer<sqlite3_file>
private let innerOffset = 2 * MemoryLayout<UnsafeRawPointer>.stride

private func inner(_ file: File?) -> File? {
  guard let file else { return nil }
  return (UnsafeMutableRawPointer(file) + innerOffset).assumingMemoryBound(to: sqlite3_file.self)
}

private func reference(_ file: File?) -> Unmanaged<OpenFile>? {
  guard let file else { return nil }
  return (UnsafeRawPointer(file) + innerOffset / 2).load(as: UnsafeRawPointer?.self).map { Unmanaged.fromOpaque($0) }
}

private func open(_ file: File?) -> OpenFile? { reference(file)?.takeUnretainedValue() }

private func disk(_ vfs: UnsafeMutablePointer<sqlite3_vfs>?) -> FaultyDisk? {
  vfs?.pointee.pAppData.map { Unmanaged<FaultyDisk>.fromOpaque($0).takeUnretainedValue() }
}

private func lastPart(_ path: UnsafePointer<CChar>) -> String {
  let path = String(cString: path)
  return path.split(separator: "/").last.map(String.init) ?? path
}

extension FaultyDisk {
  func register() {
    csqlite_configure()
    guard let system = sqlite3_vfs_find(nil) else { return }
    let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
    vfs.initialize(to: system.pointee)
    vfs.pointee.pNext = nil
    vfs.pointee.szOsFile = system.pointee.szOsFile + Int32(innerOffset)
    vfs.pointee.zName = UnsafePointer(strdup(name))
    vfs.pointee.pAppData = Unmanaged.passRetained(self).toOpaque()
    vfs.pointee.xOpen = { vfs, path, file, flags, outFlags in
      guard let vfs, let file, let disk = disk(vfs), let system = sqlite3_vfs_find(nil) else { return SQLITE_ERROR }
      file.pointee.pMethods = nil
      let code = system.pointee.xOpen(system, path, inner(file), flags, outFlags)
      guard code == SQLITE_OK else { return code }
      let isNewLog = flags & SQLITE_OPEN_CREATE != 0 && flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL) != 0
      let opened = Unmanaged.passRetained(OpenFile(disk: disk, name: path.map(lastPart), syncsDirectory: isNewLog))
      (UnsafeMutableRawPointer(file) + innerOffset / 2).storeBytes(of: opened.toOpaque(), as: UnsafeMutableRawPointer.self)
      file.pointee.pMethods = UnsafePointer(Methods.table.pointer)
      return SQLITE_OK
    }
    vfs.pointee.xDelete = { vfs, path, isDirectorySynced in
      guard let disk = disk(vfs), let path, let system = sqlite3_vfs_find(nil) else { return SQLITE_ERROR }
      let code = system.pointee.xDelete(system, path, isDirectorySynced)
      if code == SQLITE_OK {
        disk.record(.delete(file: lastPart(path)))
        if isDirectorySynced != 0 { disk.record(.syncDirectory) }
      }
      return code
    }
    sqlite3_vfs_register(vfs, 0)
  }

  /// Takes the layer away, after everything that used it is closed.
  package func remove() {
    guard let vfs = sqlite3_vfs_find(name) else { return }
    sqlite3_vfs_unregister(vfs)
    if let retained = vfs.pointee.pAppData { Unmanaged<FaultyDisk>.fromOpaque(retained).release() }
    free(UnsafeMutablePointer(mutating: vfs.pointee.zName))
    vfs.deallocate()
  }
}

/// The methods of all files. Unchecked because the table is made once and never written again.
private struct Methods: @unchecked Sendable {
  static let table = Methods()
  let pointer = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)

  private init() {
    var methods = sqlite3_io_methods()
    // Without the methods of version 3 nothing is mapped into memory, so that every write is seen.
    methods.iVersion = 2
    methods.xClose = { file in
      let code = inner(file)?.pointee.pMethods.pointee.xClose(inner(file)) ?? SQLITE_ERROR
      reference(file)?.release()
      return code
    }
    methods.xRead = { file, bytes, count, offset in
      if let code = open(file)?.disk.fault(.read) { return code }
      return inner(file)?.pointee.pMethods.pointee.xRead(inner(file), bytes, count, offset) ?? SQLITE_ERROR
    }
    methods.xWrite = { file, bytes, count, offset in
      guard let opened = open(file), let bytes else { return SQLITE_ERROR }
      if let code = opened.disk.fault(.write) { return code }
      let code = inner(file)?.pointee.pMethods.pointee.xWrite(inner(file), bytes, count, offset) ?? SQLITE_ERROR
      if code == SQLITE_OK, let name = opened.name {
        let written = UnsafeRawBufferPointer(start: bytes, count: Int(count))
        opened.disk.record(.write(file: name, offset: Int(offset), bytes: Array(written)))
      }
      return code
    }
    methods.xTruncate = { file, size in
      guard let opened = open(file) else { return SQLITE_ERROR }
      if let code = opened.disk.fault(.write) { return code }
      let code = inner(file)?.pointee.pMethods.pointee.xTruncate(inner(file), size) ?? SQLITE_ERROR
      if code == SQLITE_OK, let name = opened.name { opened.disk.record(.truncate(file: name, size: Int(size))) }
      return code
    }
    methods.xSync = { file, flags in
      guard let opened = open(file) else { return SQLITE_ERROR }
      if let code = opened.disk.fault(.sync) { return code }
      // The record says what is safe; the tests' own disk need not wait for it.
      if let name = opened.name { opened.disk.record(.sync(file: name)) }
      if opened.syncsDirectory.exchange(false, ordering: .relaxed) { opened.disk.record(.syncDirectory) }
      return SQLITE_OK
    }
    methods.xFileSize = { inner($0)?.pointee.pMethods.pointee.xFileSize(inner($0), $1) ?? SQLITE_ERROR }
    methods.xLock = { inner($0)?.pointee.pMethods.pointee.xLock(inner($0), $1) ?? SQLITE_ERROR }
    methods.xUnlock = { inner($0)?.pointee.pMethods.pointee.xUnlock(inner($0), $1) ?? SQLITE_ERROR }
    methods.xCheckReservedLock = { inner($0)?.pointee.pMethods.pointee.xCheckReservedLock(inner($0), $1) ?? SQLITE_ERROR }
    methods.xFileControl = { inner($0)?.pointee.pMethods.pointee.xFileControl(inner($0), $1, $2) ?? SQLITE_ERROR }
    methods.xSectorSize = { inner($0)?.pointee.pMethods.pointee.xSectorSize(inner($0)) ?? 4096 }
    methods.xDeviceCharacteristics = { inner($0)?.pointee.pMethods.pointee.xDeviceCharacteristics(inner($0)) ?? 0 }
    methods.xShmMap = { inner($0)?.pointee.pMethods.pointee.xShmMap(inner($0), $1, $2, $3, $4) ?? SQLITE_ERROR }
    methods.xShmLock = { inner($0)?.pointee.pMethods.pointee.xShmLock(inner($0), $1, $2, $3) ?? SQLITE_ERROR }
    methods.xShmBarrier = { inner($0)?.pointee.pMethods.pointee.xShmBarrier(inner($0)) }
    methods.xShmUnmap = { inner($0)?.pointee.pMethods.pointee.xShmUnmap(inner($0), $1) ?? SQLITE_ERROR }
    pointer.initialize(to: methods)
  }
}
