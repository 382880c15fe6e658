import Basics
import Contracts
import Glibc
import KubeModel
import Synchronization

/// The directories of provisioned volumes: `<root>/pvc-<uid>`, before that `<root>/<namespace>/<claim>`.
final class VolumeDirectories: Sendable {
  let root: String
  private let removals = Mailbox<String>()
  private let thread = Mutex<OSThread?>(nil)

  init(root: String) { self.root = root }

  /// Goes on with what an earlier process had begun to remove.
  func start() {
    for name in LocalFiles.names(in: root) where name.hasPrefix(".removed-") { removals.post(root + "/" + name) }
    let removals = removals
    let started = startThread(name: "volumes") {
      while let path = removals.takeFirst() { LocalFiles.removeTree(path) }
    }
    thread.withLock { $0 = started }
  }

  /// Returns when what was to be removed is.
  func stop() {
    removals.close()
    thread.withLock { $0.take() }?.join()
  }

  /// Where the files of a claim are to lie.
  func place(for claim: Resource) throws(KubeStatus) -> String {
    let names = [claim.namespace, claim.name]
    guard names.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("/") }), !claim.uid.contains("/") else {
      throw KubeStatus(.invalid, "persistentvolumeclaim \"\(claim.name)\" has a name that no directory can have")
    }
    let earlier = "\(root)/\(claim.namespace)/\(claim.name)"
    return LocalFiles.isDirectory(earlier) ? earlier : "\(root)/pvc-\(claim.uid)"
  }

  /// Makes a directory that everybody may write into, as the local provisioners of Kubernetes do; one that is there stays as it is.
  func make(_ path: String) throws(KubeStatus) {
    guard !LocalFiles.exists(path) else { return }
    do throws(FileError) {
      if path.hasPrefix(root + "/"), let parent = LocalFiles.parent(of: path) { try LocalFiles.makeDirectories(parent, mode: 0o700) }
      try LocalFiles.makeDirectories(path)
    } catch {
      throw KubeStatus(.internalError, "the directory of a volume cannot be made: \(error)")
    }
    chmod(path, 0o777)
  }

  /// Whether a path is one of a provisioned volume.
  func holds(_ path: String) -> Bool {
    guard let normal = LocalFiles.normalized(path), normal.hasPrefix(root + "/") else { return false }
    let parts = normal.dropFirst(root.utf8.count + 1).split(separator: "/")
    return (parts.count == 1 && parts[0].hasPrefix("pvc-")) || parts.count == 2
  }

  /// Removes a directory of a provisioned volume: out of the way at once, file by file later.
  func remove(_ path: String) throws(KubeStatus) {
    guard holds(path) else { throw KubeStatus(.invalid, "\(path) is no directory of a provisioned volume") }
    let aside = "\(root)/.removed-\(SystemClock.monotonicNanoseconds())"
    guard rename(path, aside) == 0 else {
      if errno == ENOENT { return }
      throw KubeStatus(.internalError, "the directory \(path) cannot be removed: \(FileError("rename", path))")
    }
    if let parent = LocalFiles.parent(of: path), parent != root { rmdir(parent) }
    removals.post(aside)
  }
}
