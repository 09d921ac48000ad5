"""The VLMEvalKit harness through the whole launcher, with a small fake of it."""
import glob
import hashlib
import json
import os
import pickle
import re
import signal
import unittest
from types import SimpleNamespace

import fake_harness
from evaljob_runner import ranks
from evaljob_runner.failures import cause_of_full
from evaljob_runner.memory import SharedMemoryWatch
from evaljob_runner.plan import parse_plan
from evaljob_runner.remedies import with_remedy
from evaljob_runner.watchdog import Watchdog, rank_signs
from support import Container, FileServer, ReportServer, plan_with


class Harness(Container):

    dialect = "StatusFile"

    def setUp(self):
        super().setUp()
        fake_harness.install(self.path("python"), self.dialect)
        self.write("{}", "volumes", "models", "weights", "config.json")

    def plan(self, rows=4, names=("first",), ranks=1, parameters=None, **changes):
        for name in names:
            self.write(fake_harness.table(rows), "volumes", "models", name + ".tsv")
        values = dict(
            harness={"kind": "VLMEvalKit", "dialect": self.dialect},
            model__source={"kind": "Volume", "volume": "models", "path": "weights"},
            model__parameters=parameters or {},
            datasets=[{"name": name, "volume": "models", "path": name + ".tsv"} for name in names],
            devices__processes=ranks)
        values.update(changes)
        self.write_plan(plan_with(**values))

    def harness(self, *names):
        return self.work_dir("harness", *names)

    def shard(self, rank, name="first", world=2):
        return self.harness("Fake-1B", "%d%d_%s.pkl" % (rank, world, name))


class WholeRunTest(Harness):

    def test_two_ranks_from_prefetch_to_score(self):
        self.plan(rows=7, names=("first", "second"), ranks=2)
        with ReportServer() as server:
            url = server.url
            self.run_stage("prefetch", EVALJOB_REPORT_URL=url)
            output = self.run_stage("infer", EVALJOB_REPORT_URL=url)
            self.assertIn("model from %s 1" % self.path("volumes", "models", "weights"), output)
            final = server.final()
            self.assertEqual({"samplesDone": 14, "samplesTotal": 14, "datasetsDone": 2,
                              "datasetsTotal": 2}, final["progress"])
            self.assertEqual("StatusFile", final["preflight"]["dialect"])
            output = self.run_stage("score", EVALJOB_REPORT_URL=url)
            rows = server.final()["results"]
        self.assertIn("judge exact_matching", output)
        self.assertIn("summary first Overall Acc 57.14", output)
        self.assertEqual(
            [{"dataset": name, "phase": "Succeeded", "metric": "Overall Acc",
              "score": "57.14", "judge": "exact_matching", "samples": 7, "failedSamples": 0,
              "message": ""} for name in ("first", "second")],
            rows)

    def test_a_rerun_starts_no_rank(self):
        self.plan()
        self.run_stage("infer")
        self.run_stage("score")
        output = self.run_stage("infer")
        self.assertNotIn("starting", output)
        output = self.run_stage("score")
        self.assertNotIn("judge", output)
        self.assertEqual(1, self.termination()["datasetsDone"])

    def test_smoke_runs_on_few_samples_in_its_own_folder(self):
        self.plan(rows=9, smokeTest__samples=2, ranks=2)
        output = self.run_stage("infer")
        self.assertIn("smoke run: 2 samples", output)
        self.assertEqual(2, output.count("todo 1\n"))
        self.assertTrue(os.path.exists(self.work_dir("smoke", "Fake-1B", "Fake-1B_first.xlsx")))
        self.assertEqual(9, self.termination()["samplesDone"])

    def test_a_failing_smoke_run_ends_the_stage(self):
        self.plan(smokeTest__samples=2, parameters={"fail": "first"})
        self.run_stage("infer", 1)
        self.assertIn("smoke run of 2 samples, first: RuntimeError: cannot answer first",
                      self.termination()["message"])
        self.assertFalse(os.path.exists(self.harness("Fake-1B")))

    def test_a_model_on_one_device_is_not_compared(self):
        self.plan(smokeTest__samples=2, devices__perProcess=1, devices__total=1)
        final = self.smoke(CUDA_VISIBLE_DEVICES="0")
        self.assertEqual({"outcome": "Passed", "message": "2 samples of each data set"},
                         final["preflight"]["smokeTest"])

    def smoke(self, expected=0, **environment):
        with ReportServer() as server:
            self.output = self.run_stage("infer", expected, EVALJOB_REPORT_URL=server.url,
                                         **environment)
            return server.final()

    def test_an_environment_file_of_the_image_is_ignored(self):
        self.write("FROM_ENV_FILE=1\n", "python", ".env")
        self.write(fake_harness.COMMON["vlmeval/config.py"]
                   + "import os\nprint('file says', os.environ.get('FROM_ENV_FILE'))\n",
                   "python", "vlmeval", "config.py")
        self.plan()
        output = self.run_stage("infer")
        self.assertIn("file says None", output)
        self.assertIn(".env is ignored", output)

    def test_device_names_become_numbers_after_the_driver_took_them(self):
        self.write(fake_harness.COMMON["vlmeval/config.py"]
                   + "import os\nprint('visible', os.environ['CUDA_VISIBLE_DEVICES'])\n",
                   "python", "vlmeval", "config.py")
        self.plan(devices__context="BareProcess", devices__perProcess=2, devices__total=2)
        output = self.run_stage("infer", CUDA_VISIBLE_DEVICES="GPU-aa,GPU-bb")
        self.assertIn("driver took GPU-aa,GPU-bb", output)
        self.assertIn("visible 0,1", output)

    def test_a_class_name_and_typed_parameters_make_a_model(self):
        self.plan(model__catalogEntry="Other", parameters={"answer": "B", "at": "3"})
        self.run_stage("infer")
        self.run_stage("score")
        with open(self.work_dir("harness", "Other", "Other_first_acc.csv")) as source:
            self.assertIn("0.5000", source.read())

    def test_unknown_entries_are_named_with_near_ones(self):
        self.plan(model__catalogEntry="Fake-1b")
        self.run_stage("infer", 1)
        self.assertEqual("ModelNotFound", self.termination()["cause"])
        self.assertIn("correct spec.models[].catalogEntry (did you mean Fake-1B?)",
                      self.termination()["message"])


