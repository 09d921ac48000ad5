"""What the tests share: a plan, a container's folders and environment, a report server."""
import contextlib
import copy
import http.server
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

ROOT = os.path.abspath(os.path.join(
    os.path.dirname(__file__), "..", "..", "main", "python"))
TIMEOUT = 180

PLAN = {
    "schemaVersion": "1",
    "job": {"namespace": "vlm", "name": "job", "uid": "u-1"},
    "run": {"id": "1", "number": 1, "hash": "7c9e6679aabb"},
    "model": {"name": "base", "catalogEntry": "Fake-1B", "source": {"kind": "Entry"}},
    "datasets": [{"name": "first"}],
    "harness": {"kind": "Command", "command": [sys.executable, "-c", "pass"]},
    "scoring": {"mode": "ExactMatching"},
    "devices": {"context": "Pod", "vendor": "NVIDIA", "resourceName": "nvidia.com/gpu",
                "kind": "Whole", "processVariable": "CUDA_VISIBLE_DEVICES",
                "perProcess": 0, "processes": 1, "total": 0},
    "split": {"strategy": "None", "loader": "Transformers"},
}


def plan_with(**changes):
    """A copy of the plan; `a__b=value` changes plan["a"]["b"]."""
    plan = copy.deepcopy(PLAN)
    for path, value in changes.items():
        node = plan
        *parents, last = path.split("__")
        for name in parents:
            node = node.setdefault(name, {})
        node[last] = value
    return plan


class Container(unittest.TestCase):
    """A test with the folders and the environment of one container."""

    def setUp(self):
        self.home = os.path.realpath(tempfile.mkdtemp(prefix="evaljob-test-"))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        for name in ("plan", "workspace", "volumes", "tmp", "bin", "python"):
            os.makedirs(os.path.join(self.home, name))
        self.termination_log = self.path("termination-log")
        # Only a bare PATH: the machine's own nvidia-smi must not answer.
        self.environment = {
            "PATH": self.path("bin") + os.pathsep + "/usr/bin:/bin",
            "PYTHONPATH": self.path("python"), "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": self.path("tmp"), "TMPDIR": self.path("tmp"),
            "EVALJOB_PLAN": self.path("plan", "plan.json"),
            "EVALJOB_WORKSPACE": self.path("workspace"),
            "EVALJOB_VOLUMES": self.path("volumes"), "EVALJOB_TMP": self.path("tmp"),
            "EVALJOB_TERMINATION_LOG": self.termination_log,
            "EVALJOB_ATTEMPT": "1", "EVALJOB_POD_NAME": "pod", "EVALJOB_POD_UID": "pod-uid",
            "EVALJOB_GRACE_SECONDS": "8", "EVALJOB_PROGRESS_SECONDS": "0.05"}

    def path(self, *names):
        return os.path.join(self.home, *names)

    def work_dir(self, *names):
        return self.path("workspace", "vlm", "job", "7c9e6679aabb", "base", *names)

    def write(self, text, *names):
        path = self.path(*names)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def write_plan(self, plan):
        self.write(json.dumps(plan), "plan", "plan.json")

    def tool(self, name, script):
        """Puts a program on the container's PATH."""
        path = self.write("#!%s\n%s" % (sys.executable, script), "bin", name)
        os.chmod(path, 0o755)

    def command(self, script):
        """The command of a Command harness that runs a script."""
        return [sys.executable, self.write(script, "python", "harness_program.py")]

    def start(self, stage, **environment):
        return subprocess.Popen(
            [sys.executable, ROOT, stage], env=dict(self.environment, **environment),
            cwd=self.path("tmp"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            universal_newlines=True)

    def run_stage(self, stage, expected=0, **environment):
        """Runs a stage to its end and gives its output."""
        process = self.start(stage, **environment)
        try:
            output, _ = process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            self.fail("the stage did not end:\n" + output)
        self.assertEqual(expected, process.returncode, output)
        return output

    def stop_stage(self, process):
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=TIMEOUT)
        return output

    def termination(self):
        with open(self.termination_log, "rb") as source:
            data = source.read()
        self.assertLessEqual(len(data), 4096)
        return json.loads(data.decode("utf-8"))

    def fifo(self, *names):
        """A pipe that tells the test when a child got somewhere."""
        path = self.path(*names)
        os.mkfifo(path)
        return path


class LoopbackServer:
    """Answers on the loopback address, for as long as a `with` lasts."""

    def __init__(self, handler):
        """`handler` is a BaseHTTPRequestHandler; `self.address` is where it answers."""
        handler.log_message = lambda *arguments: None
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.address = "127.0.0.1:%d" % self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class ReportServer(LoopbackServer):
    """The report endpoint: keeps what it was sent, answers what it is told to."""

    def __init__(self, answers=(), tls=None, answer_for=None):
        self.reports = []
        self.authorizations = []
        self.sizes = []
        self.connections = 0
        self.lock = threading.Lock()
        self.got_report = threading.Condition(self.lock)
        self._answers = list(answers)
        self._answer_for = answer_for
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            # It would keep connections open; the client shall not.
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                with outer.lock:
                    outer.connections += 1

            def do_POST(self):
                size = int(self.headers["Content-Length"])
                body = json.loads(self.rfile.read(size).decode("utf-8"))
                with outer.lock:
                    status, headers, *text = outer._next(body)
                    outer.sizes.append(size)
                    outer.authorizations.append(self.headers.get("Authorization"))
                    outer.reports.append((status, body))
                    outer.got_report.notify_all()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                answer = text[0].encode("ascii") if text else b'{"stored":true}'
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        super().__init__(Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = "%s://%s/v1/report" % ("https" if tls else "http", self.address)

    def _next(self, body):
        if self._answer_for is not None:
            return self._answer_for(body)
        if self._answers:
            return self._answers.pop(0)
        return (200 if body["final"] else 202), {}

    def stored(self):
        """The bodies that were stored, in order."""
        with self.lock:
            return [body for status, body in self.reports if status in (200, 202)]

    def final(self):
        return [body for body in self.stored() if body["final"]][-1]


class FileServer(LoopbackServer):
    """One file by HTTP, cut off at the given numbers of bytes, each once."""

    def __init__(self, data, cuts=(), mark="v1"):
        self.ranges = []
        cuts = list(cuts)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):

            def do_GET(self):
                wanted = self.headers.get("Range")
                outer.ranges.append(wanted)
                same = self.headers.get("If-Range") == '"%s"' % mark
                start = int(wanted[6:-1]) if wanted and same else 0
                self.send_response(206 if start else 200)
                self.send_header("ETag", '"%s"' % mark)
                self.send_header("Content-Length", str(len(data) - start))
                self.end_headers()
                self.wfile.write(data[start:cuts.pop(0) if cuts else None])

        super().__init__(Handler)
        self.url = "http://%s/data.tsv" % self.address


def certificate(folder):
    """A self-signed certificate for 127.0.0.1, or None without openssl."""
    openssl = shutil.which("openssl")
    if openssl is None:
        return None
    key, crt = os.path.join(folder, "tls.key"), os.path.join(folder, "tls.crt")
    with contextlib.suppress(subprocess.CalledProcessError):
        subprocess.run(
            [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
             "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
             "-out", crt], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return crt, key
    return None
