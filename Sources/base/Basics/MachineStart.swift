import Glibc

/// Which start of the machine this is, by the kernel's `boot_id`: what was written under another one and not flushed may be lost.
package enum MachineStart {
  /// Empty where the kernel does not tell.
  package static let current: String = {
    let bytes = (try? LocalFiles.read("/proc/sys/kernel/random/boot_id", limit: 4096)) ?? []
    return String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
  }()
}
