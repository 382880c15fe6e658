internal import Basics
internal import JSONValue

extension Resource {
  /// Moves a Secret's `stringData` into `data`, encoded; it wins over what is there (Kubernetes' API of Secret). Other kinds stay as they are: a ConfigMap has
  /// no such field, its `data` is plain text. Throws `invalid` for what is no text.
  package mutating func foldStringData() throws(KubeStatus) {
    guard kind == .secret, let plain = json["stringData"] else { return }
    var data = json["data"]?.object ?? [:]
    guard plain.isNull || plain.object != nil else {
      throw KubeStatus(.invalid, "Secret \"\(name)\" is invalid: stringData: must be an object, is \(plain.typeName)")
    }
    for (key, value) in plain.object ?? [:] {
      guard let text = value.string else {
        throw KubeStatus(.invalid, "Secret \"\(name)\" is invalid: stringData[\(key)]: must be a string, is \(value.typeName)")
      }
      data[key] = .string(Base64.encode(text.utf8))
    }
    json.modifyObject { root in
      root["stringData"] = nil
      root["data"] = .object(data)
    }
  }
}
