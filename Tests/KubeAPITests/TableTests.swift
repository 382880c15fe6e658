import Basics
import JSONValue
import KubeAPI
import KubeModel
import Testing

@Suite struct TableTests {
  let now = Instant(seconds: 1_700_000_000)
  let catalog = Catalog()

  private func cells(_ apiVersion: String, _ kind: String, _ json: JSON) throws -> [String: JSON] {
    let kind = try #require(catalog.kind(apiVersion: apiVersion, kind: kind))
    let cells = TableBuilder(kind).cells(of: Resource(kind.kind, json: json), now: now)
    return Dictionary(uniqueKeysWithValues: zip(kind.columns.map(\.name), cells))
  }

  private func pod(_ status: JSON, deleted: Bool = false, initContainers: JSON = []) throws -> [String: JSON] {
    var metadata: JSON = ["name": "p", "creationTimestamp": "2023-11-14T22:10:20Z"]
    if deleted { metadata["deletionTimestamp"] = "2023-11-14T22:13:00Z" }
    return try cells(
      "v1", "Pod",
      [
        "metadata": metadata, "spec": ["containers": [["name": "main"], ["name": "wait"]], "initContainers": initContainers],
        "status": status,
      ])
  }

  @Test("a pod's status is that of its containers")
  func podStatus() throws {
    let running = try pod([
      "phase": "Running", "podIP": "127.0.0.1",
      "containerStatuses": [
        ["name": "main", "ready": true, "restartCount": 0, "state": ["running": [:]]],
        [
          "name": "wait", "ready": true, "restartCount": 2, "state": ["running": [:]],
          "lastState": ["terminated": ["exitCode": 1, "finishedAt": "2023-11-14T22:13:00Z"]],
        ],
      ],
    ])
    #expect(running["Ready"] == "2/2" && running["Status"] == "Running" && running["Restarts"] == "2 (20s ago)")
    #expect(running["Age"] == "3m" && running["IP"] == "127.0.0.1" && running["Node"] == "<none>")
    let done = try pod([
      "phase": "Succeeded",
      "containerStatuses": [["name": "main", "restartCount": 0, "state": ["terminated": ["exitCode": 0, "reason": "Completed"]]]],
    ])
    #expect(done["Ready"] == "0/2" && done["Status"] == "Completed")
    let killed = try pod([
      "phase": "Failed",
      "containerStatuses": [["name": "main", "restartCount": 0, "state": ["terminated": ["exitCode": 137, "signal": 9]]]],
    ])
    #expect(killed["Status"] == "Signal:9")
    #expect(try pod(["phase": "Running"], deleted: true)["Status"] == "Terminating")
    #expect(try pod(["phase": "Failed", "reason": "Evicted"])["Status"] == "Evicted")
    let starting = try pod(
      [
        "phase": "Pending",
        "initContainerStatuses": [["name": "i", "restartCount": 0, "state": ["waiting": ["reason": "PodInitializing"]]]],
      ],
      initContainers: [["name": "i"]])
    #expect(starting["Status"] == "Init:0/1")
    let broken = try pod(
      ["phase": "Pending", "initContainerStatuses": [["name": "i", "restartCount": 1, "state": ["terminated": ["exitCode": 3]]]]],
      initContainers: [["name": "i"]])
    #expect(broken["Status"] == "Init:ExitCode:3" && broken["Restarts"] == "1")
  }

  @Test("kinds print what Kubernetes prints of them")
  func otherKinds() throws {
    let secret = try cells("v1", "Secret", ["metadata": ["name": "s"], "type": "Opaque", "data": ["a": "", "b": ""]])
    #expect(secret["Data"] == 2 && secret["Type"] == "Opaque" && secret["Age"] == "<unknown>")
    let claim = try cells(
      "v1", "PersistentVolumeClaim",
      [
        "metadata": ["name": "c"], "spec": ["volumeName": "v", "storageClassName": "local", "volumeMode": "Filesystem"],
        "status": ["phase": "Bound", "capacity": ["storage": "1Gi"], "accessModes": ["ReadWriteMany", "ReadWriteOnce"]],
      ])
    #expect(claim["Status"] == "Bound" && claim["Capacity"] == "1Gi" && claim["Access Modes"] == "RWO,RWX")
    let event = try cells(
      "v1", "Event",
      [
        "metadata": ["name": "e"], "involvedObject": ["kind": "Pod", "name": "p"], "reason": "Started", "type": "Normal", "message": "up\n",
        "firstTimestamp": "2023-11-14T22:10:20Z", "lastTimestamp": "2023-11-14T22:13:10Z", "count": 3, "source": ["component": "argosy"],
      ])
    #expect(event["Last Seen"] == "10s" && event["Object"] == "pod/p" && event["Message"] == "up" && event["Count"] == 3)
    let binding = try cells(
      "rbac.authorization.k8s.io/v1", "RoleBinding",
      [
        "metadata": ["name": "b"], "roleRef": ["kind": "Role", "name": "r"],
        "subjects": [["kind": "User", "name": "u"], ["kind": "ServiceAccount", "name": "sa", "namespace": "n"]],
      ])
    #expect(binding["Role"] == "Role/r" && binding["Users"] == "u" && binding["ServiceAccounts"] == "n/sa" && binding["Groups"] == "")
    let workflow = try cells(
      "argoproj.io/v1alpha1", "Workflow",
      ["metadata": ["name": "w"], "status": ["phase": "Running", "startedAt": "2023-11-14T20:13:20Z", "message": "m"]])
    #expect(workflow == ["Name": "w", "Status": "Running", "Age": "120m", "Message": "m"])
    #expect(try cells("argoproj.io/v1alpha1", "Workflow", ["metadata": ["name": "w"]])["Age"] == .null)
    let scaled = try cells(
      "storage.k8s.io/v1", "StorageClass",
      [
        "metadata": ["name": "local", "annotations": ["storageclass.kubernetes.io/is-default-class": "true"]],
        "provisioner": "argosy.io/local",
      ])
    #expect(scaled["Name"] == "local (default)" && scaled["ReclaimPolicy"] == "Delete")
  }

