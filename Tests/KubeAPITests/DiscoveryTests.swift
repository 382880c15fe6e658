import JSONValue
import KubeAPI
import KubeModel
import Testing

@Suite struct DiscoveryTests {
  let catalog = Catalog()

  @Test("a version's resources come with their subresources, in order")
  func resources() throws {
    let list = try #require(Discovery.resources(group: "", version: "v1", of: catalog))
    let names = list["resources"]?.array?.compactMap { $0["name"]?.string } ?? []
    #expect(names == names.sorted())
    #expect(names.contains("pods/log") && names.contains("serviceaccounts/token"))
    let token = list["resources"]?.array?.first { $0["name"] == "serviceaccounts/token" }
    #expect(
      token == [
        "name": "serviceaccounts/token", "singularName": "", "namespaced": true, "group": "authentication.k8s.io", "version": "v1",
        "kind": "TokenRequest", "verbs": ["create"],
      ])
    #expect(Discovery.resources(group: "", version: "v2", of: catalog) == nil)
    #expect(Discovery.group("apps", of: catalog) == nil)
    #expect(Discovery.group("argoproj.io", of: catalog)?.at("preferredVersion", "groupVersion") == "argoproj.io/v1alpha1")
  }

  @Test("the aggregated document has the same resources as the single ones", arguments: AggregatedDiscovery.Form.allCases)
  func aggregated(form: AggregatedDiscovery.Form) throws {
    var found: [String] = []
    for isCore in [true, false] {
      let document = AggregatedDiscovery.document(form, isCore: isCore, of: catalog)
      #expect(document["apiVersion"]?.string == "apidiscovery.k8s.io/\(form.rawValue)")
      for group in document["items"]?.array ?? [] {
        let name = group.at("metadata", "name")?.string ?? ""
        for version in group["versions"]?.array ?? [] {
          for resource in version["resources"]?.array ?? [] {
            let plural = resource["resource"]?.string ?? ""
            found.append("\(name)/\(plural)")
            for sub in resource["subresources"]?.array ?? [] { found.append("\(name)/\(plural)/\(sub["subresource"]?.string ?? "")") }
          }
        }
      }
    }
    var expected: [String] = []
    for group in Discovery.groupNames(of: catalog) {
      for version in Discovery.versions(of: group, catalog) {
        let list = try #require(Discovery.resources(group: group, version: version, of: catalog))
        expected += (list["resources"]?.array ?? []).map { "\(group)/\($0["name"]?.string ?? "")" }
      }
    }
    #expect(found.sorted() == expected.sorted())
  }

  @Test("versions are ordered as Kubernetes orders them")
  func versionOrder() {
    let given = ["v1alpha1", "foo1", "v11alpha2", "v10", "v2", "v1", "v12alpha1", "v3beta1", "v11beta2", "foo10", "v10beta3"]
    #expect(
      given.sorted(by: APIVersionOrder.precedes)
        == ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "v1alpha1", "foo1", "foo10"])
  }

  @Test("the version of the server is one that kubectl can read")
  func version() {
    let document = Discovery.version(program: "0.2.0", platform: "linux/amd64")
    #expect(document["gitVersion"] == "v1.33.0+argosy-0.2.0")
    #expect(document["minor"] == "33")
  }
}
