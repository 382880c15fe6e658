import Testing

/// The official Python client, which reads answers by types generated from Kubernetes' OpenAPI: a test of what `argosy server` answers that was not written by
/// those who wrote the server.
@Suite("the Python client of Kubernetes", .needs("python3", "kubernetes"))
struct KubernetesClientTests {
  private func run(_ script: String) async throws {
    let cluster = try await ServedCluster()
    try cluster.bench.file("client.py", Self.preamble + script)
    let outcome = try await cluster.bench.run(["python3", "client.py"])
    #expect(outcome.status == 0, "\(outcome)")
    _ = try await cluster.stop()
  }

  /// `refused(code, call)` gives the Status with which a call is refused.
  private static let preamble = """
    import json, os, threading, time
    from kubernetes import client, config, watch, dynamic

    config.load_kube_config(os.environ["KUBECONFIG"])
    core, custom = client.CoreV1Api(), client.CustomObjectsApi()
    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name="t")))

    def config_map(name, labels=None, **data):
        return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels=labels), data=data)

    def refused(code, call, *arguments, **named):
        try:
            call(*arguments, **named)
        except client.ApiException as error:
            assert error.status == code, error
            return json.loads(error.body)
        raise AssertionError("not refused")

    def eventually(condition):
        for _ in range(600):
            if condition():
                return
            time.sleep(0.05)
        raise AssertionError("not in time")


    """

  @Test("typed calls: create, replace with conflicts, patch, select, page, delete")
  func typed() async throws {
    try await run(
      """
      made = core.create_namespaced_config_map("t", config_map("c", {"a": "b"}, k="v"))
      assert made.metadata.uid and made.metadata.creation_timestamp and made.metadata.resource_version
      assert made.metadata.managed_fields[0].operation == "Update"
      made.data["k"] = "w"
      replaced = core.replace_namespaced_config_map("c", "t", made)
      assert replaced.data == {"k": "w"}
      status = refused(409, core.replace_namespaced_config_map, "c", "t", made)
      assert status["reason"] == "Conflict" and status["details"]["name"] == "c"
      assert core.patch_namespaced_config_map("c", "t", {"data": {"x": "y"}}).data == {"k": "w", "x": "y"}
      status = refused(409, core.create_namespaced_config_map, "t", config_map("c"))
      assert status["reason"] == "AlreadyExists" and status["message"] == 'configmaps "c" already exists'
      assert refused(404, core.create_namespaced_config_map, "nowhere", config_map("c"))["message"] == 'namespaces "nowhere" not found'

      for number in range(7):
          core.create_namespaced_config_map("t", config_map(f"p-{number}", {"page": "yes"}, number=str(number)))
      first = core.list_namespaced_config_map("t", label_selector="page=yes", limit=3)
      core.delete_namespaced_config_map("p-5", "t")
      core.patch_namespaced_config_map("p-6", "t", {"data": {"number": "changed"}})
      names, page = [item.metadata.name for item in first.items], first
      while page.metadata._continue:
          page = core.list_namespaced_config_map("t", label_selector="page=yes", limit=3, _continue=page.metadata._continue)
          names += [item.metadata.name for item in page.items]
      assert names == [f"p-{number}" for number in range(7)], names
      assert page.items[-1].data == {"number": "6"} and page.metadata.resource_version == first.metadata.resource_version
      assert [i.metadata.name for i in core.list_namespaced_config_map("t", field_selector="metadata.name=c").items] == ["c"]

      secret = core.create_namespaced_secret("t", client.V1Secret(metadata=client.V1ObjectMeta(name="s"), string_data={"user": "me"}))
      assert secret.data == {"user": "bWU="}
      core.delete_collection_namespaced_config_map("t", label_selector="page=yes")
      assert not core.list_namespaced_config_map("t", label_selector="page=yes").items
      core.delete_namespaced_config_map("c", "t")
      assert refused(404, core.read_namespaced_config_map, "c", "t")["reason"] == "NotFound"
      """)
  }

