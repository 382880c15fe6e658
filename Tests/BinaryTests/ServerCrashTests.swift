import Glibc
import Testing

/// `kill -9` of the server, again and again, under clients that create, change and watch and try again when the connection breaks.
@Suite("A killed server loses nothing", .needs("python3", "openssl"))
struct ServerCrashTests {
  private static let kills = Parts.environment["ARGOSY_SERVER_KILLS"].flatMap { Int($0) } ?? 6

  @Test("every write that was answered is there, and a watch that is resumed has no gap", .timeLimit(.minutes(20)))
  func kills() async throws {
    let bench = try Bench()
    try bench.file("clients.py", Self.clients)
    let outcome = try await bench.run(
      ["python3", "clients.py", Parts.argosy, bench.path("data"), "\(Self.kills)"], within: .seconds(900))
    #expect(outcome.status == 0, "\(outcome)")
    print("server crashes: \(outcome.out.split(separator: "\n").last ?? "")")
    #expect(await bench.settled().isEmpty)
  }

  /// Writers raise a counter in a ConfigMap of their own by reads and conditional updates; a watcher goes on at the last revision it has seen. In the end
  /// every counter has at least the last value that was answered, and the watcher has seen each of them once, in order.
  private static let clients = #"""
    import base64, http.client, json, os, random, re, signal, socket, ssl, subprocess, sys, threading, time

    argosy, data, kills = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    server, ending, problems = None, threading.Event(), []

    def start():
        global server
        server = subprocess.Popen([argosy, "server", "--data", data, "--listen", f"127.0.0.1:{port}", "--log", "none"],
                                  stdout=subprocess.PIPE, stderr=open("server.err", "a"), text=True)
        for line in server.stdout:
            if " serves " in line:
                return
        raise SystemExit("the server did not start: " + open("server.err").read()[-3000:])

    start()
    config = subprocess.run([argosy, "kubeconfig", "--data", data, "-o", "kc"], check=True, capture_output=True) and open("kc").read()
    for name, field in (("cert", "client-certificate-data"), ("key", "client-key-data"), ("ca", "certificate-authority-data")):
        open(name, "wb").write(base64.b64decode(re.search(field + r": \"?([A-Za-z0-9+/=]+)", config)[1]))
    tls = ssl.create_default_context(cafile="ca")
    tls.load_cert_chain("cert", "key")

    def connect(timeout=10):
        return http.client.HTTPSConnection("127.0.0.1", port, context=tls, timeout=timeout)

    def call(verb, path, body=None, kind="application/json"):
        """The status and document of an answer; None when the connection broke, so that nobody knows what became of the request."""
        connection = connect()
        try:
            connection.request(verb, path, json.dumps(body) if body else None, {"Content-Type": kind} if body else {})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()

    maps = "/api/v1/namespaces/default/configmaps"
    answered = {}

    def write(name):
        known = None
        while not ending.is_set():
            if known is None:
                got = call("GET", f"{maps}/{name}")
                if got is None:
                    time.sleep(0.02)
                    continue
                if got[0] == 404:
                    got = call("POST", maps, {"metadata": {"name": name, "labels": {"crash": "yes"}}, "data": {"n": "0"}})
                    if got is None or got[0] == 409:
                        continue
                known = got[1]
                if got[0] not in (200, 201):
                    problems.append(f"{name}: {got}")
                    return
                answered[name] = max(answered.get(name, 0), int(known["data"]["n"]))
            value = int(known["data"]["n"]) + 1
            if value < answered[name]:
                problems.append(f"{name} went back to {value - 1} after {answered[name]} was answered")
            if random.random() < 0.5:
                known["data"]["n"] = str(value)
                got = call("PUT", f"{maps}/{name}", known)
            else:
                patch = {"metadata": {"resourceVersion": known["metadata"]["resourceVersion"]}, "data": {"n": str(value)}}
                got = call("PATCH", f"{maps}/{name}", patch, "application/merge-patch+json")
            if got and got[0] == 200:
                known, answered[name] = got[1], value
            elif got and got[0] not in (409, 429, 503):
                problems.append(f"{name}: {got}")
                return
            else:
                known = None

    seen, resumed = {}, 0

    def watch(revision):
        global resumed
        while not ending.is_set():
            connection = connect(timeout=1)
            try:
                connection.request("GET", f"{maps}?watch=1&labelSelector=crash%3Dyes&resourceVersion={revision}")
                answer = connection.getresponse()
                resumed += 1
                while line := answer.readline():
                    if not line.endswith(b"\n"):
                        break
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        problems.append(f"the watch cannot go on at {revision}: {event}")
                        return
                    item = event["object"]
                    seen.setdefault(item["metadata"]["name"], []).append(int(item["data"]["n"]))
                    revision = item["metadata"]["resourceVersion"]
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)
            finally:
                connection.close()

    begin = call("GET", f"{maps}?labelSelector=crash%3Dyes")[1]["metadata"]["resourceVersion"]
    names = [f"counter-{i}" for i in range(6)]
    threads = [threading.Thread(target=write, args=(n,)) for n in names] + [threading.Thread(target=watch, args=(begin,))]
    for t in threads:
        t.start()
    for _ in range(kills):
        time.sleep(random.uniform(0.3, 2))
        server.kill()
        server.wait()
        start()
    time.sleep(2)
    final = {i["metadata"]["name"]: int(i["data"]["n"]) for i in call("GET", f"{maps}?labelSelector=crash%3Dyes")[1]["items"]}
    ending.set()
    for t in threads[:-1]:
        t.join()
    last = {i["metadata"]["name"]: int(i["data"]["n"]) for i in call("GET", f"{maps}?labelSelector=crash%3Dyes")[1]["items"]}
    threads[-1].join()
    for name in names:
        if last.get(name, -1) < answered.get(name, 0):
            problems.append(f"{name}: {answered[name]} was answered, {last.get(name)} is there")
        values = seen.get(name, [])
        if values != list(range(len(values))):
            problems.append(f"{name}: the watch saw {values[:5]} … with a gap or twice: {[(a, b) for a, b in zip(values, values[1:]) if b != a + 1][:5]}")
        if len(values) <= final.get(name, 0):
            problems.append(f"{name}: the watch saw {len(values)} of {final.get(name)} changes")
    server.send_signal(signal.SIGTERM)
    if server.wait(30) != 0:
        problems.append(f"the server ended with {server.returncode}")
    print("\n".join(problems))
    print(f"{kills} kills, {sum(last.values())} changes, the watch was resumed {resumed} times")
    sys.exit(1 if problems else 0)
    """#
}
