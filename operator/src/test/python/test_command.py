"""The Command harness through the whole launcher."""
import json
import os
import select
import signal
import subprocess
import sys
import unittest

from evaljob_runner.command import signs
from evaljob_runner.watchdog import Watchdog
from support import ROOT, TIMEOUT, Container, ReportServer, plan_with

PROGRAM = """
import json, os, sys
name = os.environ["EVALJOB_DATASET_NAME"]
rank, world = os.environ["RANK"], os.environ["WORLD_SIZE"]
with open(os.path.join(os.environ["EVALJOB_OUTPUT_DIR"], "calls-" + rank), "a") as out:
    out.write(json.dumps({k: os.environ.get(k) for k in (
        "CUDA_VISIBLE_DEVICES", "EVALJOB_SAMPLE_LIMIT", "MASTER_ADDR", "LOCAL_RANK",
        "EVALJOB_MODEL_PATH", "EVALJOB_DATASET_PATH", "EVALJOB_PARAMETERS",
        "EVALJOB_REPORT_TOKEN_FILE", "EVALJOB_REPORT_URL")}) + "\\n")
with open(os.environ["EVALJOB_PROGRESS_FILE"], "w") as out:
    json.dump({"done": 6, "total": 6}, out)
print("API Key: sk-abcdefghijklmnop", os.environ.get("SOME_TOKEN"))
if name == "broken":
    print("the last word of the program")
    sys.exit(3)
if name == "oom":
    raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
if name == "silent":
    sys.exit(0)
if rank == "0":
    with open(os.environ["EVALJOB_RESULTS_FILE"], "w") as out:
        out.write('{"metric":"accuracy","score":0.7500,"samples":12,"failedSamples":1}')
"""


