import Glibc

/// A counting semaphore, initially 0, for threads that may block.
///
/// `@unchecked Sendable`: POSIX semaphores are made for several threads, and the memory lives as long as this object.
final class Semaphore: @unchecked Sendable {
  private let pointer: UnsafeMutablePointer<sem_t>

  init() {
    pointer = .allocate(capacity: 1)
    sem_init(pointer, 0, 0)
  }

  deinit {
    sem_destroy(pointer)
    pointer.deallocate()
  }

  func signal() { sem_post(pointer) }

  func wait() {
    while sem_wait(pointer) != 0 {}
  }
}
