import Glibc
import Testing

/// What of `argo` needs no server.
@Suite(.needs()) struct ArgoToolTests {
  @Test("executor-plugin build writes the ConfigMap and the README of the original's form, and refuses what cannot be started")
  func executorPlugin() async throws {
    let bench = try Bench()
    try bench.link("argo")
    let manifest = """
      apiVersion: argoproj.io/v1alpha1
      kind: ExecutorPlugin
      metadata:
        name: hello
        annotations:
          workflows.argoproj.io/description: Says hello.
          workflows.argoproj.io/version: '>= v3.3'
      spec:
        sidecar:
          container:
            command: [python, -u, -c]
            image: python:alpine3.6
            name: hello-executor-plugin
            ports: [{containerPort: 4355}]
            securityContext: {runAsNonRoot: true, runAsUser: 65534}
            resources: {requests: {memory: 64Mi, cpu: 250m}, limits: {memory: 128Mi, cpu: 500m}}

      """
    try bench.file("plugin/plugin.yaml", manifest)
    try bench.file("plugin/server.py", "import json\nprint(\"hi\")\n")
    let built = try await bench.run(["argo", "executor-plugin", "build", "plugin"])
    #expect(built.status == 0 && built.out == "plugin/hello-executor-plugin-configmap.yaml created\nplugin/README.md created\n", "\(built)")
    #expect(
      bench.text("plugin/hello-executor-plugin-configmap.yaml") == """
        # This is an auto-generated file. DO NOT EDIT
        apiVersion: v1
        data:
          sidecar.automountServiceAccountToken: "false"
          sidecar.container: |
            args:
            - |
              import json
              print("hi")
            command:
            - python
            - -u
            - -c
            image: python:alpine3.6
            name: hello-executor-plugin
            ports:
            - containerPort: 4355
            resources:
              limits:
                cpu: 500m
                memory: 128Mi
              requests:
                cpu: 250m
                memory: 64Mi
            securityContext:
              runAsNonRoot: true
              runAsUser: 65534
        kind: ConfigMap
        metadata:
          annotations:
            workflows.argoproj.io/description: Says hello.
            workflows.argoproj.io/version: '>= v3.3'
          labels:
            workflows.argoproj.io/configmap-type: ExecutorPlugin
          name: hello-executor-plugin

        """)
    let readme = bench.text("plugin/README.md")
    #expect(readme.contains("\n# hello\n\n* Needs: >= v3.3\n* Image: python:alpine3.6\n\nSays hello.\n"))
    #expect(readme.contains("    kubectl apply -f hello-executor-plugin-configmap.yaml\n"))
    // Again over what is there.
    #expect(try await bench.run(["argo", "executor-plugin", "build", "plugin/"]).status == 0)

    for (change, complaint) in [
      ("ports: [{containerPort: 4355}]", "at least one port is mandatory"),
      ("securityContext: {runAsNonRoot: true, runAsUser: 65534}", "security context is mandatory"),
      ("resources: {requests: {memory: 64Mi, cpu: 250m}, limits: {memory: 128Mi, cpu: 500m}}", "resources requests are mandatory"),
    ] {
      try bench.file("broken/plugin.yaml", manifest.replacing(all: change, with: ""))
      let refused = try await bench.run(["argo", "executor-plugin", "build", "broken"])
      #expect(refused.status == 1 && refused.err.contains("sidecar is invalid: \(complaint)"), "\(refused)")
    }
    try bench.file("plugin/server.sh", "")
    let two = try await bench.run(["argo", "executor-plugin", "build", "plugin"])
    #expect(two.status == 1 && two.err.contains("plugin hello has more than one server.* file"))
    #expect(!bench.exists("broken/README.md"))
  }

  @Test("convert prints objects anew as the original does: YAML behind ---, JSON on one line, keys sorted")
  func convert() async throws {
    let bench = try Bench()
    try bench.link("argo")
    try bench.file(
      "old.yaml",
      """
      # A comment.
      kind: CronWorkflow
      apiVersion: argoproj.io/v1alpha1
      metadata: {name: c}
      spec:
        schedule: "0 3 * * *"
        workflowSpec: {entrypoint: m, synchronization: {mutex: {name: x}}}

      """)
    let yaml = try await bench.run(["argo", "convert", "old.yaml", "--output=yaml"])
    #expect(
      yaml.out == """
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: CronWorkflow
        metadata:
          name: c
        spec:
          schedules:
          - 0 3 * * *
          workflowSpec:
            entrypoint: m
            synchronization:
              mutexes:
              - name: x

        """, "\(yaml)")
    let json = try await bench.run(["argo", "convert", "-ojson", "old.yaml"])
    #expect(
      json.out == #"{"apiVersion":"argoproj.io/v1alpha1","kind":"CronWorkflow","metadata":{"name":"c"},"spec":{"schedules":["0 3 * * *"],"#
        + #""workflowSpec":{"entrypoint":"m","synchronization":{"mutexes":[{"name":"x"}]}}}}"# + "\n", "\(json)")
    #expect(try await bench.run(["argo", "convert", "old.yaml"]).out.hasPrefix("# A comment."))
  }

  @Test("bash completes commands, flags and values with the script that is printed", arguments: ["argo", "argosy"])
  func completion(program: String) async throws {
    let bench = try Bench()
    if program == "argo" { try bench.link("argo") }
    // Asks as bash does: the words so far, and the one under the cursor.
    let script = """
      source <(\(program) completion bash)
      complete -p \(program) >/dev/null
      function=$(complete -p \(program)); function=${function##*-F }; function=${function%% *}
      ask() {
        COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; COMPREPLY=()
        "$function" \(program) "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" || true
        echo "${COMPREPLY[*]}"
      }
      ask \(program) cro
      ask \(program) cron ba
      ask \(program) completion f
      ask \(program) cron backfill --maxw
      """
    let outcome = try await bench.run(["bash", "-eo", "pipefail", "-c", script])
    #expect(outcome.status == 0 && outcome.err == "", "\(outcome)")
    #expect(
      outcome.out.split(separator: "\n", omittingEmptySubsequences: false).prefix(4).map { $0.filter { $0 != " " } } == [
        "cron", "backfill", "fish", "--maxworkflowcount",
      ], "\(outcome)")
    let refused = try await bench.run([program, "completion", "powershell"])
    #expect(refused.status != 0 && refused.err.contains("supported shells are bash, zsh, and fish"))
  }
}
