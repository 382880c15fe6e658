/// Something that reads bytes of strangers, and what must hold whatever they are: no trap, no hang, bounded memory, and the properties that `run` checks.
package struct FuzzSubject: Sendable {
  /// A property that did not hold.
  package struct Broken: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
  }

  /// As `make fuzz` names it.
  package var name: String
  /// Inputs from which others are made.
  package var seeds: [[UInt8]]
  /// Reads the bytes; refusals are fine. Throws ``Broken``.
  package var run: @Sendable ([UInt8]) throws -> Void

  init(_ name: String, seeds: [String], run: @escaping @Sendable ([UInt8]) throws -> Void) {
    self.init(name, bytes: seeds.map { Array($0.utf8) }, run: run)
  }

  package init(_ name: String, bytes: [[UInt8]], run: @escaping @Sendable ([UInt8]) throws -> Void) {
    self.name = name
    seeds = bytes
    self.run = run
  }

  /// A subject that reads text; what is no UTF-8 never comes that far.
  init(text name: String, seeds: [String], run: @escaping @Sendable (String) throws -> Void) {
    self.init(name, seeds: seeds) { bytes in
      if let text = String(validating: bytes, as: UTF8.self) { try run(text) }
    }
  }

  package static let all: [FuzzSubject] = documents + languages + words + wires
}

func check(_ isSo: Bool, _ message: @autoclosure () -> String) throws(FuzzSubject.Broken) {
  if !isSo { throw FuzzSubject.Broken(message()) }
}