class CommandHarnessTest(Container):

    def plan(self, *datasets, **changes):
        self.write_plan(plan_with(
            harness__command=self.command(PROGRAM),
            datasets=[{"name": name} for name in datasets], **changes))

    def calls(self, dataset, rank=0, smoke=False):
        path = self.work_dir("smoke" if smoke else "datasets", dataset, "calls-%d" % rank)
        with open(path) as source:
            return [json.loads(line) for line in source]

    def test_every_stage_succeeds_and_the_score_is_the_text_that_was_written(self):
        self.plan("first", "second")
        with ReportServer() as server:
            url = server.url
            self.run_stage("prefetch", EVALJOB_REPORT_URL=url)
            self.run_stage("infer", EVALJOB_REPORT_URL=url)
            self.assertEqual(2, server.final()["progress"]["datasetsDone"])
            self.assertNotIn("failure", server.final())
            self.run_stage("score", EVALJOB_REPORT_URL=url)
            final = server.final()
        self.assertEqual("Score", final["stage"])
        self.assertEqual([
            {"dataset": name, "phase": "Succeeded", "metric": "accuracy", "score": "0.7500", "judge": "",
             "samples": 12, "failedSamples": 1, "message": ""} for name in ("first", "second")],
            final["results"])
        self.assertEqual("Succeeded", self.termination()["outcome"])
        self.assertTrue(self.termination()["digest"].startswith("sha256:"))

    def test_ranks_have_their_slices_and_nothing_of_the_report_endpoint(self):
        self.plan("first", devices__perProcess=2, devices__processes=2, devices__total=4)
        self.run_stage("infer", CUDA_VISIBLE_DEVICES="4,5,6,7", EVALJOB_REPORT_TOKEN_FILE="/x",
                       NVIDIA_VISIBLE_DEVICES="void")
        calls = [self.calls("first", rank)[0] for rank in (0, 1)]
        self.assertEqual(["4,5", "6,7"], [call["CUDA_VISIBLE_DEVICES"] for call in calls])
        for call in calls:
            self.assertEqual("0", call["LOCAL_RANK"])
            self.assertEqual("127.0.0.1", call["MASTER_ADDR"])
            self.assertIsNone(call["EVALJOB_REPORT_TOKEN_FILE"])

    def test_a_rerun_does_nothing_again(self):
        self.plan("first")
        self.run_stage("infer")
        output = self.run_stage("infer")
        self.assertIn("done by an earlier attempt", output)
        self.assertEqual(1, len(self.calls("first")))

    def test_one_failed_data_set_leaves_the_others_done(self):
        self.plan("broken", "first")
        with ReportServer() as server:
            self.run_stage("infer", 1, EVALJOB_REPORT_URL=server.url)
            final = server.final()
        self.assertEqual("DatasetFailed", final["failure"]["cause"])
        self.assertEqual(["broken"], [row["dataset"] for row in final["results"]])
        self.assertIn("the last word of the program", final["results"][0]["message"])
        self.assertEqual(1, final["progress"]["datasetsDone"])
        with ReportServer() as server:
            self.run_stage("score", 1, EVALJOB_REPORT_URL=server.url)
            rows = {row["dataset"]: row for row in server.final()["results"]}
        self.assertEqual("DatasetFailed", self.termination()["cause"])
        self.assertEqual("Succeeded", rows["first"]["phase"])
        self.assertIn("the last word of the program", rows["broken"]["message"])

    def test_exit_0_without_results_is_a_failure(self):
        self.plan("silent")
        self.run_stage("infer", 1)
        self.assertEqual("ResultsInvalid", self.termination()["cause"])

    def test_out_of_memory_is_told_apart_and_ends_the_stage(self):
        self.plan("oom", "first")
        self.run_stage("infer", 1)
        self.assertEqual("OutOfMemory", self.termination()["cause"])
        self.assertFalse(os.path.exists(self.work_dir("datasets", "first", "results.json")))

    def test_smoke_runs_first_in_its_own_folder(self):
        self.plan("first", smokeTest__samples=4)
        self.run_stage("infer")
        self.assertEqual("4", self.calls("first", smoke=True)[0]["EVALJOB_SAMPLE_LIMIT"])
        self.assertIsNone(self.calls("first")[0]["EVALJOB_SAMPLE_LIMIT"])

    def test_a_failed_smoke_run_ends_the_stage(self):
        self.plan("broken", smokeTest__samples=4)
        self.run_stage("infer", 1)
        self.assertIn("smoke run of 4 samples", self.termination()["message"])
        self.assertFalse(os.path.exists(self.work_dir("datasets", "broken")))

    def test_secrets_are_not_printed(self):
        self.plan("first")
        output = self.run_stage("infer", SOME_TOKEN="very-secret-value")
        self.assertNotIn("very-secret-value", output)
        self.assertNotIn("sk-abcdefghijklmnop", output)
        self.assertIn("[redacted]", output)

    def test_secrets_are_not_reported(self):
        self.plan("broken")
        with ReportServer() as server:
            self.run_stage("infer", 1, EVALJOB_REPORT_URL=server.url,
                           SOME_TOKEN="very-secret-value")
            text = json.dumps(server.reports) + json.dumps(self.termination())
        self.assertIn("the last word", text)
        self.assertNotIn("very-secret-value", text)

    def test_model_and_data_come_from_volumes(self):
        self.write("x", "volumes", "models", "sft", "config.json")
        self.write("index\n", "volumes", "models", "bench", "my.tsv")
        self.plan("first", model__source={"kind": "Volume", "volume": "models", "path": "sft"},
                  model__parameters={"max_new_tokens": "16"})
        with open(self.path("plan", "plan.json")) as source:
            plan = json.load(source)
        plan["datasets"] = [{"name": "first", "volume": "models", "path": "bench/my.tsv"}]
        self.write_plan(plan)
        self.run_stage("prefetch")
        self.run_stage("infer")
        call = self.calls("first")[0]
        self.assertEqual(self.path("volumes", "models", "sft"), call["EVALJOB_MODEL_PATH"])
        self.assertEqual(self.path("volumes", "models", "bench", "my.tsv"),
                         call["EVALJOB_DATASET_PATH"])
        self.assertEqual('{"max_new_tokens": "16"}', call["EVALJOB_PARAMETERS"])

    def test_missing_weights_and_data_are_named(self):
        self.plan("first", model__source={"kind": "Volume", "volume": "models", "path": "sft"})
        for stage in ("prefetch", "infer"):  # in prefetch already: no device waits for a mistake
            self.run_stage(stage, 1)
            self.assertEqual("ModelNotFound", self.termination()["cause"])
            self.assertIn("sft in volume models", self.termination()["message"])
        plan = plan_with(datasets=[{"name": "d", "volume": "models", "path": "no.tsv"}])
        self.write_plan(plan)
        self.run_stage("prefetch", 1)
        self.assertEqual("DatasetNotFound", self.termination()["cause"])
        self.assertIn("no.tsv", self.termination()["message"])