class StagedStartTest(Harness):
    """The smoke run of a model that is split: unsplit, split, compared."""

    def staged(self, fail="", expected=0, load=30, capacity=100, **changes):
        self.plan(rows=5, parameters={"fail": fail} if fail else {}, smokeTest__samples=3,
                  devices__perProcess=2, devices__total=2, split={
                      # Placed by the fake itself: it has no transformers to load it with.
                      "strategy": "None", "loader": "Transformers", "devices": [
                          {"index": index, "weightsBytes": load // 2, "loadBytes": load,
                           "capacityBytes": capacity} for index in range(2)]}, **changes)
        with ReportServer() as server:
            self.output = self.run_stage("infer", expected, EVALJOB_REPORT_URL=server.url,
                                         CUDA_VISIBLE_DEVICES="0,1")
            return server.final()

    def outcome(self, final):
        return final["preflight"]["smokeTest"]["outcome"]

    def kept(self, folder):
        return os.path.exists(self.work_dir(folder, "Fake-1B", "Fake-1B_first.xlsx"))

    def test_equal_answers_let_the_long_run_begin(self):
        final = self.staged()
        self.assertEqual("Same", self.outcome(final))
        self.assertEqual(5, final["progress"]["samplesDone"])
        self.assertTrue(self.kept("smoke") and self.kept("smoke-unsplit"))
        self.assertFalse(self.kept("smoke-unsplit-again"))
        self.assertLess(self.output.index("smoke run, unsplit: 3 samples"),
                        self.output.index("smoke run: 3 samples"))

    def test_answers_that_the_split_changes_end_it_before_the_long_run(self):
        final = self.staged("split", 1)
        self.assertEqual("Different", self.outcome(final))
        self.assertEqual("SplitChangesAnswers", final["failure"]["cause"])
        self.assertIn("3 of 3 answers change with the split, and 0 between two unsplit runs; first "
                      "first 0: unsplit 'A', split 'B'; compare ", final["failure"]["message"])
        for folder in ("smoke", "smoke-unsplit"):
            self.assertTrue(self.kept(folder))
            self.assertIn(os.path.join(folder, "Fake-1B"), final["failure"]["message"])
        self.assertFalse(os.path.exists(self.harness("Fake-1B")))

    def test_a_warning_lets_it_go_on(self):
        final = self.staged("split", smokeTest={"samples": 3, "onDifference": "Warn"})
        self.assertEqual("Different", self.outcome(final))
        self.assertEqual(5, final["progress"]["samplesDone"])

    def test_answers_that_vary_anyway_are_no_fault_of_the_split(self):
        final = self.staged("varies")
        self.assertEqual("Same", self.outcome(final))
        self.assertIn("3 answers differ between split and unsplit, and 3 between two unsplit runs",
                      final["preflight"]["smokeTest"]["message"])

    def test_what_does_not_fit_one_device_runs_split_alone(self):
        final = self.staged(load=60)
        self.assertEqual("SplitOnly", self.outcome(final))
        self.assertIn("one device has room for", final["preflight"]["smokeTest"]["message"])
        self.assertFalse(self.kept("smoke-unsplit"))
        self.assertTrue(self.kept("smoke"))

    def test_what_runs_out_of_memory_unsplit_runs_split_alone(self):
        final = self.staged("unsplit oom")
        self.assertEqual("SplitOnly", self.outcome(final))
        self.assertIn("it ran out of memory on one device",
                      final["preflight"]["smokeTest"]["message"])


