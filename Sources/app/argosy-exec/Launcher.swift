import CLinux
import Contracts
import Glibc
import JSONValue

/// `argosy-exec --launcher PADDING`: starts supervisors for the runner behind the socket at descriptor 3 (``LaunchRequest``), each as a copy of this process,
/// which costs a fraction of a new program. They are children of the runner's process and need neither it nor this process from then
/// on. Ends when the runner's end of the socket closes.
struct Launcher {
  private static let socket: Int32 = 3
  private var slots = ScratchSlots()
  private var mounts = MachineMounts()
  /// The memory that other processes read as this process's arguments.
  private let title: UnsafeMutableRawBufferPointer?

  static func main() -> Never {
    ArgosyExec.leaveRunner()
    _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
    _ = clx_close_from(4)
    // Once for all copies.
    _ = RootFileSystem.ownIdentity
    rehearse()
    var launcher = Launcher()
    launcher.serve()
    launcher.slots.removeFree()
    exit(0)
  }

  private init() { title = Self.argumentMemory() }

  /// Does some of what each copy does, since the runtime makes its tables at the first use of each type.
  private static func rehearse() {
    var container = PodPlan.Container(name: "main", role: .main, argv: ["true"], env: ["A=1"], workingDirectory: "/", mounts: [])
    container.mounts = [PodPlan.Mount(source: "/", target: "/", isReadOnly: false)]
    container.outputs = [PodPlan.Output(path: "/", name: "0")]
    let plan = PodPlan(podName: "", isolation: .namespaces, root: "/", deadline: nil, gracePeriod: 0, containers: [container])
    var report = PodReport(supervisor: 1, supervisorStart: 0, containers: [PodReport.Container(name: "main")])
    report.containers[0].exitCode = 0
    report.containers[0].startedAt = now()
    _ = try? PodPlan(json: JSON.parse(plan.json.bytes()))
    _ = report.json.bytes()
    _ = RootFileSystem.rehearse(plan.containers[0])
  }

  private mutating func serve() {
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: LaunchRequest.longest, alignment: 16)
    defer { buffer.deallocate() }
    var descriptors: [Int32] = [-1, -1, -1, -1]
    while true {
      var count: Int32 = 0
      let length = clx_receive_message(Self.socket, buffer, LaunchRequest.longest, &descriptors, &count)
      if length <= 0 { return }
      let given = Array(descriptors[..<Int(count)])
      switch LaunchRequest(UnsafeRawBufferPointer(start: buffer, count: Int(length))) {
      case .launch(let directory, let scratch) where given.count == 2:
        launch(directory, scratch: scratch, lock: given[0], notify: given[1])
      case .release(let slot, let isReusable): slots.release(slot, isReusable: isReusable)
      // Descriptors get lost where the limit of open files is reached.
      case .launch: answer(LaunchReply(process: -EMFILE))
      case nil: answer(LaunchReply(process: -EINVAL))
      }
      for descriptor in given { close(descriptor) }
    }
  }

  private mutating func launch(_ directory: String, scratch: ScratchGroup?, lock: Int32, notify: Int32) {
    var slot = scratch.flatMap { slots.lease($0) }
    let mounts = mounts.targets()
    var pidfd: Int32 = -1
    let process = clx_fork(UInt64(CLX_PARENT), &pidfd)
    if process == 0 { become(directory, lock: lock, notify: notify, slot: slot, mounts) }
    if process < 0, let held = slot {
      slots.release(held.number, isReusable: true)
      slot = nil
    }
    answer(LaunchReply(process: process, slot: slot?.number, place: slot?.place ?? ""), pidfd)
    if pidfd >= 0 { close(pidfd) }
  }

  private func answer(_ reply: LaunchReply, _ pidfd: Int32 = -1) {
    let bytes = reply.bytes
    let sent = clx_send_message(Self.socket, bytes, bytes.count, [pidfd], pidfd >= 0 ? 1 : 0)
    // The runner waits for an answer, whatever comes with it.
    if sent < 0, pidfd >= 0 { _ = clx_send_message(Self.socket, bytes, bytes.count, nil, 0) }
  }

  /// In the copy: runs the pod.
  private func become(_ directory: String, lock: Int32, notify: Int32, slot: ScratchSlot?, _ mounts: [String]) -> Never {
    // What is to stay is moved out of the way of its own new places.
    let kept = [notify, lock, slot?.directory ?? -1, slot?.overlay ?? -1].map { $0 < 0 ? -1 : fcntl($0, F_DUPFD_CLOEXEC, 32) }
    // For want of room among the open files the pod is begun anew later, as for want of processes.
    if kept[0] < 0 || kept[1] < 0 || (slot != nil && (kept[2] < 0 || kept[3] < 0)) { _exit(PodPlan.givenUpStatus) }
    for (offset, descriptor) in kept.enumerated() {
      let place = Int32(3 + offset)
      if descriptor < 0 { close(place) } else { dup2(descriptor, place) }
      _ = fcntl(place, F_SETFD, FD_CLOEXEC)
    }
    _ = clx_close_from(7)
    setsid()
    setTitle([CommandLine.arguments.first ?? "argosy-exec", directory, "--notify"])
    let prepared = Prepared(scratch: slot?.place, overlay: slot == nil ? -1 : 6, machineMounts: mounts)
    ArgosyExec.supervise(directory, lock: 4, pipe: RunnerPipe(descriptor: 3), prepared: prepared)
  }

  // MARK: Arguments

  /// Fields 48 and 49 of `/proc/self/stat`: where the kernel finds what it shows as the process's arguments.
  private static func argumentMemory() -> UnsafeMutableRawBufferPointer? {
    guard let bytes = Files.read("/proc/self/stat"), let name = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = bytes[(name + 1)...].split(whereSeparator: { $0 == 0x20 || $0 == 0x0A }).map { UInt(String(decoding: $0, as: UTF8.self)) }
    guard fields.count > 46, let start = fields[45], let end = fields[46], start > 0, end > start else { return nil }
    return UnsafeMutableRawPointer(bitPattern: start).map { UnsafeMutableRawBufferPointer(start: $0, count: Int(end - start)) }
  }

  /// Has others see these arguments, as those of a supervisor that was started as a program of its own.
  private func setTitle(_ arguments: [String]) {
    guard let title else { return }
    let bytes = arguments.joined(separator: "\0").utf8
    guard bytes.count < title.count else { return }
    for (place, byte) in bytes.enumerated() { title[place] = byte }
    for place in bytes.count..<title.count { title[place] = 0 }
  }
}

/// What is there already when a pod begins.
struct Prepared {
  /// Scratch space of the only container: its directories; nil: none.
  var scratch: String?
  /// The detached mount of its overlay, to be copied; -1: none.
  var overlay: Int32 = -1
  /// Where real file systems are mounted on the machine; nil: not looked up.
  var machineMounts: [String]?
}