  @Test("watches begin at a revision, follow a selector's edge, and expire as clients expect")
  func watching() async throws {
    try await run(
      """
      begin = core.list_namespaced_config_map("t").metadata.resource_version

      def write():
          core.create_namespaced_config_map("t", config_map("a", {"color": "red"}))
          core.create_namespaced_config_map("t", config_map("b", {"color": "blue"}))
          core.patch_namespaced_config_map("b", "t", {"metadata": {"labels": {"color": "red"}}})
          core.patch_namespaced_config_map("a", "t", {"metadata": {"labels": {"color": "blue"}}})
          core.delete_namespaced_config_map("b", "t")
          core.create_namespaced_config_map("t", config_map("end", {"color": "red"}))

      threading.Thread(target=write).start()

      def events(**options):
          seen, stream = [], watch.Watch()
          for event in stream.stream(core.list_namespaced_config_map, "t", label_selector="color=red", timeout_seconds=60, **options):
              seen.append((event["type"], event["object"].metadata.name))
              if seen[-1][1] == "end":
                  stream.stop()
          return seen

      expected = [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a"), ("DELETED", "b"), ("ADDED", "end")]
      assert events(resource_version=begin) == expected
      # The same again from the history.
      assert events(resource_version=begin) == expected
      assert events() == [("ADDED", "end")]
      try:
          list(watch.Watch().stream(core.list_namespaced_config_map, "t", resource_version="999999999", timeout_seconds=10))
          raise AssertionError("not expired")
      except client.ApiException as error:
          assert error.status == 410, error
      """)
  }

  @Test("the dynamic client runs a workflow and works with a custom kind and its status")
  func dynamicClient() async throws {
    try await run(
      """
      dynamics = dynamic.DynamicClient(client.ApiClient())
      workflows = dynamics.resources.get(api_version="argoproj.io/v1alpha1", kind="Workflow")
      step = {"name": "main", "container": {"image": "busybox", "command": ["sh", "-c", "echo hello"]}}
      made = workflows.create(namespace="t", body={"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"generateName": "hello-"},
          "spec": {"entrypoint": "main", "templates": [step]}})
      phase = None
      for event in workflows.watch(namespace="t", name=made.metadata.name, timeout=60):
          phase = event["raw_object"].get("status", {}).get("phase")
          if phase in ("Succeeded", "Failed", "Error"):
              break
      assert phase == "Succeeded", phase

      client.ApiextensionsV1Api().create_custom_resource_definition({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
          "metadata": {"name": "widgets.example.com"}, "spec": {"group": "example.com", "scope": "Namespaced",
          "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"}, "versions": [{"name": "v1", "served": True, "storage": True,
          "subresources": {"status": {}}, "schema": {"openAPIV3Schema": {"type": "object", "properties": {
          "spec": {"type": "object", "properties": {"size": {"type": "integer"}}},
          "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}}}]}})
      def is_established():
          status = client.ApiextensionsV1Api().read_custom_resource_definition("widgets.example.com").status
          return any(c.type == "Established" and c.status == "True" for c in (status and status.conditions or []))
      eventually(is_established)
      place = ("example.com", "v1", "t", "widgets")
      widget = custom.create_namespaced_custom_object(*place, {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"},
          "spec": {"size": 2}, "status": {"ready": True}})
      assert "status" not in widget and widget["metadata"]["generation"] == 1
      changed = custom.patch_namespaced_custom_object_status(*place, "w", {"status": {"ready": True}, "spec": {"size": 9}})
      assert changed["status"] == {"ready": True} and changed["spec"] == {"size": 2} and changed["metadata"]["generation"] == 1
      widgets = dynamics.resources.get(api_version="example.com/v1", kind="Widget")
      assert [item.metadata.name for item in widgets.get(namespace="t").items] == ["w"]
      maps = dynamics.resources.get(api_version="v1", kind="ConfigMap")
      body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied", "namespace": "t"}, "data": {"a": "1"}}
      dynamics.server_side_apply(maps, body=body, namespace="t", name="applied", field_manager="one")
      body["data"] = {"a": "2"}
      try:
          dynamics.server_side_apply(maps, body=body, namespace="t", name="applied", field_manager="two")
          raise AssertionError("no conflict")
      except client.ApiException as error:
          assert error.status == 409, error
      """)
  }
}

