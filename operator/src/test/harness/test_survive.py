"""Runs of the real harness that are killed, told to end, dealt out anew and judged."""
import glob
import json
import os
import signal
import threading
import time
import unittest

import support
from evaljob_runner import journal
from harness_case import HERE, HarnessCase, free_form, multiple_choice
from test_judge import KEY, JudgeServer

COUNT = 24


class Survival(HarnessCase):
    """What holds for every vintage, one method a vintage, so that two can run at a time."""

    def plan_of(self, processes):
        self.job("SmolVLM", self.model("idefics3"),
                 [self.dataset("colours", multiple_choice(COUNT))], processes)
        self.stage("prefetch")

    def processes(self, count):
        """The same run with another number of processes, as a plan made anew would have it."""
        with open(self.path("plan", "plan.json"), encoding="utf-8") as source:
            plan = json.load(source)
        plan["devices"]["processes"] = count
        plan["ranks"] = [{"rank": rank, "visibleDevices": []} for rank in range(count)]
        self.write_plan(plan)

    def journals(self):
        """Index -> answer, as the journals have them."""
        found = {}
        for path in glob.glob(self.work_dir("harness", ".evaljob", "journal", "colours", "*")):
            for (index, answer), _ in journal.records(path):
                self.assertNotIn(int(index), found)
                found[int(index)] = answer
        return found

    def held(self, ranks, answers):
        """An infer stage, each of whose ranks gave so many answers and waits in the next."""
        process = self.start("infer", HOLD_AFTER=str(answers), PYTHONPATH=self.standin())
        self.addCleanup(process.stdout.close)
        # Its output must not fill the pipe while the test looks at files.
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(process.stdout), daemon=True)
        reader.start()
        deadline = time.monotonic() + support.TIMEOUT
        while len(self.journals()) < ranks * answers:
            self.assertIsNone(process.poll(), "".join(lines))
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        return process, lines, reader

    def standin(self):
        return os.pathsep.join(
            [os.path.join(HERE, "standin"), support.ROOT, self.environment["PYTHONPATH"]])

    def told_done(self):
        """How many answers each rank has told to be done."""
        done = {}
        for path in glob.glob(self.work_dir("harness", ".evaljob", "rank-*.json")):
            with open(path, encoding="utf-8") as source:
                state = json.load(source)
            done[state["rank"]] = state["datasets"].get("colours", {}).get("done", 0)
        return done

    def kill_and_go_on(self):
        self.plan_of(2)
        process, lines, reader = self.held(2, 4)
        with open(self.work_dir("harness", ".evaljob", "rank-1.json"), encoding="utf-8") as source:
            os.kill(json.load(source)["pid"], signal.SIGKILL)
        self.assertEqual(1, process.wait(support.TIMEOUT))
        reader.join()
        output = "".join(lines)
        self.assertIn("rank 1 was ended by SIGKILL", output)
        kept, done = self.journals(), self.told_done()
        for rank, count in done.items():
            # A rank tells an answer as it is given, and writes it down as the next begins.
            self.assertLessEqual(count - len([i for i in kept if i % 2 == rank]), 1, (done, kept))
        self.assertEqual([2 * 4, 2], [len(kept), len(done)], output)
        # Another number of processes takes over all of it.
        self.processes(3)
        output = self.stage("infer")
        self.assertIn("the number of processes changed from 2 to 3", output)
        self.assertEqual(len(kept), sum(
            int(line.split("colours: ")[1].split(" of ")[0]) for line in output.splitlines()
            if "samples are done already" in line))
        answers = self.answers("colours")
        self.assertEqual(list(range(COUNT)), sorted(answers))
        self.assertEqual(kept, {index: answers[index] for index in kept})
        self.assertEqual([], glob.glob(self.work_dir("harness", "**", "*.pkl"), recursive=True))
        self.assertEqual({}, self.journals())

    def judged(self, row):
        """Answers that no rule understands go to the judge, which says A to all."""
        self.job("SmolVLM", self.model("idefics3"),
                 [self.dataset("colours", multiple_choice(8))])
        self.stage("prefetch")
        self.stage("infer")
        self.unclear("colours")
        with JudgeServer() as judge:
            with open(self.path("plan", "plan.json"), encoding="utf-8") as source:
                plan = json.load(source)
            plan["scoring"] = {"mode": "Judge", "judge": {
                "url": judge.url, "model": "team/judge-7b"}}
            self.write_plan(plan)
            output = self.stage("score", EVALJOB_JUDGE_KEY=KEY)
        found = self.report["results"][0]
        # Two of eight have the answer A.
        self.assertEqual(("Succeeded", "judge-7b-v2", row), (
            found["phase"], found["judge"], found["score"]), output)
        self.assertLessEqual(1 + 8, len(judge.questions))
        self.assertEqual({("Bearer " + KEY, "team/judge-7b")},
                         {(key, body["model"]) for _, key, body in judge.questions})
        self.assertNotIn(KEY, output)
        for folder, _, names in os.walk(self.path("workspace")):
            for name in names:
                with open(os.path.join(folder, name), "rb") as source:
                    self.assertNotIn(KEY.encode("ascii"), source.read(), name)

    def unclear(self, dataset):
        """Writes other answers into the prediction file, as a model that talks would give them."""
        import openpyxl
        from evaljob_runner import predictions
        found = predictions.find(self.work_dir("harness", "SmolVLM"), "SmolVLM", dataset)
        book = openpyxl.load_workbook(found.path)
        column = [cell.value for cell in book.active[1]].index("prediction") + 1
        for line in range(2, book.active.max_row + 1):
            book.active.cell(line, column).value = "I would go for the one that you named first."
        book.save(found.path)