class FailureTest(Harness):

    def test_out_of_memory_on_one_rank_ends_all_with_its_cause(self):
        self.plan(rows=40, ranks=2, parameters={"fail": "oom", "rank": "1", "at": "12"})
        self.run_stage("infer", 1)
        self.assertEqual("OutOfMemory", self.termination()["cause"])
        self.assertIn("rank 1: OutOfMemoryError: Tried to allocate", self.termination()["message"])
        with open(self.shard(1), "rb") as source:
            self.assertEqual(12, len(pickle.load(source)))

    def test_a_killed_rank_is_named_and_a_second_attempt_resumes(self):
        self.plan(rows=50, ranks=2, parameters={"fail": "kill", "rank": "1", "at": "13"})
        self.run_stage("infer", 1)
        self.assertIn("rank 1 was ended by SIGKILL", self.termination()["message"])
        self.assertIn(self.termination()["cause"], ("RankFailed", "HostOutOfMemory"))
        with open(self.shard(1), "rb") as source:
            self.assertEqual(10, len(pickle.load(source)))
        self.plan(rows=50, ranks=2)
        # The harness's own file held ten; only the sample at hand is done again.
        self.assertIn("todo 12\n", self.run_stage("infer", EVALJOB_ATTEMPT="2"))
        self.assertEqual(50, self.termination()["samplesDone"])

    def test_a_truncated_shard_is_dropped_and_redone(self):
        self.plan(rows=30, ranks=2)
        os.makedirs(self.harness("Fake-1B"))
        with open(self.shard(0), "wb") as out:
            out.write(pickle.dumps({str(i): "A" for i in range(0, 20, 2)})[:-7])
        with open(self.shard(1), "wb") as out:
            pickle.dump({str(i): "A" for i in range(1, 20, 2)}, out)
        with open(self.harness("Fake-1B", "Fake-1B_first.xlsx"), "wb") as out:
            out.write(b"PK cut off")
        output = self.run_stage("infer")
        self.assertIn("dropped 02_first.pkl", output)
        self.assertIn("dropped Fake-1B_first.xlsx", output)
        self.assertIn("todo 15\n", output)
        self.assertIn("todo 5\n", output)

    def test_exit_0_with_too_few_predictions_is_a_failure(self):
        self.plan()
        self.run_stage("infer", 1, LOSE_ROWS="1")
        self.assertEqual("ResultsInvalid", self.termination()["cause"])
        self.assertIn("only 3 rows", self.termination()["message"])

    def test_an_exception_without_a_message_is_a_failure(self):
        self.plan(parameters={"fail": "empty"})
        self.run_stage("infer", 1)
        self.assertEqual("HarnessFailed", self.termination()["cause"])
        self.assertIn("NotImplementedError", self.termination()["message"])

    def test_a_model_that_cannot_be_built_fails_the_stage_at_once(self):
        self.plan(names=("first", "second"), parameters={"fail": "build"})
        output = self.run_stage("infer", 1)
        self.assertEqual(1, output.count("starting 1 rank"))
        self.assertIn("weights are broken", self.termination()["message"])

    def test_a_data_set_that_fails_does_not_take_the_others_with_it(self):
        self.plan(names=("first", "second", "third"), ranks=2, parameters={"fail": "second"})
        with ReportServer() as server:
            self.run_stage("infer", 1, EVALJOB_REPORT_URL=server.url)
            final = server.final()
            self.assertEqual("DatasetFailed", final["failure"]["cause"])
            self.assertEqual(["second"], [row["dataset"] for row in final["results"]])
            self.assertEqual(2, final["progress"]["datasetsDone"])
            self.run_stage("score", 1, EVALJOB_REPORT_URL=server.url)
            final = server.final()
        self.assertEqual(["Succeeded", "Failed", "Succeeded"],
                         [row["phase"] for row in final["results"]])

    def test_what_an_older_status_file_says_is_forgotten(self):
        self.plan()
        self.write(json.dumps({"datasets": {"first": {
            "status": "done", "error_message": "of an older attempt"}}}), "workspace", "vlm", "job",
            "7c9e6679aabb", "base", "harness", "Fake-1B", "status.json")
        self.run_stage("infer")

    def test_a_data_set_that_cannot_be_scored_leaves_the_others(self):
        self.plan(names=("first", "badscore", "dies", "last"))
        self.run_stage("infer")
        with ReportServer() as server:
            self.run_stage("score", 1, EVALJOB_REPORT_URL=server.url)
            rows = {row["dataset"]: row for row in server.final()["results"]}
        self.assertEqual("Succeeded", rows["first"]["phase"])
        self.assertIn("cannot score", rows["badscore"]["message"])
        self.assertEqual("Failed", rows["dies"]["phase"])
        self.assertEqual("Succeeded", rows["last"]["phase"])

    def test_sigterm_flushes_what_is_in_memory(self):
        self.plan(rows=50, parameters={"fail": "pause", "at": "13"})
        ready = self.fifo("ready")
        process = self.start("infer", READY=ready)
        with open(ready) as source:
            source.read()
        output = self.stop_stage(process)
        self.assertEqual(143, process.returncode, output)
        self.assertEqual("Terminated", self.termination()["outcome"])
        with open(self.shard(0, world=1), "rb") as source:
            self.assertEqual(13, len(pickle.load(source)))
        self.plan(rows=50)
        self.assertIn("todo 37\n", self.run_stage("infer"))

    def test_another_number_of_processes_takes_over_what_was_answered(self):
        self.plan(rows=50, parameters={"fail": "kill", "at": "13"})
        self.run_stage("infer", 1)
        self.plan(rows=50, ranks=2, parameters={"fail": "kill", "rank": "1", "at": "3"})
        # Rank 1 is killed when rank 0 answers, so that both have said what they found.
        output = self.run_stage("infer", 1, PEER=self.fifo("peer"))
        self.assertIn("the number of processes changed from 1 to 2", output)
        self.assertIn("first: 7 of 25 samples are done already", output)
        self.assertIn("first: 6 of 25 samples are done already", output)
        self.plan(rows=50, ranks=1)
        output = self.run_stage("infer")
        todo = int(re.search(r"todo (\d+)", output).group(1))
        # Rank 1 answered three more; how far rank 0 came before it was ended is its own affair.
        self.assertLessEqual(todo, 50 - 13 - 3)
        self.assertEqual(50, self.termination()["samplesDone"])


    def test_a_larger_plan_goes_on_where_the_smaller_ran_out_of_memory(self):
        self.plan(rows=40, ranks=2, parameters={"fail": "oom", "rank": "1", "at": "12"})
        self.run_stage("infer", 1)
        self.assertEqual("OutOfMemory", self.termination()["cause"])
        self.plan(rows=40, ranks=1, devices__perProcess=2, devices__total=2)
        output = self.run_stage("infer", EVALJOB_ATTEMPT="2", CUDA_VISIBLE_DEVICES="0,1")
        self.assertIn("the number of processes changed from 2 to 1", output)
        # Rank 1 answered twelve; how far rank 0 came before it was ended is its own affair.
        self.assertLessEqual(int(re.search(r"todo (\d+)", output).group(1)), 40 - 12)
        self.assertEqual(40, self.termination()["samplesDone"])


