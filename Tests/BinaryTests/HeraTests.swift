import Testing

/// The Hera SDK, which builds workflows in Python and speaks Argo's REST API: a test of what `argosy server` answers that was not written by those who wrote
/// the server.
@Suite("the Hera SDK", .needs("python3", "kubernetes", "hera"))
struct HeraTests {
  private static let preamble = """
    from hera.shared import global_config
    from hera.workflows import *
    from hera.workflows import models as m
    from hera.exceptions import *

    global_config.host, global_config.token, global_config.namespace, global_config.verify_ssl = url, token, "argo", "ca.pem"
    service = WorkflowsService()
    server_account = "system-serviceaccount-argo-argo-server"
    label = "workflows.argoproj.io/"

    def reaches(name, *wanted):
        def look():
            w = service.get_workflow(name)
            return w if w.status.phase in wanted else None
        return eventually(look)

    def submit(kind, source, **options):
        return service.submit_workflow(m.WorkflowSubmitRequest(
            resource_kind=kind, resource_name=source, submit_options=m.SubmitOpts(**options)))

    """

  @Test("a workflow is linted, created, waited for, got, listed and deleted, and its logs are read")
  func life() async throws {
    try await ArgoClients.run(
      Self.preamble,
      """
      with Workflow(generate_name="hera-", entrypoint="main", arguments=Parameter(name="who", value="you")) as w:
          say = Container(
              name="say", image="alpine", command=["sh", "-c"], inputs=[Parameter(name="who")],
              args=["echo hello {{inputs.parameters.who}}; printf '{{inputs.parameters.who}}' > /tmp/out"],
              outputs=[Parameter(name="out", value_from=m.ValueFrom(path="/tmp/out"))])
          with Steps(name="main"):
              say(name="first", arguments={"who": "{{workflow.parameters.who}}"})
              say(name="second", arguments={"who": "{{steps.first.outputs.parameters.out}}-again"})
      assert w.lint().metadata.generate_name == "hera-"
      made = w.create(wait=True, poll_interval=1)
      assert made.status.phase == "Succeeded" and made.status.progress == "2/2", made.status
      assert made.metadata.labels[label + "creator"] == server_account and made.metadata.labels[label + "phase"] == "Succeeded"
      nodes = {n.display_name: n for n in made.status.nodes.values()}
      assert nodes["second"].outputs.parameters[0].value == "you-again"
      name = made.metadata.name
      assert lines(name) == ["hello you", "hello you-again"]
      assert lines(name, grep="a[g]ain$") == ["hello you-again"]
      stamped = lines(name, **{"logOptions.timestamps": "true", "logOptions.container": "main", "logOptions.tailLines": "1"})
      assert [line.split(" ", 1)[1] for line in stamped] == ["hello you", "hello you-again"] and stamped == sorted(stamped)
      pods = [pod.metadata.name for pod in core.list_namespaced_pod("argo", label_selector=label + "workflow=" + name).items]
      assert sorted(sum((lines(name, pod + "/log") for pod in pods), [])) == ["hello you", "hello you-again"]
      # The stream has one line only: what this client can read.
      service.workflow_logs(name, container="main", grep="again")
      assert [x.metadata.name for x in service.list_workflows().items] == [name]
      assert service.get_workflow("@latest", fields="metadata.name").metadata.name == name
      service.delete_workflow(name)
      # It is archived: deleting the live one leaves that.
      def archived():
          return service.get_workflow(name, uid=made.metadata.uid).metadata.labels[label + "workflow-archiving-status"] == "Persisted"
      eventually(archived)
      assert service.get_workflow(name).status.nodes and [x.metadata.name for x in service.list_workflows().items] == [name]
      eventually(lambda: not core.list_namespaced_pod("argo", label_selector=label + "workflow=" + name).items)
      assert lines(name) == ["hello you", "hello you-again"]
      refused(NotFound, 'workflows.argoproj.io "nope" not found', service.get_workflow, "nope")
      refused(Unauthorized, "token not valid", WorkflowsService(token="nonsense").list_workflows)
      """)
  }

