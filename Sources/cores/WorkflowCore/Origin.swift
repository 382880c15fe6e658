import Basics
import JSONValue

/// Which part of its owner's work a node is.
enum Origin: Sendable, Hashable {
  case root
  /// The `n`th group of a Steps node.
  case group(Int)
  /// A step of a group, by its place there; of a loop the item's index.
  case step(Int, item: Int?)
  /// A task of a DAG.
  case task(Int)
  /// An item of a TaskGroup.
  case item(Int)
  /// An attempt of a Retry node.
  case attempt(Int)
  /// The `n`th lifecycle hook of the owner.
  case hook(Int)
  /// The exit hook of the owner.
  case exit
  case workflowHook(Int)
  case workflowExit
  /// A container of a container set.
  case container(String)

  /// The case alone, for packing.
  enum Kind: UInt8, Sendable { case root, group, step, task, item, attempt, hook, exit, workflowHook, workflowExit, container }

  /// Kind, number and item, the latter -1 where there is none. The name of a container is left out: its node has that.
  var packed: (Kind, Int32, Int32) {
    switch self {
    case .root: (.root, -1, -1)
    case .group(let number): (.group, Int32(clamping: number), -1)
    case .step(let place, let item): (.step, Int32(clamping: place), item.map { Int32(clamping: $0) } ?? -1)
    case .task(let place): (.task, Int32(clamping: place), -1)
    case .item(let item): (.item, Int32(clamping: item), -1)
    case .attempt(let number): (.attempt, Int32(clamping: number), -1)
    case .hook(let place): (.hook, Int32(clamping: place), -1)
    case .exit: (.exit, -1, -1)
    case .workflowHook(let place): (.workflowHook, Int32(clamping: place), -1)
    case .workflowExit: (.workflowExit, -1, -1)
    case .container: (.container, -1, -1)
    }
  }

  /// nil: a container's.
  init?(_ kind: Kind, _ number: Int32, _ item: Int32) {
    switch kind {
    case .root: self = .root
    case .group: self = .group(Int(number))
    case .step: self = .step(Int(number), item: item < 0 ? nil : Int(item))
    case .task: self = .task(Int(number))
    case .item: self = .item(Int(number))
    case .attempt: self = .attempt(Int(number))
    case .hook: self = .hook(Int(number))
    case .exit: self = .exit
    case .workflowHook: self = .workflowHook(Int(number))
    case .workflowExit: self = .workflowExit
    case .container: return nil
    }
  }

  /// It stands for a step, task, hook or entrypoint, not for a part of the engine's own work on one.
  var isUnit: Bool {
    switch self {
    case .attempt, .group, .container: false
    default: true
    }
  }
}

extension Origin {
  /// Appends it as JSON text: a list of a word and numbers.
  func write(to text: inout TextBuffer) {
    func add(_ number: Int) {
      text.append(UInt8(ascii: ","))
      text.append(decimal: Int64(number))
    }
    func list(_ word: StaticString, _ number: Int? = nil, _ item: Int? = nil) {
      text.append("[\"" as StaticString)
      text.append(word)
      text.append(UInt8(ascii: "\""))
      if let number { add(number) }
      if let item { add(item) }
      text.append(UInt8(ascii: "]"))
    }
    switch self {
    case .root: list("root")
    case .group(let number): list("group", number)
    case .step(let place, nil): list("step", place)
    case .step(let place, let item?): list("step", place, item)
    case .task(let place): list("task", place)
    case .item(let item): list("item", item)
    case .attempt(let number): list("attempt", number)
    case .hook(let place): list("hook", place)
    case .exit: list("exit")
    case .workflowHook(let place): list("workflowHook", place)
    case .workflowExit: list("workflowExit")
    case .container(let name): text.append(JSON.array(["container", .string(name)]).bytes())
    }
  }

  init?(json: JSON) {
    let number = json[1]?.int.map { Int($0) }
    switch (json[0]?.string, number) {
    case ("root", _): self = .root
    case ("group", let number?): self = .group(number)
    case ("step", let place?): self = .step(place, item: json[2]?.int.map { Int($0) })
    case ("task", let place?): self = .task(place)
    case ("item", let item?): self = .item(item)
    case ("attempt", let number?): self = .attempt(number)
    case ("hook", let place?): self = .hook(place)
    case ("exit", _): self = .exit
    case ("workflowHook", let place?): self = .workflowHook(place)
    case ("workflowExit", _): self = .workflowExit
    case ("container", _): self = .container(json[1]?.string ?? "")
    default: return nil
    }
  }
}