class HangTest(Harness):

    def test_a_rank_that_hangs_ends_the_attempt_with_the_stacks_of_all(self):
        self.plan(rows=40, ranks=2, parameters={"fail": "hang", "rank": "1", "at": "3"})
        output = self.run_stage("infer", 1, EVALJOB_STALL_SECONDS="15")
        message = self.termination()["message"]
        self.assertEqual("Stalled", self.termination()["cause"])
        self.assertIn("rank 1 came no further for 15 s in phase infer (first: 3 of 20 samples), at "
                      "vlmeval/vlm/__init__.py:", message)
        self.assertIn(" in hang", message)
        self.assertIn("raise spec.stallSeconds", message)
        for rank in (0, 1):
            self.assertRegex(output, r"\[rank %d\] Current thread .* \(most recent call first\)"
                             % rank)
        self.assertRegex(output, r"\[rank 0\] .*in barrier")
        self.plan(rows=40, ranks=2)
        output = self.run_stage("infer")
        self.assertIn("todo 17\n", output)

    def test_the_stacks_are_whole_before_the_ranks_are_told_to_end(self):
        self.plan(rows=40, ranks=2, parameters={"fail": "pause", "rank": "1", "at": "3"})
        output = self.run_stage("infer", 1, EVALJOB_STALL_SECONDS="15")
        self.assertRegex(self.termination()["message"],
                         r"at vlmeval/vlm/__init__.py:\d+ in pause; the stacks of all ranks are")
        for rank in (0, 1):
            stacks, rest = output.split("[rank %d] [evaljob] end of the stacks\n" % rank)
            self.assertRegex(stacks, r"\[rank %d\] Current thread .* \(most recent call first\)"
                             % rank)
            self.assertNotIn("[rank %d]   File" % rank, rest)

    def test_told_to_end_while_it_hangs_a_rank_keeps_its_answers(self):
        self.plan(rows=40, parameters={"fail": "hang", "at": "13"})
        ready = self.fifo("ready")
        process = self.start("infer", READY=ready)
        with open(ready) as source:
            source.read()
        output = self.stop_stage(process)
        self.assertEqual(143, process.returncode, output)
        self.assertNotIn("killing it", output)
        self.plan(rows=40)
        self.assertIn("todo 27\n", self.run_stage("infer"))

    def test_who_waits_for_others_does_not_hang(self):
        dog = Watchdog(30)
        busy, waiting = ({"phase": "infer", "datasets": {"a": {"done": 1}}},
                         {"phase": "wait", "datasets": {"a": {"done": 2}}})
        for now in range(0, 200, 5):
            busy["datasets"]["a"]["done"] += now % 25 == 0
            self.assertIsNone(dog.look(rank_signs([busy, waiting], [0, 1]), now))
        self.assertIsNone(dog.look(rank_signs([busy, waiting], [0, 1]), 200))
        self.assertEqual(0, dog.look(rank_signs([busy, waiting], [0, 1]), 206))

    def test_all_waiting_for_one_another_hang(self):
        dog = Watchdog(30)
        states = [{"phase": "wait"}, {"phase": "wait"}]
        self.assertIsNone(dog.look(rank_signs(states, [0, 1]), 0))
        found = [dog.look(rank_signs(states, [0, 1]), now) for now in (10, 20, 29, 31)]
        self.assertEqual([None, None, None, 0], found)

    def test_time_in_which_the_launcher_was_stopped_does_not_count(self):
        dog = Watchdog(30)
        for now in (0, 5, 5000, 5005):
            self.assertIsNone(dog.look({0: "x"}, now))
        self.assertEqual(0, dog.look({0: "x"}, 5015))

    def test_no_bound_watches_nothing(self):
        dog = Watchdog(0)
        self.assertEqual([None] * 3, [dog.look({0: "x"}, now) for now in (0, 10, 20)])