  @Test("workflows are submitted from templates, cluster templates and cron workflows, with all options")
  func templates() async throws {
    try await ArgoClients.run(
      Self.preamble,
      """
      with WorkflowTemplate(name="greet", entrypoint="main", arguments=[
              Parameter(name="who", value="you", enum=["you", "me"]), Parameter(name="greeting", value="hello")]) as t:
          Container(name="main", image="alpine", command=["sh", "-c"],
                    args=["echo {{workflow.parameters.greeting}} {{workflow.parameters.who}}"])
      t.lint()
      t.create()
      refused(AlreadyExists, "already exists", t.create)
      template = service.get_workflow_template("greet")
      template.metadata.labels = {"a": "b"}
      request = m.WorkflowTemplateUpdateRequest(template=template)
      assert service.update_workflow_template("greet", request).metadata.labels["a"] == "b"
      assert [x.metadata.name for x in service.list_workflow_templates(label_selector="a=b").items] == ["greet"]

      made = submit("WorkflowTemplate", "greet", parameters=["who=all=of=them"], labels="team=blue,x=y", annotations="note=n",
                    generate_name="g-", entry_point="main", service_account="default", priority=5)
      labels = made.metadata.labels
      assert made.metadata.name.startswith("g-") and labels["team"] == "blue" and made.metadata.annotations["note"] == "n"
      assert labels[label + "workflow-template"] == "greet" and labels[label + "creator"] == server_account
      assert made.spec.priority == 5 and made.spec.service_account_name == "default"
      assert made.spec.workflow_template_ref.name == "greet"
      assert [(p.name, p.value) for p in made.spec.arguments.parameters] == [("who", "all=of=them")]
      reaches(made.metadata.name, "Succeeded")
      assert lines(made.metadata.name) == ["hello all=of=them"]

      tried = submit("wftmpl", "greet", name="dry", server_dry_run=True)
      assert tried.metadata.name == "dry" and tried.metadata.uid
      refused(NotFound, 'workflows.argoproj.io "dry" not found', service.get_workflow, "dry")
      assert submit("wftmpl", "greet", dry_run=True).metadata.name is None
      refused(BadRequest, "Resource kind 'Pod' is not supported for submitting", submit, "Pod", "x")
      refused(BadRequest, "expected parameter of the form: NAME=VALUE. Received: who", submit, "wftmpl", "greet", parameters=["who"])
      refused(NotFound, "not found", submit, "wftmpl", "nope")
      refused(NotFound, "not found", submit, "CronWorkflow", "nope")
      service.delete_workflow_template("greet")
      refused(NotFound, "not found", service.get_workflow_template, "greet")

      global_config.namespace = None
      with ClusterWorkflowTemplate(name="everywhere", entrypoint="main") as c:
          Container(name="main", image="alpine", command=["echo", "hi"])
      c.create()
      global_config.namespace = "argo"
      assert [x.metadata.name for x in service.list_cluster_workflow_templates().items] == ["everywhere"]
      made = submit("ClusterWorkflowTemplate", "everywhere")
      assert made.metadata.labels[label + "cluster-workflow-template"] == "everywhere"
      assert made.spec.workflow_template_ref.cluster_scope
      reaches(made.metadata.name, "Succeeded")
      service.delete_cluster_workflow_template("everywhere")
      refused(NotFound, "not found", service.get_cluster_workflow_template, "everywhere")

      with CronWorkflow(name="yearly", entrypoint="main", schedules=["0 0 1 1 *"], arguments=Parameter(name="n", value="1")) as cron:
          Container(name="main", image="alpine", command=["echo", "{{workflow.parameters.n}}", "{{workflow.scheduledTime}}"])
      cron.create()
      assert service.suspend_cron_workflow("yearly", m.CronWorkflowSuspendRequest()).spec.suspend is True
      assert not service.resume_cron_workflow("yearly", m.CronWorkflowResumeRequest()).spec.suspend
      made = submit("CronWorkflow", "yearly", parameters=["n=2"])
      assert made.metadata.name.startswith("yearly-") and made.metadata.labels[label + "cron-workflow"] == "yearly"
      assert made.metadata.owner_references[0].kind == "CronWorkflow"
      reaches(made.metadata.name, "Succeeded")
      assert lines(made.metadata.name)[0].startswith("2 20")
      assert [x.metadata.name for x in service.list_cron_workflows().items] == ["yearly"]
      service.delete_cron_workflow("yearly")
      """)
  }

