/// Seeds that once showed a mistake, of the engine or of the simulation itself. They run first and always.
let failedSeeds: [UInt64] = [
  2, 26, 38, 61, 84, 89, 97, 114, 164, 176, 224, 236, 237, 244, 256, 291, 298, 319, 391, 932, 956, 1733, 1937, 3257, 3526, 3602, 3629, 4427,
  7408, 7692, 20204,
]

/// The same for runs that are retried and forked.
let failedSeedsOfGoingOn: [UInt64] = [20232, 20491]

/// Seeds that show a mistake that is not mended yet, and which.
let disabledSeeds: [UInt64: String] = [:]
