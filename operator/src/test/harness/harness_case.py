"""A test that runs a real VLMEvalKit: manifests, the plan that is made of them, the runner's stages."""
import base64
import csv
import io
import json
import os
import shutil
import struct
import subprocess
import unittest
import zlib

import support
from support import Container, ReportServer

HERE = os.path.dirname(os.path.abspath(__file__))
EVALJOB = os.environ.get("EVALJOB") or os.path.normpath(
    os.path.join(HERE, "..", "..", "..", "bin", "evaljob"))
support.TIMEOUT = 400

# What tells the vintages apart for a test: dialect, and what goes before the environment's packages.
VINTAGES = {"ms": "StatusFile", "nv": "AutoSplit", "checkout": os.environ.get("HARNESS_DIALECT")}
_BEFORE = {"nv": "HARNESS_OVERLAY", "checkout": "HARNESS_CHECKOUT"}
# A card as nvidia-smi lists it: some model classes ask for free memory before they load.
CARD = "81559"


def picture(seed):
    """A PNG of 32 x 32 pixels, another one for each number, as the harness wants it in a table."""
    rows = bytearray()
    for y in range(32):
        rows.append(0)
        for x in range(32):
            rows += bytes(((x * seed + y) % 256, (y * 7 * seed) % 256, (x ^ (y + seed * 31)) % 256))

    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))
    data = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b""))
    return base64.b64encode(data).decode("ascii")


def table(columns, rows):
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def multiple_choice(count):
    """Questions with the options A to D; every fourth has the same answer."""
    return table(["index", "question", "A", "B", "C", "D", "answer", "category", "image"], [
        [number, "What is picture %d like, %s?" % (number, "in words " * (number % 5)), "red",
         "green", "blue", "grey", "ABCD"[number % 4], "colour", picture(number + 1)]
        for number in range(count)])


def free_form(count):
    """Questions as OCRBench asks them: an answer counts when it contains one of those listed."""
    return table(["index", "question", "answer", "category", "image"], [
        [number, "Which letter is in picture %d?" % number, "['%s']" % "ABCD"[number % 4],
         "Regular Text Recognition", picture(number + 1)] for number in range(count)])