class MsTest(Survival):

    vintage = "ms"

    def test_a_killed_rank_costs_one_sample_and_three_ranks_go_on(self):
        self.kill_and_go_on()

    def test_a_judge_with_a_key_of_any_form(self):
        self.judged("0.25")

    def test_told_to_end_all_answers_are_kept(self):
        self.plan_of(2)
        process, lines, reader = self.held(2, 3)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(143, process.wait(support.TIMEOUT))
        reader.join()
        kept = self.journals()
        self.assertEqual(2 * 3, len(kept), "".join(lines))
        self.assertEqual("Terminated", self.termination()["outcome"], "".join(lines))
        self.processes(1)
        self.assertIn("%d of %d samples are done already" % (len(kept), COUNT), self.stage("infer"))

    def test_a_rank_that_hangs_at_a_token_ends_the_attempt_with_the_stacks_of_all(self):
        self.plan_of(2)
        # Longer than a loaded machine takes to import the harness, which counts too.
        output = self.stage("infer", 1, HANG_AFTER="3", EVALJOB_STALL_SECONDS="90",
                            PYTHONPATH=self.standin())
        self.assertEqual("Stalled", self.termination()["cause"], output)
        self.assertRegex(
            self.termination()["message"], r"rank 1 came no further for 90 s in phase infer "
            r"\(colours: 3 of 12 samples\), at \S+:\d+ in process, called from "
            r"vlmeval/vlm/\S+:\d+ in \w+; the stacks of all ranks are in the log; .*stallSeconds")
        self.assertRegex(output, r"\[rank 1\] .*transformers/generation/utils.py\", line \d+ in")
        # It has answered its share, and waits.
        self.assertRegex(output, r"\[rank 0\] .*in barrier")
        kept = self.journals()
        self.assertEqual([COUNT // 2, 3], [len([i for i in kept if i % 2 == rank])
                                           for rank in (0, 1)], output)

    def test_what_is_missing_takes_nothing_with_it_and_scores_are_as_printed(self):
        self.job("DOCLING", self.model("idefics3"),
                 [self.dataset("colours", multiple_choice(14)), {"name": "NO_SUCH_SET"},
                  self.cached_dataset("OCRBench_MINI", free_form(7))])
        self.stage("prefetch")
        self.assertEqual("DatasetNotFound", self.report["failure"]["cause"].replace(
            "DatasetFailed", "DatasetNotFound"))
        self.assertIn("NO_SUCH_SET", self.report["failure"]["message"])
        self.stage("infer")
        output = self.stage("score", 1)
        rows = {row["dataset"]: row for row in self.report["results"]}
        self.assertEqual("Failed", rows["NO_SUCH_SET"]["phase"])
        self.assertIn("correct spec.datasets[].name", rows["NO_SUCH_SET"]["message"])
        self.assertAlmostEqual(self.right(self.answers("colours")) / 14,
                               float(rows["colours"]["score"]), 3)
        self.assertEqual(self.right(self.answers("OCRBench_MINI")),
                         float(rows["OCRBench_MINI"]["score"]))
        table = output.split("Run Summary Report", 1)[1]
        for name in ("colours", "OCRBench_MINI"):
            self.assertEqual("Succeeded", rows[name]["phase"], rows)
            line = next(line for line in table.splitlines() if " %s " % name in line)
            self.assertIn(" %s " % rows[name]["score"], line + " ")
        with open(self.work_dir("results.json"), encoding="utf-8") as source:
            document = json.load(source)
        self.assertEqual([dict(row, metrics=None, predictions=None) for row in document["results"]],
                         [dict(row, metrics=None, predictions=None)
                          for row in self.report["results"]])
        self.assertTrue(document["results"][0]["metrics"])
        self.assertTrue(os.path.isfile(self.work_dir(document["results"][0]["predictions"])))


class NvTest(Survival):

    vintage = "nv"

    def test_a_killed_rank_costs_one_sample_and_three_ranks_go_on(self):
        self.kill_and_go_on()

    def test_a_judge_with_a_key_of_any_form(self):
        self.judged("0.25")


if __name__ == "__main__":
    unittest.main()