class EndingTest(Container):

    PROGRAM = """
import os, signal, sys, time
def flush(*_):
    open(os.path.join(os.environ["EVALJOB_OUTPUT_DIR"], "flushed-" + os.environ["RANK"]), "w").close()
    sys.exit(143)
signal.signal(signal.SIGTERM, flush)
rank = os.environ["RANK"]
ready = open(os.environ["READY"] + rank, "w")
ready.write("ready\\n")
ready.flush()
if rank == os.environ.get("CRASH"):
    with open(os.environ["READY"] + "1") as other:
        other.readline()
    os.kill(os.getpid(), int(os.environ["CRASH_SIGNAL"]))
while True:
    signal.pause()
"""

    def setUp(self):
        super().setUp()
        self.write_plan(plan_with(harness__command=self.command(self.PROGRAM),
                                  devices__processes=2))

    def test_sigterm_lets_the_ranks_flush_and_exits_143(self):
        pipes = [self.fifo("ready%d" % rank) for rank in (0, 1)]
        process = self.start("infer", READY=self.path("ready"))
        readers = [open(pipe) for pipe in pipes]
        for reader in readers:
            reader.readline()
        self.stop_stage(process)
        for reader in readers:
            reader.close()
        self.assertEqual(143, process.returncode)
        for rank in (0, 1):
            self.assertTrue(os.path.exists(
                self.work_dir("datasets", "first", "flushed-%d" % rank)))
        self.assertEqual("Terminated", self.termination()["outcome"])

    def test_a_killed_rank_ends_the_others_with_its_own_cause(self):
        self.fifo("ready1")
        self.run_stage("infer", 1, READY=self.path("ready"), CRASH="0",
                       CRASH_SIGNAL=str(int(signal.SIGSEGV)))
        self.assertEqual("RankFailed", self.termination()["cause"])
        self.assertIn("rank 0 was ended by SIGSEGV", self.termination()["message"])
        self.assertTrue(os.path.exists(self.work_dir("datasets", "first", "flushed-1")))

    @unittest.skipUnless(sys.platform.startswith("linux"), "the kernel's doing")
    def test_ranks_do_not_outlive_a_killed_launcher(self):
        pipes = [self.fifo("ready%d" % rank) for rank in (0, 1)]
        process = self.start("infer", READY=self.path("ready"))
        readers = [open(pipe) for pipe in pipes]
        for reader in readers:
            reader.readline()
        process.kill()
        process.communicate()
        for reader in readers:
            # A rank holds its end as long as it lives.
            ended, _, _ = select.select([reader], [], [], 30)
            self.assertTrue(ended, "a rank outlived its launcher")
            self.assertEqual("", reader.read())
            reader.close()


# A /dev/shm of one MiB for what comes behind it.
SMALL_SHARED_MEMORY = ["unshare", "--map-root-user", "--mount", "sh", "-c",
                       'mount -t tmpfs -o size=1m tmpfs /dev/shm && exec "$@"', "sh"]


