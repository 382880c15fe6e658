import Testing

/// Python programs that use clients of Argo's API against a server.
enum ArgoClients {
  /// What comes before a program: the namespace `argo`, a token of its account `argo-server` in `token`, the server's address in `url`, its authority in
  /// the file `ca.pem`; `eventually(condition)` and `refused(kind, text, call)`, and `lines(workflow)` with what its pods printed.
  private static let preamble = """
    import base64, json, os, time, warnings, yaml, requests
    warnings.simplefilter("ignore")
    from kubernetes import client as kube, config

    config.load_kube_config(os.environ["KUBECONFIG"])
    core = kube.CoreV1Api()
    core.create_namespace(kube.V1Namespace(metadata=kube.V1ObjectMeta(name="argo")))
    cluster = yaml.safe_load(open(os.environ["KUBECONFIG"]))["clusters"][0]["cluster"]
    open("ca.pem", "wb").write(base64.b64decode(cluster["certificate-authority-data"]))
    url = cluster["server"]

    def eventually(condition):
        for _ in range(2400):
            value = condition()
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError("not in time")

    def account_token():
        try:
            return core.create_namespaced_service_account_token("argo-server", "argo", {"spec": {}}).status.token
        except kube.ApiException as error:
            assert error.status == 404, error

    token = eventually(account_token)

    def may_list():
        headers = {"Authorization": "Bearer " + token}
        return requests.get(url + "/api/v1/workflows/argo", headers=headers, verify="ca.pem").status_code == 200

    # The account is there before what it may do.
    eventually(may_list)

    def refused(kind, text, call, *arguments, **named):
        try:
            call(*arguments, **named)
        except kind as error:
            assert text in str(error), error
            return error
        raise AssertionError("not refused")

    def lines(name, path="log", **query):
        answer = requests.get(f"{url}/api/v1/workflows/argo/{name}/{path}", params=query,
                              headers={"Authorization": "Bearer " + token}, verify="ca.pem", timeout=300)
        assert answer.status_code == 200, answer.text
        return [json.loads(line)["result"]["content"] for line in answer.text.splitlines()]


    """

  /// Runs a program against a server of its own; the test fails when it does.
  static func run(_ parts: String..., location: SourceLocation = #_sourceLocation) async throws {
    let cluster = try await ServedCluster()
    try cluster.bench.file("client.py", preamble + parts.joined(separator: "\n"))
    let outcome = try await cluster.bench.run(["python3", "client.py"], within: .seconds(600))
    #expect(outcome.status == 0, "\(outcome)", sourceLocation: location)
    _ = try await cluster.stop()
  }
}
