import Glibc
import JSONValue
import Testing

/// What is asked of a run while its object is there, and again when only the archive has it.
@Suite("Readers of archived runs", .needsKubectl, .needs("curl", "jq"))
struct ArchivedReadersTests {
  /// Parameters, results, files and directories as artifacts, a loop, a retry, a sidecar, labels of pods, a failure, an exit handler.
  private static let manifest = """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: rich, namespace: argo, labels: {team: red}, annotations: {workflows.argoproj.io/title: A rich run}}
    spec:
      entrypoint: main
      onExit: bye
      podMetadata: {labels: {kind: step}}
      arguments: {parameters: [{name: city, value: Wuppertal}, {name: long, value: "LONG"}]}
      volumes: [{name: both, emptyDir: {}}]
      templates:
        - name: main
          dag:
            failFast: false
            tasks:
              - {name: make, template: make}
              - name: use
                template: use
                depends: make
                arguments:
                  artifacts: [{name: in, from: "{{tasks.make.outputs.artifacts.tree}}"}]
                  parameters: [{name: num, value: "{{tasks.make.outputs.parameters.num}}"}]
              - {name: loop, template: say, depends: make, withItems: [a, b], arguments: {parameters: [{name: text, value: "{{item}}"}]}}
              - {name: flaky, template: flaky, depends: make}
              - {name: bad, template: bad, depends: make}
              - {name: after, template: bad, depends: bad.Succeeded}
        - name: make
          metadata: {labels: {part: maker}}
          # A sidecar ends when main does: main waits until it has said what it has to say.
          container:
            image: busybox
            command: [sh, -c, "mkdir /out; echo data > /out/file; echo 7 > /n; until test -e /both/said; do sleep 0.05; done; echo made"]
            volumeMounts: [{name: both, mountPath: /both}]
          sidecars:
            - name: side
              image: busybox
              command: [sh, -c, "echo beside; touch /both/said; sleep 3600"]
              volumeMounts: [{name: both, mountPath: /both}]
          outputs:
            parameters: [{name: num, valueFrom: {path: /n}}]
            artifacts: [{name: tree, path: /out}, {name: plain, path: /n, archive: {none: {}}}]
        - name: use
          inputs: {parameters: [{name: num}], artifacts: [{name: in, path: /in}]}
          script: {image: busybox, command: [sh], source: "cat /in/file; echo {{inputs.parameters.num}}"}
        - name: say
          inputs: {parameters: [{name: text}]}
          container: {image: busybox, command: [echo, "{{inputs.parameters.text}}"]}
        - name: flaky
          retryStrategy: {limit: 2}
          container: {image: busybox, command: [sh, -c, "echo try {{retries}}; test {{retries}} = 1"]}
        - name: bad
          container: {image: busybox, command: [sh, -c, "echo oops >&2; exit 3"]}
        - name: bye
          container: {image: busybox, command: [echo, "bye {{workflow.status}}"]}
    """

