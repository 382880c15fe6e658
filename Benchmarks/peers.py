"""Workflow engines from PyPI, each in a virtual environment of its own below ~/.cache/argosy (`scripts/setup bench`). One that is not there is said and
left out. Servers are started before they are measured, so that what is measured is the submission and the run. Those that need seconds a step are
measured once, and only on the workloads that they end in a reasonable time.
"""
import json, os, pathlib, shutil, socket, subprocess, time, urllib.request

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", str(pathlib.Path.home() / ".cache"))) / "argosy"
NAMES = ["luigi", "snakemake", "prefect", "dagster", "airflow"]


def bin(name):
    return CACHE / f"bench-{name}" / "bin"


def is_installed(name):
    return (bin(name) / {"luigi": "luigi", "snakemake": "snakemake", "prefect": "prefect", "dagster": "dagster", "airflow": "airflow"}[name]).exists()


def version(name):
    package = {"airflow": "apache-airflow"}.get(name, name)
    code = f"import importlib.metadata as m; print(m.version('{package}'))"
    return subprocess.run([bin(name) / "python", "-c", code], capture_output=True, text=True).stdout.strip()


STEP = '''
import json, os, subprocess
TASKS = [(t, d) for t, d in json.load(open(os.environ["TASKS"]))]
def run(tid): subprocess.run(["/bin/true", tid], check=True)
'''

