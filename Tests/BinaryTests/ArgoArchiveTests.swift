import Testing

/// The commands of `argo` for the archive, against a real server.
@Suite(.needs()) struct ArgoArchiveTests {
  @Test("the archive is listed, searched, shown, run again from and emptied by name and by UID")
  func archive() async throws {
    let cluster = try await ServedCluster()
    try cluster.bench.link("argo")
    func workflow(_ name: String, _ exit: Int, _ note: String) -> String {
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: \(name), labels: {team: build}}
      spec:
        entrypoint: main
        arguments: {parameters: [{name: note, value: "\(note)"}]}
        templates: [{name: main, container: {image: alpine, command: [sh, -c, "exit \(exit)"]}}]

      """
    }
    try cluster.bench.file("good.yaml", workflow("good", 0, "release twelve"))
    try cluster.bench.file("bad.yaml", workflow("bad", 3, "release thirteen"))
    try await cluster.argo("submit good.yaml --wait -o name")
    let bad = try await cluster.bench.run(["argo", "submit", "bad.yaml", "--wait", "-o", "name"])
    #expect(bad.status == 1)
    try await eventually("both are archived") { try await cluster.argo("archive list -o name").split(separator: "\n").count == 2 }
    let list = try await cluster.argo("archive list -l team=build --chunk-size 1")
    #expect(list.hasPrefix("NAMESPACE   NAME   STATUS"))
    #expect(list.split(separator: "\n").first?.hasSuffix("UID") == true)
    #expect(try await cluster.argo("archive search thirteen -o name") == "bad\n")
    #expect(try await cluster.argo("archive search release team").contains("No workflows found"))
    let uid = try #require(list.split(separator: "\n").first { $0.contains(" good ") }?.split(separator: " ").last)
    let badUID = try #require(list.split(separator: "\n").first { $0.contains(" bad ") }?.split(separator: " ").last)
    let byName = try await cluster.argo("archive get good")
    #expect(
      byName.hasPrefix("Name:                good\nNamespace:           default\nServiceAccount:      ")
        && byName.contains("Status:              Succeeded\n"))
    #expect(try await cluster.argo("archive get \(uid)").split(separator: "\n").first == byName.split(separator: "\n").first)
    #expect(try await cluster.argo("archive get good -o yaml").contains("nodes:"))
    try await cluster.argoFails("archive get nobody", "Error: resolve UID: archived workflow 'nobody' not found")
    try await cluster.argoFails("archive get good --uid", "not found")
    #expect(try await cluster.argo("archive list-label-keys").split(separator: "\n").contains("team"))
    #expect(try await cluster.argo("archive list-label-values -l team") == "build\n")
    let again = try await cluster.argo("archive resubmit good --wait")
    #expect(again.hasPrefix("Name:                good-"), "\(again)")
    #expect(again.contains(" Succeeded at "))
    try await cluster.argo("delete bad")
    // Of what is only archived, by name and by UID.
    for words in ["fork bad --node bad", "archive fork bad --node bad", "archive fork \(badUID) --node bad -p who=me"] {
      let forked = try await cluster.bench.run(["argo"] + words.split(separator: " ").map(String.init) + ["-o", "name"])
      #expect(forked.status == 0 && forked.out.hasPrefix("bad-"), "\(words): \(forked)")
    }
    try await cluster.argoFails("archive fork nobody --node x", "archived workflow 'nobody' not found")
    try await cluster.argoFails("archive fork --node x", "requires either selector or workflow")
    let retried = try await cluster.bench.run(["argo", "archive", "retry", "bad", "--wait"])
    #expect(retried.status == 1 && retried.out.contains("bad Failed at "), "\(retried)")
    #expect(try await cluster.argo("archive delete \(uid)") == "Archived workflow '\(uid)' deleted\n")
    try await cluster.argoFails("archive delete good", "not found")
    try await cluster.argoFails("archive retry", "requires either selector or workflow")
  }
}