@Suite("an operator written with kopf", .needs("python3", "kubernetes", "kopf"))
struct OperatorTests {
  @Test("it serves its kind: children, status, updates, and a finalizer that it takes off")
  func operatorRuns() async throws {
    let cluster = try await ServedCluster()
    try cluster.bench.file(
      "widgets.py",
      """
      import kopf, kubernetes

      @kopf.on.login()
      def login(**given):
          return kopf.login_with_kubeconfig(**given)

      @kopf.on.create("example.com", "v1", "widgets")
      def create(spec, name, namespace, **_):
          child = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"{name}-child"}, "data": {"size": str(spec["size"])}}
          kopf.adopt(child)
          kubernetes.config.load_kube_config()
          kubernetes.client.CoreV1Api().create_namespaced_config_map(namespace, child)
          return {"made": f"{name}-child"}

      @kopf.on.update("example.com", "v1", "widgets", field="spec.size")
      def update(old, new, patch, **_):
          patch.status["change"] = f"{old} to {new}"

      @kopf.on.delete("example.com", "v1", "widgets")
      def delete(name, namespace, **_):
          kubernetes.client.CoreV1Api().create_namespaced_config_map(namespace, {"metadata": {"name": f"{name}-was-deleted"}})
      """)
    try cluster.bench.file(
      "driver.py",
      """
      import os, time
      from kubernetes import client, config

      config.load_kube_config(os.environ["KUBECONFIG"])
      core, custom, place = client.CoreV1Api(), client.CustomObjectsApi(), ("example.com", "v1", "default", "widgets")

      def eventually(what, condition):
          for _ in range(1200):
              try:
                  if condition():
                      return
              except (client.ApiException, KeyError):
                  pass
              time.sleep(0.05)
          raise AssertionError(what)

      custom.create_namespaced_custom_object(*place, {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 1}})
      get = lambda: custom.get_namespaced_custom_object(*place, "w")
      eventually("created", lambda: get()["status"]["create"]["made"] == "w-child")
      assert get()["metadata"]["finalizers"] == ["kopf.zalando.org/KopfFinalizerMarker"]
      child = core.read_namespaced_config_map("w-child", "default")
      assert child.data == {"size": "1"} and child.metadata.owner_references[0].name == "w"
      custom.patch_namespaced_custom_object(*place, "w", {"spec": {"size": 5}})
      eventually("updated", lambda: get()["status"]["change"] == "1 to 5")
      custom.delete_namespaced_custom_object(*place, "w")
      eventually("deleted", lambda: core.read_namespaced_config_map("w-was-deleted", "default"))
      eventually("gone", lambda: not custom.list_namespaced_custom_object(*place)["items"])
      eventually("collected", lambda: not [i for i in core.list_namespaced_config_map("default").items if i.metadata.name == "w-child"])
      """)
    try await cluster.bench.shell(
      """
      cat > crd.yaml <<'END'
      apiVersion: apiextensions.k8s.io/v1
      kind: CustomResourceDefinition
      metadata: {name: widgets.example.com}
      spec:
        group: example.com
        scope: Namespaced
        names: {plural: widgets, singular: widget, kind: Widget}
        versions:
        - name: v1
          served: true
          storage: true
          schema:
            openAPIV3Schema:
              type: object
              x-kubernetes-preserve-unknown-fields: true
      END
      python3 - <<'END'
      import os, time, yaml
      from kubernetes import client, config
      config.load_kube_config(os.environ["KUBECONFIG"])
      api = client.ApiextensionsV1Api()
      api.create_custom_resource_definition(yaml.safe_load(open("crd.yaml")))
      for _ in range(600):
          status = api.read_custom_resource_definition("widgets.example.com").status
          if any(c.type == "Established" and c.status == "True" for c in (status and status.conditions or [])): break
          time.sleep(0.05)
      END
      kopf run --namespace default widgets.py > operator.log 2>&1 & operator=$!
      status=0; python3 driver.py || status=$?
      kill $operator; wait $operator || true
      [ $status = 0 ] || { cat operator.log >&2; exit 1; }
      """)
    _ = try await cluster.stop()
  }
}