class CauseTest(Harness):

    def test_the_reason_is_named_and_not_what_another_rank_says_of_it(self):
        os.mkfifo(self.path("peer"))
        self.plan(rows=40, ranks=2, parameters={"fail": "reason", "rank": "1", "at": "2"})
        self.run_stage("infer", 1, PEER=self.path("peer"))
        message = self.termination()["message"]
        self.assertRegex(message, r"^rank 1: ValueError: the true reason "
                         r"\(vlmeval/vlm/__init__.py:\d+ in generate\)$")

    def test_a_peer_that_was_killed_is_the_reason(self):
        os.mkfifo(self.path("peer"))
        text = fake_harness.COMMON["vlmeval/vlm/__init__.py"].replace(
            "raise ValueError('the true reason')", "os.kill(os.getpid(), signal.SIGKILL)")
        self.write(text, "python", "vlmeval", "vlm", "__init__.py")
        self.plan(rows=40, ranks=2, parameters={"fail": "reason", "rank": "1", "at": "2"})
        self.run_stage("infer", 1, PEER=self.path("peer"))
        self.assertIn("rank 1 was ended by SIGKILL", self.termination()["message"])

    def test_memory_of_a_device_says_what_to_change(self):
        self.plan(parameters={"fail": "oom", "max_new_tokens": "2048"})
        self.write(fake_harness.COMMON["vlmeval/vlm/__init__.py"].replace(
            "answer='A')", "answer='A', max_new_tokens=0)"), "python", "vlmeval", "vlm",
            "__init__.py")
        self.run_stage("infer", 1)
        self.assertEqual("OutOfMemory", self.termination()["cause"])
        self.assertRegex(
            self.termination()["message"], r"^OutOfMemoryError: Tried to allocate 2.00 GiB "
            r"\(vlmeval/vlm/__init__.py:\d+ in generate\); raise devicesPerProcess "
            r"\(now 0\), choose cards with more memory by accelerator.minMemory, or lower "
            r"parameters.max_new_tokens \(now 2048\)$")

    def test_a_bus_error_shows_its_line_and_what_was_not_short(self):
        self.plan(parameters={"fail": "bus"})
        output = self.run_stage("infer", 1, EVALJOB_SHARED_MEMORY=self.path("tmp"))
        self.assertEqual("RankFailed", self.termination()["cause"], output)
        self.assertIn("it was probably not short", self.termination()["message"])
        self.assertRegex(output, r"vlm/__init__.py.*, line \d+ in generate")

    def ended(self, returncode, oom=False, used=0, said=(), size=64, asked=0):
        """What is said of a rank that ended so, where memory was as given, in MiB."""
        shared = SharedMemoryWatch(self.path("tmp"))
        shared._used, shared._size, shared._asked = used << 20, size << 20, asked << 20
        child = SimpleNamespace(index=1, returncode=returncode,
                                output=SimpleNamespace(tail=lambda: list(said)))
        error = ranks.explain(child, (SimpleNamespace(killed=lambda: oom), shared))
        plan = parse_plan(plan_with(devices__processes=2, resources__sharedMemoryBytes=64 << 20))
        return error.cause, with_remedy(error.cause, error.message, plan)

    def test_memory_of_the_host_and_shared_memory_are_told_apart(self):
        self.assertEqual(
            ("HostOutOfMemory", "rank 1 was ended by SIGKILL: the container ran out of memory; "
             "raise spec.resources.infer.memory, or lower processes (now 2: each loads the "
             "weights)"), self.ended(-signal.SIGKILL, oom=True))
        self.assertEqual(("RankFailed", "rank 1 was ended by SIGKILL"),
                         self.ended(-signal.SIGKILL))
        cause, message = self.ended(-signal.SIGBUS, used=63)
        self.assertEqual("SharedMemoryExhausted", cause)
        self.assertEqual(
            "rank 1 was ended by SIGBUS: %s held up to 63 of 64 MiB, looked at once a second; raise "
            "spec.resources.infer.sharedMemory (now 64 MiB), and memory with it"
            % self.path("tmp"), message)
        self.assertEqual(
            ("RankFailed", "rank 1 was ended by SIGBUS: %s held up to 3 of 64 MiB, looked at once a "
             "second; most likely it ran full in between (what a process shares is freed as it "
             "dies): raise spec.resources.infer.sharedMemory; if that does not help, a mapped file "
             "was cut off, or a disk was full" % self.path("tmp")),
            self.ended(-signal.SIGBUS, used=3))
        # Files that were to hold more than there is.
        cause, message = self.ended(-signal.SIGBUS, used=3, asked=65)
        self.assertEqual("SharedMemoryExhausted", cause)
        self.assertIn("3 of 64 MiB, looked at once a second, and its files were to hold 65 MiB; "
                      "raise spec.resources.infer.sharedMemory", message)
        self.assertEqual("RankFailed", self.ended(-signal.SIGBUS, used=3, asked=64)[0])
        # Nobody fills this much between two looks.
        cause, message = self.ended(-signal.SIGBUS, used=3, size=17 << 10)
        self.assertEqual("RankFailed", cause)
        self.assertIn("it was probably not short", message)

    def test_a_bus_error_of_a_process_that_shared_memory_is_told_by_what_it_said(self):
        for line in (
                "resource_tracker.py:254: UserWarning: resource_tracker: There appear to be 1 leaked "
                "shared_memory objects to clean up at shutdown",
                '  File "/venv/lib/python3.11/site-packages/torch/multiprocessing/reductions.py", '
                "line 618 in reduce_storage",
                '  File "/venv/lib/torch/storage.py", line 459 in _share_fd_cpu_'):
            cause, message = self.ended(-signal.SIGBUS, used=3, said=[line])
            self.assertEqual("SharedMemoryExhausted", cause, line)
            self.assertIn("3 of 64 MiB, looked at once a second, and the process shared memory, which "
                          "is freed as it dies", message)
            self.assertEqual(
                "RankFailed", self.ended(-signal.SIGBUS, used=3, said=[line], size=17 << 10)[0])

    def test_a_bus_error_makes_the_watch_look_at_once(self):
        shared = SharedMemoryWatch(self.path("tmp"))
        self.write("x" * 5000, "tmp", "segment")
        before = shared._asked
        shared.hear("Infer: 12 of 40")
        self.assertEqual(before, shared._asked)
        shared.hear("Fatal Python error: Bus error")
        self.assertEqual(before + 5000, shared._asked)

    def test_a_lost_worker_is_explained_by_what_it_printed(self):
        shared = SharedMemoryWatch(self.path("tmp"))
        lost = "RuntimeError: DataLoader worker (pid(s) 4711) exited unexpectedly"
        printed = ("ERROR: Unexpected bus error encountered in worker. This might be caused by "
                   "insufficient shared memory (shm).")
        self.assertEqual("SharedMemoryExhausted",
                         cause_of_full(lost, "HarnessFailed", shared, printed))
        self.assertEqual("HarnessFailed", cause_of_full(lost, "HarnessFailed", shared, "ready"))
        self.assertEqual("HarnessFailed",
                         cause_of_full("KeyError: 'x'", "HarnessFailed", shared, printed))

    def test_without_a_path_an_error_is_told_by_what_was_full(self):
        full = ["OSError: [Errno 28] No space left on device"]
        self.assertEqual("SharedMemoryExhausted", self.ended(1, used=63, said=full)[0])
        cause, message = self.ended(1, used=3, said=full)
        self.assertEqual("RankFailed", cause)
        self.assertIn("the workspace is full", message)


