/// Argon2id, version 1.3 (RFC 9106), without secret and associated data: how the customer's key of an S3 object is made from a password, so
/// that objects written by Argo can be read here and the other way round. The crypto packages have no Argon2.
enum Argon2 {
  private static let blockWords = 128
  private static let slices = 4

  /// - Parameters:
  ///   - passes: over the memory, at least 1.
  ///   - memory: in KiB; at least eight for each lane are taken.
  ///   - count: of the bytes made.
  static func key(password: [UInt8], salt: [UInt8], passes: UInt32, memory: UInt32, lanes: UInt32, count: UInt32) -> [UInt8] {
    let lanes = max(1, lanes)
    let blocks = max(2 * UInt32(slices) * lanes, memory / (UInt32(slices) * lanes) * UInt32(slices) * lanes)
    var seed: [UInt8] = []
    for number in [lanes, count, memory, passes, 0x13, 2, UInt32(password.count)] { seed += bytes(number) }
    seed += password + bytes(UInt32(salt.count)) + salt + bytes(0) + bytes(0)
    let first = BLAKE2b.hash(seed, count: 64)
    let words = UnsafeMutablePointer<UInt64>.allocate(capacity: Int(blocks) * blockWords)
    words.initialize(repeating: 0, count: Int(blocks) * blockWords)
    defer {
      words.update(repeating: 0, count: Int(blocks) * blockWords)
      words.deallocate()
    }
    let perLane = Int(blocks / lanes)
    for lane in 0..<Int(lanes) {
      for column in 0..<2 {
        let start = long(first + bytes(UInt32(column)) + bytes(UInt32(lane)), count: 1024)
        let block = words + (lane * perLane + column) * blockWords
        for word in 0..<blockWords { block[word] = BLAKE2b.word(start[(word * 8)..<(word * 8 + 8)]) }
      }
    }
    var fill = Filling(words: words, lanes: Int(lanes), perLane: perLane, passes: Int(passes))
    for pass in 0..<Int(passes) {
      for slice in 0..<slices { for lane in 0..<Int(lanes) { fill.segment(pass: pass, slice: slice, lane: lane) } }
    }
    var last = [UInt64](repeating: 0, count: blockWords)
    for lane in 0..<Int(lanes) {
      let block = words + ((lane + 1) * perLane - 1) * blockWords
      for word in 0..<blockWords { last[word] ^= block[word] }
    }
    return long(last.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }, count: Int(count))
  }

  /// The hash of variable length (section 3.3).
  private static func long(_ input: [UInt8], count: Int) -> [UInt8] {
    let input = bytes(UInt32(count)) + input
    guard count > 64 else { return BLAKE2b.hash(input, count: count) }
    var result: [UInt8] = []
    var current = BLAKE2b.hash(input, count: 64)
    while count - result.count > 64 {
      result += current.prefix(32)
      let rest = count - result.count
      current = BLAKE2b.hash(current, count: min(64, rest))
    }
    return result + current
  }

  private static func bytes(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }

  /// Fills the memory segment by segment (section 3.2).
  private struct Filling {
    let words: UnsafeMutablePointer<UInt64>
    let lanes: Int
    let perLane: Int
    let passes: Int
    private var addresses = [UInt64](repeating: 0, count: blockWords)
    private var input = [UInt64](repeating: 0, count: blockWords)
    private let zero = [UInt64](repeating: 0, count: blockWords)

    init(words: UnsafeMutablePointer<UInt64>, lanes: Int, perLane: Int, passes: Int) {
      self.words = words
      self.lanes = lanes
      self.perLane = perLane
      self.passes = passes
    }

    mutating func segment(pass: Int, slice: Int, lane: Int) {
      let length = perLane / slices
      // The first half of the first pass looks at places that the password does not decide.
      let isIndependent = pass == 0 && slice < slices / 2
      if isIndependent {
        input = [UInt64(pass), UInt64(lane), UInt64(slice), UInt64(lanes * perLane), UInt64(passes), 2] + zero.dropFirst(6)
      }
      let start = pass == 0 && slice == 0 ? 2 : 0
      if start == 2, isIndependent { nextAddresses() }
      for index in start..<max(start, length) {
        let column = slice * length + index
        let previous = words + (lane * perLane + (column + perLane - 1) % perLane) * blockWords
        if isIndependent, index % blockWords == 0 { nextAddresses() }
        let random = isIndependent ? addresses[index % blockWords] : previous[0]
        let other = pass == 0 && slice == 0 ? lane : Int((random >> 32) % UInt64(lanes))
        var area = pass == 0 ? slice * length : perLane - length
        if other == lane { area += index - 1 } else if index == 0 { area -= 1 }
        let low = random & 0xFFFF_FFFF
        let distance = (UInt64(area) &* ((low &* low) >> 32)) >> 32
        let origin = pass == 0 || slice == slices - 1 ? 0 : (slice + 1) * length
        let place = (origin + area - 1 - Int(distance)) % perLane
        compress(
          previous, words + (other * perLane + place) * blockWords, into: words + (lane * perLane + column) * blockWords, adds: pass > 0)
      }
    }

    private mutating func nextAddresses() {
      input[6] &+= 1
      input.withUnsafeBufferPointer { input in
        zero.withUnsafeBufferPointer { zero in
          addresses.withUnsafeMutableBufferPointer { addresses in
            guard let input = input.baseAddress, let zero = zero.baseAddress, let target = addresses.baseAddress else { return }
            compress(zero, input, into: target, adds: false)
            compress(zero, target, into: target, adds: false)
          }
        }
      }
    }
  }

  /// The compression function G (section 3.5).
  private static func compress(
    _ left: UnsafePointer<UInt64>, _ right: UnsafePointer<UInt64>, into target: UnsafeMutablePointer<UInt64>, adds: Bool
  ) {
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * blockWords) { space in
      guard let mixed = space.baseAddress else { return }
      let work = mixed + blockWords
      for word in 0..<blockWords {
        mixed[word] = left[word] ^ right[word]
        work[word] = mixed[word]
      }
      for row in 0..<8 { permute(work + 16 * row, stride: 2) }
      for column in 0..<8 { permute(work + 2 * column, stride: 16) }
      for word in 0..<blockWords {
        let value = work[word] ^ mixed[word]
        target[word] = adds ? target[word] ^ value : value
      }
    }
  }

  /// The permutation P over sixteen words: eight pairs that lie `stride` apart.
  private static func permute(_ words: UnsafeMutablePointer<UInt64>, stride: Int) {
    func place(_ index: Int) -> Int { index / 2 * stride + index % 2 }
    func mix(_ a: Int, _ b: Int, _ c: Int, _ d: Int) {
      let (a, b, c, d) = (place(a), place(b), place(c), place(d))
      func step(_ x: Int, _ y: Int, _ z: Int, _ turn: UInt64) {
        let product = (words[x] & 0xFFFF_FFFF) &* (words[y] & 0xFFFF_FFFF)
        words[x] = words[x] &+ words[y] &+ 2 &* product
        let value = words[z] ^ words[x]
        words[z] = value >> turn | value << (64 - turn)
      }
      step(a, b, d, 32)
      step(c, d, b, 24)
      step(a, b, d, 16)
      step(c, d, b, 63)
    }
    mix(0, 4, 8, 12)
    mix(1, 5, 9, 13)
    mix(2, 6, 10, 14)
    mix(3, 7, 11, 15)
    mix(0, 5, 10, 15)
    mix(1, 6, 11, 12)
    mix(2, 7, 8, 13)
    mix(3, 4, 9, 14)
  }
}