def can_mount():
    try:
        return subprocess.run(SMALL_SHARED_MEMORY + ["true"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


@unittest.skipUnless(can_mount(), "needs a mount namespace")
class SharedMemoryTest(Container):

    def test_a_segment_that_does_not_fit_is_named_though_it_is_gone_with_its_process(self):
        self.write_plan(plan_with(resources__sharedMemoryBytes=1 << 20, harness__command=self.command(
            "from multiprocessing import shared_memory\n"
            "segment = shared_memory.SharedMemory(create=True, size=8 << 20)\n"
            "segment.buf[:] = bytes(8 << 20)\n")))
        ended = subprocess.run(
            SMALL_SHARED_MEMORY + [sys.executable, ROOT, "infer"], env=self.environment,
            cwd=self.path("tmp"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            universal_newlines=True, timeout=TIMEOUT)
        self.assertEqual(1, ended.returncode, ended.stdout)
        self.assertEqual("SharedMemoryExhausted", self.termination()["cause"], ended.stdout)
        message = self.termination()["message"]
        self.assertIn("rank 0 was ended by SIGBUS: /dev/shm held up to ", message)
        self.assertIn('harness_program.py", line 3 in <module>', message)
        self.assertIn("raise spec.resources.infer.sharedMemory (now 1 MiB)", message)


class StallTest(Container):

    PROGRAM = """
import json, os, signal, sys
if os.environ.get("SAYS"):
    print("loading the weights", flush=True)
if os.environ.get("TELLS"):
    with open(os.environ["EVALJOB_PROGRESS_FILE"], "w") as out:
        json.dump({"done": 3, "total": 6}, out)
while True:
    signal.pause()
"""

    def stalled(self, **environment):
        self.write_plan(plan_with(harness__command=self.command(self.PROGRAM)))
        self.run_stage("infer", 1, EVALJOB_STALL_SECONDS="5", **environment)
        self.assertEqual("Stalled", self.termination()["cause"])
        return self.termination()["message"]

    def test_a_program_that_says_nothing_is_ended_from_its_start_on(self):
        self.assertEqual(
            "first: process 0 printed nothing and wrote no EVALJOB_PROGRESS_FILE for 5 s; let it "
            "write its progress, or raise spec.stallSeconds if it may take longer than that",
            self.stalled())

    def test_the_last_word_of_one_that_says_no_more_is_told(self):
        self.assertIn("for 5 s, its last output: loading the weights; let it",
                      self.stalled(SAYS="1"))

    def test_one_that_wrote_progress_must_write_more(self):
        self.assertIn("process 0 wrote no progress for 5 s; raise spec.stallSeconds",
                      self.stalled(TELLS="1"))

    def late(self, steps, seconds=60):
        """Which process is late at each step of five seconds, where `steps` are (progress, printed)."""
        dog = Watchdog(seconds)
        return [dog.look(signs(documents, printed, range(len(printed))), 5 * number)
                for number, (documents, printed) in enumerate(steps)]

    def test_what_is_printed_counts_until_there_is_progress(self):
        speaking = [([None], [10 * step]) for step in range(30)]
        self.assertEqual([None] * 30, self.late(speaking))
        told = [([{"done": 1, "total": 9}], [300 + 10 * step]) for step in range(14)]
        self.assertEqual([None] * 12 + [0, 0], self.late(speaking + told)[30:])

    def test_who_tells_nothing_may_wait_for_who_does(self):
        alone = [([{"done": step, "total": 99}, None], [0, 7]) for step in range(30)]
        self.assertEqual([None] * 30, self.late(alone))
        # Nobody comes further: the one that told last is the one that hangs.
        held = [([{"done": 29, "total": 99}, None], [0, 7])] * 14
        self.assertIn(0, self.late(alone + held)[30:])

    def test_who_is_through_with_its_share_may_wait(self):
        share = [([{"done": step, "total": 99}, {"done": 5, "total": 5}], [0, 0])
                 for step in range(30)]
        self.assertEqual([None] * 30, self.late(share))
        stuck = [([{"done": step, "total": 99}, {"done": 4, "total": 5}], [0, 0])
                 for step in range(14)]
        self.assertEqual([None] * 12 + [1, 1], self.late(stuck))


class PrepareTest(Container):

    def test_the_prepare_script_makes_the_model_once(self):
        script = ("import os\n"
                  "open(os.path.join(os.environ['EVALJOB_MODEL_DIR'], 'config.json'), 'w').close()\n"
                  "open(os.path.join(os.environ['EVALJOB_WORK_DIR'], 'runs'), 'a').write('x')\n"
                  "print('made it')\n")
        self.write_plan(plan_with(harness__command=self.command(PROGRAM),
                                  harness__prepareScript=script))
        self.assertIn("made it", self.run_stage("prefetch"))
        self.assertIn("done by an earlier attempt", self.run_stage("prefetch"))
        with open(self.work_dir("runs")) as source:
            self.assertEqual("x", source.read())
        self.run_stage("infer")
        with open(self.work_dir("datasets", "first", "calls-0")) as source:
            self.assertEqual(self.work_dir("prepared", "model"),
                             json.loads(source.readline())["EVALJOB_MODEL_PATH"])

    def test_a_failed_prepare_script_says_why(self):
        self.write_plan(plan_with(harness__prepareScript="raise SystemExit('no room')"))
        self.run_stage("prefetch", 1)
        self.assertEqual("PrepareFailed", self.termination()["cause"])
        self.assertIn("no room", self.termination()["message"])


if __name__ == "__main__":
    unittest.main()
