import CLinux
import Contracts
import Glibc

/// Scratch space for one container: directories, and the overlay over the machine's root that writes into them, with `/dev`, `/sys` and `/tmp`, mounted nowhere.
struct ScratchSlot {
  let number: Int
  let place: String
  /// Open and locked (shared) by the launcher and by whoever has the slot: what nobody has locked is left over and may be removed.
  let directory: Int32
  /// The overlay's detached mount. Containers get copies of it.
  let overlay: Int32
  /// Of the upper layer when nothing had been written.
  fileprivate let untouched: [UInt64]
  /// Of its `/dev` (``DeviceFiles/state(of:)``).
  fileprivate let devices: [Int]
  fileprivate let group: ScratchGroup

  var upper: String { place + "/upper" }
  var temporary: String { place + "/tmp" }
}

/// The scratch spaces of a launcher. To mount file systems, and to make and remove their directories, costs a pod more than all else, so a space in
/// which a container has written nothing is given to the next pod of the same group: the file system forgets what names it has looked up,
/// so that the next container finds the machine's files as they are then. A space that was written to is made anew.
struct ScratchSlots {
  /// The most spaces, each of which takes two open files: at most half of those that a process may have.
  private let limit: Int

  private var free: [ScratchGroup: [ScratchSlot]] = [:]
  private var leased: [Int: ScratchSlot] = [:]
  private var count = 0
  /// Where leftovers have been looked for.
  private var cleaned: Set<String> = []
  /// Whether this kernel can do it; nil: not tried.
  private var isPossible: Bool?
  private let owner: String

  init() {
    owner = "\(getpid())-\(now())"
    limit = min(256, sysconf(Int32(_SC_OPEN_MAX)) / 4)
  }

  mutating func lease(_ group: ScratchGroup) -> ScratchSlot? {
    guard isPossible != false, geteuid() == 0 else { return nil }
    let known = free[group]?.popLast()
    guard known != nil || hasRoom() else { return nil }
    guard let slot = known ?? make(group) else {
      isPossible = isPossible ?? false
      return nil
    }
    leased[slot.number] = slot
    return slot
  }

  /// Whether there may be one more, for which another group may have to give one back.
  private mutating func hasRoom() -> Bool {
    if leased.count + free.values.reduce(0, { $0 + $1.count }) < limit { return true }
    guard let group = free.first(where: { !$0.value.isEmpty })?.key, let slot = free[group]?.popLast() else { return false }
    drop(slot, isOver: true)
    return true
  }

  mutating func release(_ number: Int, isReusable: Bool) {
    guard let slot = leased.removeValue(forKey: number) else { return }
    guard isReusable, isUntouched(slot), clx_forget_names(slot.overlay) == 0 else {
      drop(slot, isOver: isReusable)
      return
    }
    free[slot.group, default: []].append(slot)
  }

  /// Removes what nobody has.
  mutating func removeFree() {
    for slot in free.values.joined() { drop(slot, isOver: true) }
    free = [:]
    for place in cleaned { rmdir(place) }
  }

  /// - Parameter isOver: nothing of its pod lives. Else whoever looks for leftovers next removes it.
  private func drop(_ slot: ScratchSlot, isOver: Bool) {
    close(slot.overlay)
    if isOver { Self.remove(slot.place, in: slot.group.directory) }
    close(slot.directory)
  }

  private static func remove(_ place: String, in directory: String) {
    let parent = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard parent >= 0 else { return }
    Files.removeTree(at: parent, String(place.dropFirst(directory.utf8.count + 1)))
    close(parent)
  }

  private func isUntouched(_ slot: ScratchSlot) -> Bool {
    guard let state = Self.state(slot.upper, slot.overlay), state == slot.untouched, isEmpty(slot.upper),
      let devices = Self.devices(below: slot.overlay), devices == slot.devices
    else { return false }
    if !isEmpty(slot.temporary) { Files.removeAll(in: slot.temporary) }
    return isEmpty(slot.temporary) && Self.isFresh(slot.temporary)
  }

  private func isEmpty(_ path: String) -> Bool {
    let directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard directory >= 0 else { return false }
    defer { close(directory) }
    return Files.entries(of: directory).isEmpty
  }

  private static func isFresh(_ temporary: String) -> Bool {
    var info = stat()
    return lstat(temporary, &info) == 0 && info.st_mode == S_IFDIR | 0o1777 && info.st_uid == 0 && info.st_gid == 0
      && clx_has_attributes(temporary) == 0
  }