class PrefetchTest(Harness):

    def test_remote_data_sets_are_fetched_once(self):
        self.plan(datasets=[{"name": "Remote_DEV"}])
        self.assertIn("fetching 1 data sets", self.run_stage("prefetch"))
        self.assertNotIn("fetching", self.run_stage("prefetch"))
        self.run_stage("infer")
        self.assertEqual(2, self.termination()["samplesTotal"])

    def test_one_that_is_missing_is_told_and_the_others_go_on(self):
        self.plan(datasets=[{"name": "first", "volume": "models", "path": "first.tsv"},
                            {"name": "gone", "volume": "models", "path": "gone.tsv"},
                            {"name": "odd", "volume": "models", "path": "odd.tsv"},
                            {"name": "Nothing_DEV"}])
        self.write("question\tA\n", "volumes", "models", "odd.tsv")
        with ReportServer() as server:
            output = self.run_stage("prefetch", EVALJOB_REPORT_URL=server.url)
            final = server.final()
            self.assertEqual("DatasetFailed", final["failure"]["cause"])
            self.assertIn("3 of 4 data sets failed; gone: ", final["failure"]["message"])
            self.assertIn("missing: Nothing_DEV", output)
            self.assertEqual("Succeeded", self.termination()["outcome"])
            output = self.run_stage("infer", EVALJOB_REPORT_URL=server.url)
            self.assertIn("starting 1 rank for first\n", output)
            self.run_stage("score", 1, EVALJOB_REPORT_URL=server.url)
            rows = {row["dataset"]: row for row in server.final()["results"]}
        self.assertEqual("Succeeded", rows["first"]["phase"])
        for name, text in (("gone", "gone.tsv is not in volume models"),
                           ("odd", "has no column index"),
                           ("Nothing_DEV", "correct spec.datasets[].name")):
            self.assertEqual("Failed", rows[name]["phase"])
            self.assertIn(text, rows[name]["message"])

    def test_a_download_goes_on_where_it_was_cut_off(self):
        text = fake_harness.table(40).encode()
        with FileServer(text, cuts=(300, 500)) as web:
            self.plan(datasets=[{"name": "Web_PLAIN"}])
            output = self.run_stage("prefetch", DATA_URL=web.url)
        self.assertEqual([None, "bytes=300-", "bytes=500-"], web.ranges)
        with open(self.path("workspace", "LMUData", "Web_PLAIN.tsv"), "rb") as source:
            self.assertEqual(text, source.read())
        self.assertEqual(["Web_PLAIN.tsv"], [
            name for name in os.listdir(self.path("workspace", "LMUData")) if "Web" in name])
        self.assertNotIn("was not fetched", output)

    def test_a_file_that_changed_meanwhile_is_fetched_from_its_beginning(self):
        with FileServer(fake_harness.table(40).encode(), cuts=(300,), mark="one") as web:
            part = self.write("x" * 200, "workspace", "LMUData", "Web_PLAIN.tsv.part")
            self.write(json.dumps({"url": web.url, "mark": '"another"'}), "workspace", "LMUData",
                       "Web_PLAIN.tsv.part.json")
            self.plan(datasets=[{"name": "Web_PLAIN"}])
            self.run_stage("prefetch", DATA_URL=web.url)
        self.assertFalse(os.path.exists(part))
        self.run_stage("infer", DATA_URL=web.url)
        self.assertEqual(40, self.termination()["samplesDone"])

    def test_what_has_another_checksum_than_the_harness_knows_is_refused(self):
        text = fake_harness.table(8).encode()
        good = hashlib.md5(text).hexdigest()
        with FileServer(text) as web:
            self.plan(datasets=[{"name": "Web_WITH_SUM"}])
            output = self.run_stage("prefetch", 1, DATA_URL=web.url, DATA_MD5="0" * 32)
            self.assertEqual("DownloadFailed", self.termination()["cause"])
            self.assertIn("Web_WITH_SUM.tsv has the md5 %s, the harness wants 000" % good,
                          self.termination()["message"])
            self.assertEqual(3, output.count("fetching 1 data sets"))
            output = self.run_stage("prefetch", DATA_URL=web.url, DATA_MD5=good)
            self.assertIn("its checksum is the harness's", output)

    def test_a_read_only_cache_is_looked_through_before_devices_are_held(self):
        cache = self.path("cache")
        os.makedirs(cache)
        self.plan(datasets=[{"name": "Web_PLAIN"}], cache={"access": "ReadOnly"})
        output = self.run_stage("prefetch", 1, EVALJOB_CACHE=cache, DATA_URL="http://127.0.0.1:9/x")
        self.assertEqual("DownloadFailed", self.termination()["cause"])
        self.assertIn("put it into the cache, or set storage.cache.access: Prefetch",
                      self.termination()["message"])
        self.write(fake_harness.table(6), "cache", "LMUData", "Web_PLAIN.tsv")
        self.run_stage("prefetch", EVALJOB_CACHE=cache)
        self.run_stage("infer", EVALJOB_CACHE=cache)
        self.assertEqual(6, self.termination()["samplesDone"])

    def test_later_stages_fetch_nothing(self):
        with FileServer(fake_harness.table(8).encode()) as web:
            self.plan(datasets=[{"name": "Web_PLAIN"}])
            self.run_stage("infer", 1, DATA_URL=web.url)
        self.assertIn("Web_PLAIN.tsv is not there, and nothing is fetched in this stage",
                      self.termination()["message"])
        self.assertEqual([], web.ranges)

    def test_unknown_and_unreachable_data_sets_are_told_apart(self):
        for name, cause in (("Nothing_DEV", "DatasetNotFound"), ("Offline_DEV", "DownloadFailed")):
            with self.subTest(name):
                self.plan(datasets=[{"name": name}])
                self.run_stage("prefetch", 1)
                self.assertEqual(cause, self.termination()["cause"])
                self.assertIn(name, self.termination()["message"])

    def test_an_unknown_model_is_found_before_devices_are_held(self):
        self.plan(model__catalogEntry="Fake-1b")
        self.run_stage("prefetch", 1)
        self.assertEqual("ModelNotFound", self.termination()["cause"])
        self.assertIn("Fake-1b is neither an entry of this VLMEvalKit's catalogue nor a class of "
                      "vlmeval.vlm; correct spec.models[].catalogEntry (did you mean Fake-1B?)",
                      self.termination()["message"])

    def test_a_class_and_a_name_made_up_as_it_runs_are_not_refused(self):
        self.plan(model__catalogEntry="Other")
        self.run_stage("prefetch")
        path = self.path("python", "vlmeval", "config.py")
        with open(path, "a", encoding="utf-8") as source:
            source.write("supported_VLM.update({'Fake-%s' % n: supported_VLM['Fake-1B'] "
                         "for n in ('2B',)})\n")
        self.plan(model__catalogEntry="Fake-2B")
        self.run_stage("prefetch")

    def test_the_entrys_own_weights_are_fetched_and_keep_their_name(self):
        self.write("import os\ndef snapshot_download(repo_id, revision=None, cache_dir=None):\n"
                   "    folder = os.path.join(cache_dir, repo_id.replace('/', '--'))\n"
                   "    os.makedirs(folder, exist_ok=True)\n    return folder\n",
                   "python", "huggingface_hub.py")
        self.plan(model__source={"kind": "Entry"})
        self.assertIn("fetching revision main", self.run_stage("prefetch"))
        self.assertIn("model from org/fake 1", self.run_stage("infer"))

    def test_a_table_without_its_columns_is_refused_before_devices_are_held(self):
        self.plan()
        self.write("question\tA\n", "volumes", "models", "first.tsv")
        self.run_stage("prefetch", 1)
        self.assertIn("has no column index", self.termination()["message"])

    def test_a_cache_holds_what_prefetch_made(self):
        cache = self.path("cache")
        os.makedirs(cache)
        self.plan(datasets=[{"name": "Remote_DEV"}], model__source={"kind": "Entry"},
                  harness__prepareScript="import os\nopen(os.path.join(os.environ["
                  "'EVALJOB_MODEL_DIR'], 'config.json'), 'w').close()\n")
        del self.environment["EVALJOB_WORKSPACE"]
        self.run_stage("prefetch", EVALJOB_CACHE=cache)
        self.assertEqual(1, len(glob.glob(os.path.join(cache, "LMUData", "Remote_DEV.tsv"))))
        output = self.run_stage("infer", EVALJOB_CACHE=cache,
                                EVALJOB_WORKSPACE=self.path("workspace"))
        self.assertIn("model from %s" % cache, output)

    def test_hub_weights_are_fetched_into_the_cache_and_used(self):
        self.write("""
import os
class RevisionNotFoundError(Exception):
    pass
def snapshot_download(repo_id, revision=None, cache_dir=None):
    assert os.environ['HF_TOKEN'] == 'hf-secret-token'
    if revision == 'gone':
        raise RevisionNotFoundError('404 for hf-secret-token')
    folder = os.path.join(cache_dir, 'models--org--model', 'snapshots', revision or 'main')
    os.makedirs(folder, exist_ok=True)
    return folder
""", "python", "huggingface_hub.py")
        self.plan(model__source={"kind": "Hub", "hubID": "org/model", "revision": "gone"})
        output = self.run_stage("prefetch", 1, HF_TOKEN="hf-secret-token")
        self.assertEqual("ModelNotFound", self.termination()["cause"])
        self.assertNotIn("hf-secret-token", output)
        self.plan(model__source={"kind": "Hub", "hubID": "org/model", "revision": "v1"})
        self.run_stage("prefetch", HF_TOKEN="hf-secret-token")
        self.assertIn("by an earlier attempt",
                      self.run_stage("prefetch", HF_TOKEN="hf-secret-token"))
        self.assertIn("snapshots/v1 1", self.run_stage("infer"))


