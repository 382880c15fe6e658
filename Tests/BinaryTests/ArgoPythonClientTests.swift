import Testing

/// The official Python client, which is generated from Argo's own description of its API and checks the type of every member it reads.
@Suite("the Python client of Argo", .needs("python3", "kubernetes", "argo_workflows"))
struct ArgoPythonClientTests {
  private static let preamble = """
    import argo_workflows
    from argo_workflows.api import event_service_api, info_service_api, workflow_service_api, workflow_template_service_api
    from argo_workflows.exceptions import ApiException
    from argo_workflows.model.container import Container
    from argo_workflows.model.object_meta import ObjectMeta
    from argo_workflows.model.io_argoproj_workflow_v1alpha1_workflow import IoArgoprojWorkflowV1alpha1Workflow as Workflow
    from argo_workflows.model.io_argoproj_workflow_v1alpha1_workflow_spec import IoArgoprojWorkflowV1alpha1WorkflowSpec as Spec
    from argo_workflows.model.io_argoproj_workflow_v1alpha1_template import IoArgoprojWorkflowV1alpha1Template as Template
    from argo_workflows.model.io_argoproj_workflow_v1alpha1_workflow_create_request import (
        IoArgoprojWorkflowV1alpha1WorkflowCreateRequest as CreateRequest)
    from argo_workflows.model.io_argoproj_workflow_v1alpha1_workflow_submit_request import (
        IoArgoprojWorkflowV1alpha1WorkflowSubmitRequest as SubmitRequest)
    from argo_workflows.model.io_argoproj_workflow_v1alpha1_submit_opts import IoArgoprojWorkflowV1alpha1SubmitOpts as SubmitOpts
    from argo_workflows.model.io_argoproj_workflow_v1alpha1_workflow_stop_request import (
        IoArgoprojWorkflowV1alpha1WorkflowStopRequest as StopRequest)
    from argo_workflows.model.io_argoproj_workflow_v1alpha1_workflow_retry_request import (
        IoArgoprojWorkflowV1alpha1WorkflowRetryRequest as RetryRequest)
    from argo_workflows.model.io_argoproj_workflow_v1alpha1_workflow_template import (
        IoArgoprojWorkflowV1alpha1WorkflowTemplate as WorkflowTemplate)
    from argo_workflows.model.io_argoproj_workflow_v1alpha1_workflow_template_create_request import (
        IoArgoprojWorkflowV1alpha1WorkflowTemplateCreateRequest as TemplateCreateRequest)

    configuration = argo_workflows.Configuration(host=url, ssl_ca_cert="ca.pem")
    configuration.api_key["BearerToken"] = "Bearer " + token
    api = argo_workflows.ApiClient(configuration)
    workflows, templates = workflow_service_api.WorkflowServiceApi(api), workflow_template_service_api.WorkflowTemplateServiceApi(api)

    def spec(script):
        return Spec(entrypoint="main", templates=[
            Template(name="main", container=Container(image="alpine", command=["sh", "-c"], args=[script]))])

    def create(script):
        body = CreateRequest(workflow=Workflow(metadata=ObjectMeta(generate_name="py-"), spec=spec(script)))
        return workflows.create_workflow("argo", body).metadata.name

    def reaches(name, phase):
        def look():
            workflow = workflows.get_workflow("argo", name)
            return workflow if workflow.status.get("phase") == phase else None
        return eventually(look)

    def streamed(call, *arguments, **named):
        answer = call(*arguments, _preload_content=False, _check_return_type=False, **named)
        return [json.loads(line)["result"] for line in answer.data.decode().splitlines()]

    """

  @Test("create, get, list, submit, logs, stop, retry and delete, read by types")
  func life() async throws {
    try await ArgoClients.run(
      Self.preamble,
      """
      name = create("echo one; echo two")
      workflow = reaches(name, "Succeeded")
      assert workflow.metadata.labels["workflows.argoproj.io/creator"] == "system-serviceaccount-argo-argo-server"
      assert workflow.metadata.creation_timestamp.year > 2000 and workflow.status.started_at.year > 2000
      assert list(workflow.status.nodes.values())[0].type == "Pod"
      assert [entry["content"] for entry in streamed(workflows.workflow_logs, "argo", name)] == ["one", "two"]
      assert [item.metadata.name for item in workflows.list_workflows("argo").items] == [name]

      body = TemplateCreateRequest(template=WorkflowTemplate(metadata=ObjectMeta(name="t"), spec=spec("exit 1")))
      assert templates.create_workflow_template("argo", body).metadata.name == "t"
      request = SubmitRequest(namespace="argo", resource_kind="WorkflowTemplate", resource_name="t",
                              submit_options=SubmitOpts(labels="a=b", generate_name="sub-"))
      made = workflows.submit_workflow("argo", request)
      assert made.metadata.labels["a"] == "b"
      failed = reaches(made.metadata.name, "Failed")
      assert failed.spec.workflow_template_ref.name == "t" and failed.status.message
      assert workflows.retry_workflow("argo", made.metadata.name, RetryRequest()).status.phase == "Running"
      reaches(made.metadata.name, "Failed")

      long = create("sleep 600")
      eventually(lambda: workflows.get_workflow("argo", long).status.get("phase") == "Running")
      assert workflows.stop_workflow("argo", long, StopRequest()).spec.shutdown == "Stop"
      reaches(long, "Failed")
      workflows.delete_workflow("argo", long)

      def message(code, call, *arguments):
          try:
              call(*arguments)
          except ApiException as error:
              assert error.status == code, error
              return json.loads(error.body)["message"]
          raise AssertionError("not refused")

      assert message(404, workflows.get_workflow, "argo", "nope") == 'workflows.argoproj.io "nope" not found'
      assert "cannot shutdown a completed workflow" in message(400, workflows.stop_workflow, "argo", name, StopRequest())
      assert message(409, templates.create_workflow_template, "argo", body).endswith("already exists")
      """)
  }