  private static func makeTemporary(_ path: String) -> Bool { mkdir(path, 0o755) == 0 && chmod(path, 0o1777) == 0 }

  private static func state(_ upper: String, _ overlay: Int32) -> [UInt64]? {
    var state = [UInt64](repeating: 0, count: Int(CLX_DIRECTORY_STATE))
    return clx_directory_state(upper, overlay, &state) == 0 ? state : nil
  }

  private mutating func make(_ group: ScratchGroup) -> ScratchSlot? {
    if cleaned.insert(group.directory).inserted {
      mkdir(group.directory, 0o700)
      removeLeftovers(group.directory)
    }
    count += 1
    let place = "\(group.directory)/\(owner)-\(count)"
    guard mkdir(place, 0o700) == 0 else { return nil }
    let directory = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0, flock(directory, LOCK_SH | LOCK_NB) == 0, mkdir(place + "/upper", 0o755) == 0, mkdir(place + "/work", 0o755) == 0,
      Self.makeTemporary(place + "/tmp")
    else {
      if directory >= 0 { close(directory) }
      Self.remove(place, in: group.directory)
      return nil
    }
    let overlay = clx_overlay_detached("/", place + "/upper", place + "/work")
    if overlay >= 0, isPossible == nil { isPossible = Self.forgetsNames(overlay) }
    guard overlay >= 0, isPossible == true, Self.furnish(overlay, temporary: place + "/tmp"), let devices = Self.devices(below: overlay),
      let untouched = Self.state(place + "/upper", overlay)
    else {
      if overlay >= 0 { close(overlay) }
      Self.remove(place, in: group.directory)
      close(directory)
      return nil
    }
    return ScratchSlot(
      number: count, place: place, directory: directory, overlay: overlay, untouched: untouched, devices: devices, group: group)
  }

  /// Attaches what each container has of its own below the root.
  private static func furnish(_ overlay: Int32, temporary: String) -> Bool {
    let devices = clx_devices_detached()
    let system = clx_open_tree("/sys", 0)
    let temporary = clx_open_tree(temporary, 0)
    defer { for tree in [devices, system, temporary] where tree >= 0 { close(tree) } }
    guard devices >= 0, DeviceFiles.make(in: devices, isUserNamespace: false).isEmpty, clx_attach_below(devices, overlay, "dev") == 0,
      temporary >= 0, clx_attach_below(temporary, overlay, "tmp") == 0
    else { return false }
    return system < 0 || (clx_tree_read_only(system) == 0 && clx_attach_below(system, overlay, "sys") == 0)
  }

  private static func devices(below overlay: Int32) -> [Int]? {
    let directory = openat(overlay, "dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { return nil }
    defer { close(directory) }
    return DeviceFiles.state(of: directory)
  }

  /// Removes what earlier launchers and supervisors have left.
  private func removeLeftovers(_ directory: String) {
    let parent = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard parent >= 0 else { return }
    for entry in Files.entries(of: parent) where entry.isDirectory {
      let place = openat(parent, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard place >= 0 else { continue }
      if flock(place, LOCK_EX | LOCK_NB) == 0 { Files.removeTree(at: parent, entry.name) }
      close(place)
    }
    close(parent)
  }

  /// Tries on this kernel what the reuse of an overlay relies on: copies of a detached mount, and that a name which was looked for in vain is
  /// found once it is there and the names are forgotten.
  private static func forgetsNames(_ overlay: Int32) -> Bool {
    let copy = clx_clone_tree(overlay)
    guard copy >= 0 else { return false }
    close(copy)
    var root = stat()
    guard stat("/", &root) == 0 else { return false }
    for directory in ["/var/tmp", "/tmp", "/root", "/"] {
      var info = stat()
      guard stat(directory, &info) == 0, info.st_dev == root.st_dev else { continue }
      let name = String((directory == "/" ? "" : directory.dropFirst() + "/") + ".argosy-probe-\(getpid())")
      guard faccessat(overlay, name, F_OK, 0) != 0 else { return false }
      let file = open("/" + name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      guard file >= 0 else { continue }
      close(file)
      defer { unlink("/" + name) }
      return clx_forget_names(overlay) == 0 && faccessat(overlay, name, F_OK, 0) == 0
    }
    return false
  }
}