  @Test("artifacts are handed on and read: outputs and inputs, by name and by uid, as files")
  func artifacts() async throws {
    try await ArgoClients.run(
      Self.preamble,
      """
      with Workflow(generate_name="art-", entrypoint="main") as w:
          make = Container(name="make", image="alpine", command=["sh", "-c"], args=["echo made > /tmp/a"],
                           outputs=[Artifact(name="a", path="/tmp/a", archive=NoneArchiveStrategy())])
          use = Container(name="use", image="alpine", command=["sh", "-c"], args=["cat /tmp/b"],
                          inputs=[Artifact(name="b", path="/tmp/b")])
          with Steps(name="main"):
              first = make(name="make")
              use(name="use", arguments=[first.get_artifact("a").with_name("b")])
      done = w.create(wait=True, poll_interval=1)
      assert done.status.phase == "Succeeded", done.status.message
      name, uid = done.metadata.name, done.metadata.uid
      nodes = {n.display_name: n.id for n in done.status.nodes.values()}
      assert lines(name) == ["made"]
      # This client gives the text of Python's bytes.
      made = str(b"made\\n")
      assert service.get_output_artifact(name, nodes["make"], "a") == made
      assert service.get_input_artifact(name, nodes["use"], "b") == made
      assert service.get_output_artifact_by_uid(uid, nodes["make"], "a") == made
      assert service.get_input_artifact_by_uid(uid, nodes["use"], "b") == made
      assert service.get_artifact_file("workflows", name, nodes["make"], "a", "outputs") == made
      refused(Exception, "nope", service.get_output_artifact, name, nodes["make"], "nope")
      """)
  }

  /// A workflow that waits for somebody to say `ok`.
  private static let gate = """
    spec = m.Workflow(metadata=m.ObjectMeta(generate_name="gate-"), spec=m.WorkflowSpec(entrypoint="main", templates=[
        m.Template(name="main", steps=[
            [m.WorkflowStep(name="approve", template="gate")],
            [m.WorkflowStep(name="use", template="say", arguments=m.Arguments(
                parameters=[m.Parameter(name="x", value="{{steps.approve.outputs.parameters.ok}}")]))]]),
        m.Template(name="gate", suspend=m.SuspendTemplate(), outputs=m.Outputs(
            parameters=[m.Parameter(name="ok", value_from=m.ValueFrom(supplied=m.SuppliedValueFrom()))])),
        m.Template(name="say", inputs=m.Inputs(parameters=[m.Parameter(name="x")]), container=m.Container(
            image="alpine", command=["sh", "-c"], args=["echo got {{inputs.parameters.x}}"]))]))

    def gate():
        name = service.create_workflow(m.WorkflowCreateRequest(workflow=spec)).metadata.name
        waits(name)
        return name

    def suspended(workflow):
        return [n for n in (workflow.status.nodes or {}).values() if n.type == "Suspend"]

    def waits(name):
        eventually(lambda: any(n.phase == "Running" for n in suspended(service.get_workflow(name))))

    """