class DialectTest(Harness):

    def test_another_dialect_is_refused_with_the_right_one(self):
        self.plan(harness__dialect="AutoSplit")
        self.run_stage("infer", 1)
        self.assertEqual("DialectMismatch", self.termination()["cause"])
        self.assertIn("set spec.vlmevalkit.dialect: StatusFile", self.termination()["message"])


class AutoSplitTest(Harness):

    dialect = "AutoSplit"

    def test_the_whole_run_of_a_vintage_without_status_file(self):
        self.plan(names=("first", "badscore"), ranks=2)
        output = self.run_stage("infer")
        self.assertIn("split None None", output)
        with ReportServer() as server:
            self.run_stage("score", 1, EVALJOB_REPORT_URL=server.url)
            rows = server.final()["results"]
        self.assertEqual(("Overall", "0.5000", 4), (
            rows[0]["metric"], rows[0]["score"], rows[0]["samples"]))
        self.assertIn("cannot score", rows[1]["message"])

    def test_a_split_sets_the_vintages_own_knobs(self):
        self.plan(devices__perProcess=4, devices__total=4, split={
            "strategy": "Layers", "loader": "Transformers"})
        self.assertIn("split 1 4", self.run_stage("infer", CUDA_VISIBLE_DEVICES="0,1,2,3"))


class AutoDeviceMapTest(Harness):

    dialect = "AutoDeviceMap"

    def test_the_whole_run_with_run_py_beside_the_package(self):
        self.plan()
        self.run_stage("infer")
        self.run_stage("score")
        self.assertEqual("Succeeded", self.termination()["outcome"])


if __name__ == "__main__":
    unittest.main()