  /// Asks all readers; each answer with its status is a file of the directory. `api` and `argo` are told apart by the first word.
  private static let readers = #"""
    out=$1; mkdir -p "$out/copied"
    # Some at once.
    r() { local name=$1; shift; while [ "$(jobs -rp | wc -l)" -ge 6 ]; do wait -n; done; { "$@"; echo "status $?"; } > "$out/$name" 2>&1 & }
    api() { curl -sSk --globoff -w '\n%{http_code}\n' "$url$1"; }
    # The first event of a stream that goes on.
    first() { local line; exec 3< <(exec curl -sSkN --globoff "$url$1"); local pid=$!; IFS= read -r -t 60 line <&3; kill $pid; exec 3<&-; echo "$line"; }
    copy() { argo cp rich "$out/copied" && (cd "$out/copied" && find . -type f | sort | xargs sha256sum); }
    w=/api/v1/workflows/argo; files=/artifact-files/argo
    r get argo get rich
    r get-latest argo get @latest -o wide
    r get-json argo get rich -o json
    r get-failed argo get rich --status Failed --no-utf8
    r get-node argo get rich --node-field-selector templateName=say -o short
    r list argo list
    r list-wide argo list -A -o wide
    r list-yaml argo list -l team=red --status Failed --completed --prefix ri -o yaml
    r logs argo logs rich --timestamps
    r logs-follow argo logs @latest -f --no-color
    r logs-side argo logs rich -c side
    r logs-grep argo logs rich --grep 'try|oops' --since 1h --tail 5
    r logs-labels argo logs rich -l part=maker
    r logs-step argo logs rich -l kind=step,part!=maker
    r logs-pod argo logs rich "$(argo get rich -o json | jq -r '.status.nodes[] | select(.displayName == "use") | .id' | sed 's/^rich-/rich-use-/')"
    r explain argo explain rich
    r explain-node argo explain rich flaky
    r watch argo watch rich
    r wait argo wait rich
    r cp copy
    r api-get api "$w/rich?uid=$uid"
    r api-latest api "$w/@latest?fields=metadata.annotations,spec.templates,status.outputs"
    r api-brief api "$w/rich?fields=-status.nodes"
    for fields in "" items.metadata.name,items.status.phase items.metadata,items.spec items.status.nodes -items.spec; do
      r "api-list-$fields" api "$w?fields=$fields"
    done
    r api-list-page api "$w?listOptions.limit=1&listOptions.fieldSelector=metadata.name=ric&nameFilter=Prefix"
    r api-list-all api "/api/v1/workflows/?listOptions.labelSelector=team%3Dred"
    r api-watch first "/api/v1/workflow-events/argo?listOptions.fieldSelector=metadata.name=rich"
    r api-log api "$w/rich/log?logOptions.container=main&logOptions.tailLines=2"
    r api-archive api "/api/v1/archived-workflows/$uid"
    r api-archives api "/api/v1/archived-workflows?namespace=argo"
    r artifact api "/artifacts/argo/rich/$make/plain"
    r artifact-uid api "/artifacts-by-uid/$uid/$make/plain"
    r artifact-input sh -c "curl -sSk $url/input-artifacts/argo/rich/$use/in | tar -xzO"
    r artifact-input-uid sh -c "curl -sSk $url/input-artifacts-by-uid/$uid/$use/in | tar -xzO"
    r artifact-none api "/artifacts/argo/rich/$make/none"
    for place in workflows/rich archived-workflows/$uid; do
      r "files-${place%%/*}" api "$files/$place/$make/outputs/tree/"
      r "file-${place%%/*}" api "$files/$place/$make/outputs/tree/file"
    done
    wait
    """#

  @Test("every command and every path that reads gives for a run whose object is gone what it gave before") func same() async throws {
    let cluster = try await ServedCluster("--auth-mode", "hybrid")
    let bench = cluster.bench
    try #require(symlink(Parts.argosy, bench.path("bin/argo")) == 0)
    for (name, value) in [("HOME", bench.directory), ("ARGO_NAMESPACE", "argo"), ("url", cluster.url)] { bench.set(name, value) }
    try await cluster.ok("create namespace argo")
    try bench.file("rich.yaml", Self.manifest.replacing("LONG", with: String(repeating: "long ", count: 300)))
    try bench.file("readers.sh", Self.readers)
    try await cluster.ok("create -f rich.yaml")
    try await eventually("the run ends") {
      try await cluster.kubectl(["get", "workflow", "rich", "-n", "argo", "-o", "jsonpath={.status.finishedAt}"]).out.hasPrefix("20")
    }
    // After its end too; what it was given anybody may send back.
    let whole = try await cluster.ok("get workflow rich -n argo -o json")
    let replaced = try await cluster.kubectl("replace -n argo -f -", input: try bench.file("whole.json", whole))
    #expect(replaced.status == 0 && replaced.err.isEmpty, "\(replaced)")
    try await cluster.ok("annotate workflow rich -n argo note=late")
    try await cluster.ok("label workflow rich -n argo reviewed=yes")
    let run = try JSON.parse(try await bench.shell("argo get rich -o json"))
    bench.set("uid", try #require(run.at("metadata", "uid")?.string))
    for name in ["make", "use"] {
      let node = run.at("status", "nodes")?.object?.first { $0.value["displayName"]?.string == name }
      bench.set(name, try #require(node?.key))
    }
    try await eventually("the archive has the edits") {
      try await bench.shell("curl -sSk \"$url/api/v1/archived-workflows/$uid\"").contains("\"reviewed\":\"yes\"")
    }
    try await bench.shell("bash readers.sh live", within: .seconds(300))
    try await cluster.ok("delete workflow rich -n argo")
    try await eventually("nothing of it is there") {
      try await cluster.ok("get workflows,pods -n argo -o name").isEmpty && Files.names("\(cluster.data)/pods").allSatisfy { $0 == "begun" }
    }
    try await bench.shell("bash readers.sh archived", within: .seconds(300))

    // What may differ: which of the two it is, the object's version, and how long ago things were.
    let different = try await bench.shell(
      #"""
      for place in live archived; do
        find $place -maxdepth 1 -type f -exec sed -i -z -E 's/,?[ \n]*"?resourceVersion"?: ?"[0-9]*"//g' {} +
        find $place -maxdepth 1 -type f -exec sed -i -E \
          -e 's/(workflow-archiving-status"?: ?"?)(Persisted|Archived)/\1-/g' \
          -e 's/[0-9]+ (second|minute)s? ago/T ago/' -e '/^rich +Failed|^argo +rich/s/ +[0-9]+[sm] +/ T /g' -e "s|$place/|PLACE/|g" {} +
      done
      diff -ru live archived || true
      """#)
    #expect(different.isEmpty, "\(different)")

    // The readers found what there was to find.
    func answer(_ name: String) -> String { bench.text("archived/\(name)") }
    for name in Files.names(bench.path("archived")) where name != "copied" && name != "wait" && name != "api-watch" {
      #expect(answer(name).hasSuffix("status 0\n"), "\(name): \(answer(name))")
    }
    #expect(answer("wait").contains("rich Failed at ") && answer("wait").hasSuffix("status 1\n"))
    #expect(answer("get").contains("flaky(1)") && answer("get").contains("rich.onExit"), "\(answer("get"))")
    #expect(answer("get-latest").contains("Parameters:") && answer("list-wide").contains("city=Wuppertal"))
    #expect(answer("logs").contains("try 1") && answer("logs").contains("bye Failed"))
    #expect(answer("logs-labels").hasSuffix("made\nstatus 0\n") && answer("logs-side").contains("beside"))
    #expect(answer("logs-step").contains("try 0") && !answer("logs-step").contains("made"))
    #expect(answer("logs-pod").contains(": data\n") && !answer("logs-pod").contains("made"), "\(answer("logs-pod"))")
    #expect(
      answer("cp").split(separator: "\n").count { $0.hasSuffix("/outputs/tree/tree.tgz") || $0.hasSuffix("/outputs/plain/n") } == 2,
      "\(answer("cp"))")
    #expect(answer("api-watch").contains("\"ADDED\"") && answer("api-watch").contains("long long"))
    #expect(answer("artifact-input").hasPrefix("data\n") && answer("artifact-none").contains("artifact not found"))
    #expect(answer("file-workflows").hasPrefix("data\n") && answer("files-archived-workflows").contains("./file"))
    #expect(try await cluster.stop().status == 0)
  }
}
