/// Seeds that once showed a mistake. They run first and always.
let failedSeeds: [UInt64] = [1]

/// Seeds that show a mistake that is not mended yet, and which.
let disabledSeeds: [UInt64: String] = [:]
