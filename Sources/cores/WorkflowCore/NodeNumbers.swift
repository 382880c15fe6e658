/// Numbers of nodes in order. Most nodes have one parent and few children: one number stands by itself, and only more of them take memory of their own.
struct NodeNumbers: Sendable {
  private enum Form: Sendable {
    case none
    case one(Int32)
    case many([Int32])
  }
  private var form = Form.none

  init() {}
  init(_ numbers: some Sequence<Int>) { for number in numbers { append(number) } }

  mutating func append(_ number: Int) {
    switch form {
    case .none: form = .one(Int32(number))
    case .one(let first): form = .many([first, Int32(number)])
    case .many(var numbers):
      // So that the list is held once while it grows.
      form = .none
      numbers.append(Int32(number))
      form = .many(numbers)
    }
  }
}

extension NodeNumbers: RandomAccessCollection {
  var startIndex: Int { 0 }
  var endIndex: Int {
    switch form {
    case .none: 0
    case .one: 1
    case .many(let numbers): numbers.count
    }
  }

  subscript(position: Int) -> Int {
    switch form {
    case .none: preconditionFailure("an empty list has no element")
    case .one(let first): Int(first)
    case .many(let numbers): Int(numbers[position])
    }
  }
}

extension NodeNumbers: CustomStringConvertible {
  var description: String { "\(Array(self))" }
}