@unittest.skipUnless("HARNESS_MODELS" in os.environ, "started by operator/src/test/harness/run")
class HarnessCase(Container):
    """One test: a workspace, volumes with a model and data sets, stages run on it.

    `vintage` is "ms", "nv" or "checkout". `self.job(...)` makes a plan; `self.stage(name)` runs a stage and
    keeps its final report in `self.report`.
    """

    vintage = "ms"
    # Variables of the container, beside those of the plan.
    more_environment = {}

    def setUp(self):
        super().setUp()
        self.report = None
        keep = os.environ.get("HARNESS_KEEP")
        if keep:
            self.addCleanup(self._keep, os.path.join(keep, self.id()))
        paths = []
        if self.vintage in _BEFORE:
            paths.append(os.environ[_BEFORE[self.vintage]])
        self.environment.update(PYTHONPATH=os.pathsep.join(paths), OMP_NUM_THREADS="1",
                                TOKENIZERS_PARALLELISM="false")
        del self.environment["PYTHONDONTWRITEBYTECODE"]
        os.makedirs(self.path("cache"))
        os.makedirs(self.path("volumes", "files"))
        self.environment["EVALJOB_CACHE"] = self.path("cache")
        self.cards(1)

    def _keep(self, target):
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.home, target, symlinks=True)

    def cards(self, count):
        """A driver's tool that lists so many cards."""
        self.tool("nvidia-smi", "import sys\n"
                  "asked = ' '.join(sys.argv[1:])\n"
                  "for n in range(%d):\n"
                  "    if 'memory.free' in asked:\n"
                  "        print(*(['memory.free [MiB]'] if n == 0 else []), '%s MiB', sep='\\n')\n"
                  "    elif 'query-gpu' in asked:\n"
                  "        print('%%d, GPU-%%d, %s' %% (n, n))\n"
                  "    else:\n"
                  "        print('GPU %%d: Pretended (UUID: GPU-%%d)' %% (n, n))\n"
                  % (count, CARD, CARD))

    def model(self, name, at=None):
        """Puts one of the made models on the volume; another path at will."""
        target = self.path("volumes", "files", at or name)
        if not os.path.exists(target):
            os.symlink(os.path.join(os.environ["HARNESS_MODELS"], name), target)
        return {"name": "files", "path": at or name}

    def dataset(self, name, text):
        """Puts a data set on the volume."""
        self.write(text, "volumes", "files", name + ".tsv")
        return {"name": name, "volume": {"name": "files", "path": name + ".tsv"}}

    def cached_dataset(self, name, text):
        """A data set of the harness's own, as if prefetch had fetched it into the cache."""
        self.write(text, "cache", "LMUData", name + ".tsv")
        return {"name": name}

    def job(self, entry, model, datasets, processes=1, devices=0, memory="79Gi", profile=None,
            visible=None, **spec):
        """Writes the manifests and the plan that `evaljob plan` makes of them, for a pod.

        With `visible`, for this machine, whose process variable has that value; `more` are fields
        of the model.
        """
        runtime = {
            "harness": "VLMEvalKit", "vlmevalkit": {"dialect": VINTAGES[self.vintage]},
            "image": "made:here", "allow": {"namespaceSelector": {}, "claimNames": ["files", "cache"],
                                            "parameterNames": ["*"]},
            "resources": {stage: {"cpu": "1", "memory": "1Gi"} for stage in (
                "prefetch", "infer", "score")}}
        accelerator = {"devicesPerProcess": devices, "processes": processes}
        if devices:
            accelerator["minMemory"] = memory
            self.cards(8 if visible else devices * processes)
        objects = [
            {"apiVersion": "evaljob.io/v1alpha1", "kind": "EvalRuntime",
             "metadata": {"name": "real"}, "spec": runtime},
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "files"},
             "spec": {"accessModes": ["ReadOnlyMany"], "resources": {"requests": {"storage": "1Gi"}}}},
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "cache"},
             "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}},
            {"apiVersion": "evaljob.io/v1alpha1", "kind": "EvalJob", "metadata": {"name": "job"},
             "spec": dict({
                 "runtimeRef": {"name": "real"},
                 "models": [dict({"name": "base", "catalogEntry": entry, "volume": model},
                                 **spec.pop("more", {}))],
                 "datasets": datasets, "accelerator": accelerator,
                 "scoring": {"mode": "ExactMatching"},
                 "storage": {"volumes": [{"name": "files", "claimName": "files"}],
                             "cache": {"claimName": "cache"}}}, **spec)}]
        if profile:
            objects.insert(0, {"apiVersion": "evaljob.io/v1alpha1", "kind": "ModelProfile",
                               "metadata": {"name": "made"}, "spec": profile})
        path = self.write("\n---\n".join(map(json.dumps, objects)), "plan", "..manifests.yaml")
        machine = ["--devices", "%d:80Gi" % (devices * processes)] if visible else []
        answer = subprocess.run(
            [EVALJOB, "plan", "-o", "json"] + machine + [path], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, universal_newlines=True,
            env=dict(os.environ, **({"CUDA_VISIBLE_DEVICES": visible} if visible else {})))
        self.assertEqual(0, answer.returncode, answer.stderr)
        plan = json.loads(answer.stdout)["items"][0]["plans"][0]
        # This machine's shared memory is not the pod's.
        plan["resources"]["sharedMemoryBytes"] = 0
        self.write_plan(plan)
        self.environment.update(plan["devices"]["containerEnvironment"])
        self.environment.update(self.more_environment)
        if devices:
            self.environment["CUDA_VISIBLE_DEVICES"] = visible or ",".join(
                str(number) for number in range(devices * processes))
        return plan

    def plan_document(self):
        with open(self.path("plan", "plan.json"), encoding="utf-8") as source:
            return json.load(source)

    def work_dir(self, *names):
        plan = self.plan_document()
        return self.path("workspace", plan["job"]["namespace"], plan["job"]["name"],
                         plan["run"]["hash"], plan["model"]["name"], *names)

    def stage(self, name, expected=0, **environment):
        """Runs a stage to its end: its output; its final report is in `self.report`."""
        with ReportServer() as server:
            output = self.run_stage(name, expected, EVALJOB_REPORT_URL=server.url, **environment)
            self.report = server.final()
        return output

    def whole(self, **environment):
        """Prefetch, infer, score: the rows of the final report by data set, and infer's output."""
        self.stage("prefetch", **environment)
        output = self.stage("infer", **environment)
        self.stage("score", **environment)
        return {row["dataset"]: row for row in self.report["results"]}, output

    def pretend(self, cards):
        """Cards of the machine, that the processes of the harness believe in."""
        self.environment["PRETENDED_CARDS"] = str(cards)
        self.environment["PYTHONPATH"] = os.pathsep.join(
            [os.path.join(HERE, "standin"), support.ROOT, self.environment["PYTHONPATH"]])

    def answers(self, dataset, folder="harness"):
        """Index -> prediction, as the newest prediction file of a data set has them."""
        import openpyxl
        from evaljob_runner import predictions
        entry = self.plan_document()["model"]["catalogEntry"]
        found = predictions.find(self.work_dir(folder, entry), entry, dataset)
        self.assertIsNotNone(found, "no predictions of " + dataset)
        rows = list(openpyxl.load_workbook(found.path, read_only=True).active.values)
        header = list(rows[0])
        return {int(row[header.index("index")]): row[header.index("prediction")] for row in rows[1:]}

    def right(self, answers):
        """How many are right: the data sets made here have every fourth answer alike."""
        return sum(answer == "ABCD"[index % 4] for index, answer in answers.items())
