import Glibc
import Synchronization

/// Cleans up behind test processes that crash or are killed: a shell that is told what there is, and that, when the pipe to it ends, kills the process groups and removes
/// the directories which were not taken back, with all processes whose environment names one of these. Not by the kernel's signal at a parent's death: that
/// comes with the end of the *thread* that started a program, and threads come and go.
final class Undertaker: Sendable {
  static let shared = Undertaker()

  /// The writing end of the pipe; -1 where there is no shell, as it happens.
  private let pipe: CInt

  private static let script = """
    trap '' INT TERM HUP
    left=' ' places=' '
    while read -r word subject; do
      case $word in
        +) left="$left$subject " ;;
        -) left="${left%% $subject *} ${left#* $subject }" ;;
        in) places="$places$subject " ;;
        out) places="${places%% $subject *} ${places#* $subject }" ;;
      esac
    done
    for group in $left; do kill -9 "-$group"; done
    for place in $places; do
      for environment in $(grep -lsF "$place" /proc/[0-9]*/environ); do
        process=${environment#/proc/}
        kill -9 "${process%/environ}"
      done
      sleep 0.2
      rm -rf "$place"
    done
    """

  private init() {
    var ends: [CInt] = [0, 0]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      pipe = -1
      return
    }
    defer { close(ends[0]) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Of a group of its own: what ends the tests by a signal to their group must not end it.
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    let arguments: [String] = ["sh", "-c", Self.script]
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=/usr/bin:/bin"), nil]
    defer { for pointer in words + variables { free(pointer) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, "/bin/sh", &actions, &attributes, &words, &variables)
    pipe = code == 0 ? ends[1] : -1
    if code != 0 { close(ends[1]) }
  }

  func knows(_ group: pid_t) { tell("+ \(group)") }
  func forgets(_ group: pid_t) { tell("- \(group)") }
  func knows(_ directory: String) { tell("in \(directory)") }
  func forgets(_ directory: String) { tell("out \(directory)") }

  /// One line, in one piece.
  private func tell(_ line: String) {
    guard pipe >= 0 else { return }
    let bytes = Array((line + "\n").utf8)
    _ = send(pipe, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }
}