  @Test("an event from outside starts a workflow by its binding")
  func events() async throws {
    try await ArgoClients.run(
      Self.preamble,
      """
      body = TemplateCreateRequest(template=WorkflowTemplate(metadata=ObjectMeta(name="t"), spec=spec("echo {{workflow.parameters.who}}")))
      templates.create_workflow_template("argo", body)
      kube.CustomObjectsApi().create_namespaced_custom_object("argoproj.io", "v1alpha1", "argo", "workfloweventbindings", {
          "apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowEventBinding", "metadata": {"name": "bell"},
          "spec": {"event": {"selector": "payload.kind == 'call' && discriminator == 'door'"}, "submit": {
              "workflowTemplateRef": {"name": "t"},
              "arguments": {"parameters": [{"name": "who", "valueFrom": {"event": "payload.who"}}]}}}})
      ring = event_service_api.EventServiceApi(api).receive_event
      ring("argo", "window", {"kind": "call", "who": "nobody"})
      ring("argo", "door", {"kind": "call", "who": "me"})

      def started():
          query = {"listOptions.labelSelector": "workflows.argoproj.io/workflow-event-binding=bell"}
          answer = requests.get(url + "/api/v1/workflows/argo", params=query, headers={"Authorization": "Bearer " + token}, verify="ca.pem")
          return [item["metadata"]["name"] for item in answer.json()["items"] or []]

      (name,) = eventually(started)
      reaches(name, "Succeeded")
      assert lines(name) == ["me"]
      assert len(started()) == 1
      """)
  }

  @Test("changes of workflows and events are followed as streams, as lines and as server-sent events")
  func streams() async throws {
    try await ArgoClients.run(
      Self.preamble,
      """
      name = create("sleep 1; echo done")
      chosen = {"listOptions.fieldSelector": "metadata.name=" + name}
      headers = {"Authorization": "Bearer " + token}

      def follow(path, query, until, **more):
          seen = []
          answer = requests.get(f"{url}/api/v1/{path}/argo", params=query, headers={**headers, **more}, verify="ca.pem", stream=True, timeout=300)
          assert answer.status_code == 200, answer.text
          for line in answer.iter_lines():
              if not line or line.startswith(b":"):
                  continue
              seen.append(json.loads(line.removeprefix(b"data: "))["result"])
              if until(seen[-1]):
                  return answer.headers["content-type"], seen
          raise AssertionError("ended too early: %s" % seen)

      kind, seen = follow("workflow-events", chosen, lambda result: result["object"]["status"].get("phase") == "Succeeded")
      assert kind == "application/json" and seen[0]["type"] in ("ADDED", "MODIFIED") and seen[-1]["object"]["status"]["nodes"]
      # What was there before comes first, and fields trim what is sent.
      fields = dict(chosen, fields="result.type,result.object.metadata.name,result.object.status.phase")
      kind, seen = follow("workflow-events", fields, lambda result: True, Accept="text/event-stream")
      assert kind == "text/event-stream"
      assert seen == [{"type": "ADDED", "object": {"metadata": {"name": name}, "spec": {}, "status": {"phase": "Succeeded"}}}], seen
      about = {"listOptions.fieldSelector": "involvedObject.kind=Workflow,involvedObject.name=" + name}
      kind, seen = follow("stream/events", about, lambda result: result["reason"] == "WorkflowSucceeded")
      assert "WorkflowRunning" in [result["reason"] for result in seen]
      answer = requests.get(f"{url}/api/v1/workflow-events/argo", params={"listOptions.fieldSelector": "a=b"}, headers=headers, verify="ca.pem")
      assert answer.status_code == 400, answer.text

      # A log is followed until the workflow ends, pods that start later included.
      slow = create("for i in 1 2 3; do echo line $i; sleep 0.3; done")
      assert lines(slow, **{"logOptions.follow": "true"}) == ["line 1", "line 2", "line 3"]
      reaches(slow, "Succeeded")
      """)
  }
}