/// BLAKE2b (RFC 7693) without a key.
enum BLAKE2b {
  private static let initial: [UInt64] = [
    0x6A09_E667_F3BC_C908, 0xBB67_AE85_84CA_A73B, 0x3C6E_F372_FE94_F82B, 0xA54F_F53A_5F1D_36F1, 0x510E_527F_ADE6_82D1,
    0x9B05_688C_2B3E_6C1F, 0x1F83_D9AB_FB41_BD6B, 0x5BE0_CD19_137E_2179,
  ]
  private static let order: [[Int]] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4], [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13], [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11], [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5], [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
  ]

  /// `count` is 1 to 64 bytes.
  static func hash(_ input: [UInt8], count: Int) -> [UInt8] {
    var state = initial
    state[0] ^= 0x0101_0000 ^ UInt64(count)
    var offset = 0
    repeat {
      let end = min(input.count, offset + 128)
      compress(&state, input[offset..<end], counted: UInt64(end), isLast: end == input.count)
      offset = end
    } while offset < input.count
    return Array(state.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }.prefix(count))
  }

  /// Eight bytes, the lowest first.
  static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }

  private static func compress(_ state: inout [UInt64], _ block: ArraySlice<UInt8>, counted: UInt64, isLast: Bool) {
    let padded = Array(block) + [UInt8](repeating: 0, count: 128 - block.count)
    let message = (0..<16).map { word(padded[($0 * 8)..<($0 * 8 + 8)]) }
    var work = state + initial
    work[12] ^= counted
    if isLast { work[14] = ~work[14] }
    func turned(_ value: UInt64, _ turn: UInt64) -> UInt64 { value >> turn | value << (64 - turn) }
    func mix(_ a: Int, _ b: Int, _ c: Int, _ d: Int, _ x: UInt64, _ y: UInt64) {
      work[a] = work[a] &+ work[b] &+ x
      work[d] = turned(work[d] ^ work[a], 32)
      work[c] = work[c] &+ work[d]
      work[b] = turned(work[b] ^ work[c], 24)
      work[a] = work[a] &+ work[b] &+ y
      work[d] = turned(work[d] ^ work[a], 16)
      work[c] = work[c] &+ work[d]
      work[b] = turned(work[b] ^ work[c], 63)
    }
    for round in 0..<12 {
      let s = order[round % 10]
      mix(0, 4, 8, 12, message[s[0]], message[s[1]])
      mix(1, 5, 9, 13, message[s[2]], message[s[3]])
      mix(2, 6, 10, 14, message[s[4]], message[s[5]])
      mix(3, 7, 11, 15, message[s[6]], message[s[7]])
      mix(0, 5, 10, 15, message[s[8]], message[s[9]])
      mix(1, 6, 11, 12, message[s[10]], message[s[11]])
      mix(2, 7, 8, 13, message[s[12]], message[s[13]])
      mix(3, 4, 9, 14, message[s[14]], message[s[15]])
    }
    for index in 0..<8 { state[index] ^= work[index] ^ work[index + 8] }
  }
}