  @Test("every rule that a column names makes a cell")
  func allRules() {
    for kind in catalog.kinds {
      for (column, cell) in zip(
        kind.columns, TableBuilder(kind).cells(of: Resource(kind.kind, json: ["metadata": ["name": "x"]]), now: now))
      where column.path.hasPrefix("@") {
        #expect(cell != .null, "\(kind.kind.kind) has no cell for \(column.path)")
      }
    }
  }

  @Test("a table has its columns, and rows with as much of the objects as was asked for")
  func wholeTable() throws {
    let kind = try #require(catalog.kind(apiVersion: "v1", kind: "Namespace"))
    let object = Resource(kind.kind, json: ["metadata": ["name": "a"], "status": ["phase": "Active"]])
    let table = TableBuilder(kind).table([object], metadata: ["resourceVersion": "7"], now: now)
    #expect(table["apiVersion"] == "meta.k8s.io/v1" && table.at("metadata", "resourceVersion") == "7")
    #expect(table["columnDefinitions"]?.array?.map { $0["name"] ?? .null } == ["Name", "Status", "Age"])
    #expect(table["columnDefinitions"]?.array?.first?["format"] == "name")
    let row = table["rows"]?.array?.first
    #expect(row?["cells"] == ["a", "Active", "<unknown>"])
    #expect(row?["object"] == ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": ["name": "a"]])
    let bare = TableBuilder(kind).table([object], metadata: [:], hasColumns: false, includes: .none, now: now)
    #expect(bare["columnDefinitions"] == .null && bare["rows"]?.array?.first?["object"] == .null)
    #expect(TableBuilder(kind).table([object], metadata: [:], includes: .object, now: now)["rows"]?.array?.first?["object"] == object.json)
  }

  @Test(
    "spans are printed as kubectl prints them",
    arguments: [
      (-5, "<invalid>"), (-1, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (599, "9m59s"), (600, "10m"), (10_799, "179m"), (10_800, "3h"),
      (28_799, "7h59m"), (28_800, "8h"), (172_799, "47h"), (172_800, "2d"), (691_199, "7d23h"), (691_200, "8d"), (63_072_000, "2y"),
      (63_158_400, "2y1d"), (252_288_000, "8y"),
    ])
  func durations(seconds: Int64, text: String) {
    #expect(HumanDuration.text(TimeSpan(seconds: seconds)) == text)
  }

  @Test("columns of definitions take the first value of their path, in the column's type")
  func customColumns() {
    var kind = APIKind(ResourceKind(group: "example.com", version: "v1", kind: "Thing", plural: "things"), singular: "thing", typeName: "x")
    kind.columns = [
      PrinterColumn("A", path: ".spec.list[*]"), PrinterColumn("B", type: "integer", path: ".spec.size"),
      PrinterColumn("C", type: "date", path: ".spec.time"), PrinterColumn("D", type: "integer", path: ".spec.text"),
      PrinterColumn("E", path: ".spec.missing"), PrinterColumn("F", path: ".spec.object"), PrinterColumn("G", path: ".spec["),
      PrinterColumn("H", path: #".status.conditions[?(@.type=="Ready")].status"#), PrinterColumn("I", type: "date", path: ".spec.text"),
    ]
    let object = Resource(
      kind.kind,
      json: [
        "spec": ["list": ["x", "y"], "size": 3, "time": "2023-11-14T22:13:10Z", "text": "t", "object": ["a": 1]],
        "status": ["conditions": [["type": "Other", "status": "False"], ["type": "Ready", "status": "True"]]],
      ])
    #expect(
      TableBuilder(kind).cells(of: object, now: now)
        == ["x", 3, "10s", .null, .null, #"{"a":1}"#, .null, "True", "<invalid>"])
  }
}