  @Test("set, resume, suspend, stop, terminate, retry and resubmit, with their refusals")
  func acting() async throws {
    try await ArgoClients.run(
      Self.preamble, Self.gate,
      """
      one, chosen = gate(), "displayName=approve"
      refused(BadRequest, "raw output parameter 'ok' has not been set and does not have a default value",
              service.resume_workflow, one, m.WorkflowResumeRequest())
      refused(BadRequest, "no suspend nodes matching nodeFieldSelector: displayName=other",
              service.set_workflow, one, m.WorkflowSetRequest(node_field_selector="displayName=other", message="x"))
      refused(BadRequest, "unable to parse output parameter set request",
              service.set_workflow, one, m.WorkflowSetRequest(node_field_selector=chosen, output_parameters="nope"))
      refused(BadRequest, "use a node field selector to target them", service.set_workflow, one, m.WorkflowSetRequest(message="x"))
      service.set_workflow(one, m.WorkflowSetRequest(node_field_selector=chosen, output_parameters=json.dumps({"ok": "yes"})))
      labels = service.resume_workflow(one, m.WorkflowResumeRequest(node_field_selector=chosen)).metadata.labels
      assert labels[label + "actor"] == server_account and labels[label + "action"] == "Resume"
      done = reaches(one, "Succeeded")
      assert [n.message for n in suspended(done)] == ["Resumed by: map[User:system:serviceaccount:argo:argo-server]"]
      assert lines(one) == ["got yes"]

      two = gate()
      assert service.suspend_workflow(two, m.WorkflowSuspendRequest()).spec.suspend is True
      service.stop_workflow(two, m.WorkflowStopRequest(node_field_selector=chosen, message="refused"))
      service.resume_workflow(two, m.WorkflowResumeRequest())
      assert [n.message for n in suspended(reaches(two, "Failed"))] == ["refused"]
      four = gate()
      assert service.terminate_workflow(four, m.WorkflowTerminateRequest()).spec.shutdown == "Terminate"
      assert reaches(four, "Failed").metadata.labels[label + "action"] == "Terminate"
      refused(BadRequest, "cannot shutdown a completed workflow", service.stop_workflow, two, m.WorkflowStopRequest())
      refused(BadRequest, "cannot suspend completed workflows", service.suspend_workflow, two, m.WorkflowSuspendRequest())

      three = gate()
      assert service.stop_workflow(three, m.WorkflowStopRequest()).spec.shutdown == "Stop"
      reaches(three, "Failed")
      plain = service.resubmit_workflow(three, m.WorkflowResubmitRequest(parameters=["a=b"]))
      assert plain.metadata.labels[label + "resubmitted-from-workflow"] == three and not plain.spec.shutdown
      assert plain.metadata.labels[label + "creator"] == server_account
      assert plain.spec.arguments.parameters[0].name == "a"
      memoized = service.resubmit_workflow(three, m.WorkflowResubmitRequest(memoized=True))
      for name in (plain.metadata.name, memoized.metadata.name):
          waits(name)
          service.terminate_workflow(name, m.WorkflowTerminateRequest())
          reaches(name, "Failed")
      with Workflow(generate_name="fails-", entrypoint="main", arguments=Parameter(name="code", value="3")) as w:
          Container(name="main", image="alpine", command=["sh", "-c"], args=["exit {{workflow.parameters.code}}"])
      failed = w.create(wait=True, poll_interval=1)
      assert failed.status.phase == "Failed" and "3" in failed.status.message
      name = failed.metadata.name
      again = service.retry_workflow(name, m.WorkflowRetryRequest(parameters=["code=0"]))
      assert again.status.phase == "Running" and again.metadata.labels[label + "action"] == "Retry"
      reaches(name, "Succeeded")
      refused(BadRequest, "To retry a succeeded workflow, set the options restartSuccessful and nodeFieldSelector",
              service.retry_workflow, name, m.WorkflowRetryRequest())

      # Of one that is only archived a new one can be made, too.
      service.delete_workflow(three)
      def is_archived():
          return service.get_workflow(three, fields="metadata.labels").metadata.labels[label + "workflow-archiving-status"] == "Persisted"
      eventually(is_archived)
      anew = service.resubmit_workflow(three, m.WorkflowResubmitRequest())
      assert anew.metadata.labels[label + "resubmitted-from-workflow"] == three
      """)
  }

  @Test("lists are in order, in pages, and narrowed by names, labels, times and fields")
  func lists() async throws {
    try await ArgoClients.run(
      Self.preamble, Self.gate,
      """
      assert not service.list_workflows().items
      made = [gate() for _ in range(5)]
      names = [x.metadata.name for x in service.list_workflows().items]
      assert sorted(names) == sorted(made)
      first = service.list_workflows(limit="2", field_selector="ext.showRemainingItemCount=true")
      second = service.list_workflows(limit="2", continue_=first.metadata.continue_)
      third = service.list_workflows(limit="2", continue_=second.metadata.continue_)
      assert [x.metadata.name for x in first.items + second.items + third.items] == names
      assert first.metadata.remaining_item_count == 3 and not third.metadata.continue_
      assert [x.metadata.name for x in service.list_workflows(field_selector="metadata.name=gate-", name_filter="Prefix").items] == names
      assert [x.metadata.name for x in service.list_workflows(field_selector="metadata.name=" + made[0]).items] == [made[0]]
      assert len(service.list_workflows(field_selector="metadata.name!=" + made[0]).items) == 4
      assert len(service.list_workflows(label_selector=label + "phase in (Running)," + label + "completed!=true").items) == 5
      assert not service.list_workflows(created_after="2999-01-01T00:00:00Z").items
      slim = service.list_workflows(fields="items.metadata.name,items.status.phase,metadata")
      assert all(x.status.nodes is None and x.status.phase == "Running" for x in slim.items)
      assert all(x.status.nodes for x in service.list_workflows().items)
      # All namespaces are more than this account may see.
      refused(Forbidden, "at the cluster scope", service.list_workflows, namespace="")
      refused(BadRequest, "listOptions.continue must be int", service.list_workflows, continue_="x")
      refused(BadRequest, "unsupported requirement a=b", service.list_workflows, field_selector="a=b")
      broken = spec.model_copy(deep=True) if hasattr(spec, "model_copy") else spec.copy(deep=True)
      broken.spec.entrypoint = "nope"
      refused(BadRequest, "template name 'nope' undefined", service.lint_workflow, m.WorkflowLintRequest(workflow=broken))
      refused(BadRequest, "template name 'nope' undefined", service.create_workflow, m.WorkflowCreateRequest(workflow=broken))
      """)
  }
}