FLOWS = {
    "luigi": STEP + '''
import luigi
DEPS = dict(TASKS)
class Step(luigi.Task):
    tid = luigi.Parameter()
    def requires(self): return [Step(d) for d in DEPS[self.tid]]
    def output(self): return luigi.LocalTarget("out/" + self.tid)
    def run(self):
        run(self.tid)
        with self.output().open("w") as f: f.write("done")
class All(luigi.WrapperTask):
    def requires(self): return [Step(t) for t in DEPS]
''',
    "snakemake": STEP + '''
DEPS = dict(TASKS)
rule all:
    input: ["out/" + t for t in DEPS]
rule step:
    input: lambda wc: ["out/" + d for d in DEPS[wc.tid]]
    output: touch("out/{tid}")
    shell: "/bin/true {wildcards.tid}"
''',
    "prefect": STEP + '''
from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner
@task
def step(tid): run(tid)
@flow(task_runner=ThreadPoolTaskRunner(max_workers=8))
def bench():
    runs = {}
    for tid, deps in TASKS: runs[tid] = step.submit(tid, wait_for=[runs[d] for d in deps])
    for r in runs.values(): r.result()
bench()
''',
    "dagster": STEP + '''
from dagster import DependencyDefinition, GraphDefinition, In, MultiDependencyDefinition, Nothing, Out, multiprocess_executor, op
def make(tid, deps):
    @op(name=tid, ins={"after": In(Nothing)} if deps else {}, out=Out(Nothing))
    def step(): run(tid)
    return step
bench = GraphDefinition(name="bench", node_defs=[make(t, d) for t, d in TASKS], dependencies={
    t: {"after": MultiDependencyDefinition([DependencyDefinition(x, "result") for x in d])} for t, d in TASKS if d
}).to_job(executor_def=multiprocess_executor.configured({"max_concurrent": 8}))
''',
    "airflow": STEP + '''
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
with DAG("bench", schedule=None, max_active_tasks=8, catchup=False) as dag:
    ops = {}
    for tid, deps in TASKS:
        ops[tid] = BashOperator(task_id=tid, bash_command="/bin/true " + tid)
        for d in deps: ops[d] >> ops[tid]
''',
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Peer:
    """One engine, one workload at a time: `start()` gives the command that is measured."""

    WORKLOADS = {
        "luigi": ["hello", "chain", "fanout", "grid"], "snakemake": ["hello", "chain", "fanout", "grid"], "prefect": ["hello", "chain", "fanout"],
        "dagster": ["hello"], "airflow": ["hello"],
    }

    def __init__(self, name):
        self.name, self.workloads, self.servers = name, self.WORKLOADS[name], []
        self.runs = None if name == "luigi" else 1

    def prepare(self, work, w, tasks):
        place = work / f"{self.name}-{w}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        (place / "tasks.json").write_text(json.dumps(tasks))
        self.place = place
        self.env = dict(os.environ, PATH=f"{bin(self.name)}:{os.environ['PATH']}", TASKS=str(place / "tasks.json"), PYTHONPATH=str(place),
                        DO_NOT_TRACK="1")
        return getattr(self, "prepare_" + self.name)()

    def flow(self, file):
        path = self.place / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(FLOWS[self.name])
        return str(path)

    def prepare_luigi(self):
        self.flow("bench_luigi.py")
        return ["luigi", "--module", "bench_luigi", "All", "--local-scheduler", "--workers", "8", "--log-level", "ERROR"]

    def prepare_snakemake(self):
        self.flow("Snakefile")
        return ["snakemake", "-j", "8", "--quiet", "all"]

    def prepare_prefect(self):
        port = free_port()
        self.env.update(PREFECT_HOME=str(self.place / "home"), PREFECT_API_URL=f"http://127.0.0.1:{port}/api", PREFECT_LOGGING_LEVEL="WARNING",
                        PREFECT_SERVER_ANALYTICS_ENABLED="false")
        self.serve(["prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)])
        self.wait(f"http://127.0.0.1:{port}/api/health")
        return ["python", self.flow("bench_prefect.py")]

    def prepare_dagster(self):
        home = self.place / "home"
        home.mkdir()
        (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
        self.env.update(DAGSTER_HOME=str(home))
        return ["dagster", "job", "execute", "-f", self.flow("bench_dagster.py"), "-j", "bench"]

    def prepare_airflow(self):
        port, home = free_port(), self.place / "home"
        self.flow("dags/bench.py")
        self.env.update({
            "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__EXECUTOR": "LocalExecutor", "AIRFLOW__CORE__PARALLELISM": "8",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__CORE__DAGS_FOLDER": str(self.place / "dags"),
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False", "AIRFLOW__API__PORT": str(port), "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True", "AIRFLOW__API_AUTH__JWT_SECRET": os.urandom(32).hex(),
            "AIRFLOW__API__SECRET_KEY": os.urandom(16).hex(), "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        })
        home.mkdir()
        self.run(["airflow", "db", "migrate"])
        for part in ("dag-processor", "api-server", "scheduler"):
            self.serve(["airflow", part])
        for _ in range(90):
            listed = subprocess.run(["airflow", "dags", "list"], env=self.env, cwd=self.place, capture_output=True, text=True)
            if "bench" in listed.stdout:
                break
            time.sleep(1)
        else:
            raise TimeoutError("airflow does not show the DAG")
        script = self.place / "submit"
        script.write_text(f'''set -e
airflow dags trigger bench --run-id measured > /dev/null
while :; do
  case "$(sqlite3 -readonly -cmd ".timeout 5000" {home}/airflow.db "select state from dag_run where run_id='measured'")" in
    success) exit 0 ;;
    failed) exit 1 ;;
  esac
  sleep 0.1
done
''')
        return ["sh", str(script)]

    def run(self, command):
        subprocess.run(command, env=self.env, cwd=self.place, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def serve(self, command):
        self.servers.append(subprocess.Popen(command, env=self.env, cwd=self.place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True))

    def wait(self, url):
        for _ in range(300):
            try:
                urllib.request.urlopen(url, timeout=1).read()
                return
            except OSError:
                time.sleep(0.2)
        raise TimeoutError(f"{self.name} does not answer")

    def stop(self):
        """Ends the servers and what they have started: each has a session of its own."""
        for server in self.servers:
            for sign in (15, 9):
                try:
                    os.killpg(server.pid, sign)
                    server.wait(timeout=5)
                    break
                except (ProcessLookupError, subprocess.TimeoutExpired):
                    continue
        self.servers = []
