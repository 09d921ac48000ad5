"""The real harness, killed at points drawn from a seed; see test_kills.

EVALJOB_TEST_KILLS says how many kills a vintage (2 otherwise), EVALJOB_TEST_SEED draws others.
"""
import json
import os
import unittest

import support
from harness_case import HERE, HarnessCase, free_form, multiple_choice
from test_kills import KILLER, Kills


class RealKills(Kills, HarnessCase):
    """One vintage's; both run the same class of the harness."""

    samples = {"colours": 22, "letters": 7}
    processes = 2
    kills = int(os.environ.get("EVALJOB_TEST_KILLS", "2"))
    seconds = support.TIMEOUT

    def setUp(self):
        super().setUp()
        with open(os.path.join(HERE, "standin", "sitecustomize.py"), encoding="utf-8") as source:
            self.write(KILLER + source.read(), "python", "sitecustomize.py")
        self.environment["PYTHONPATH"] = os.pathsep.join(
            [self.path("python"), support.ROOT, self.environment["PYTHONPATH"]])
        self.job("SmolVLM", self.model("idefics3"),
                 [self.dataset("colours", multiple_choice(self.samples["colours"])),
                  self.dataset("letters", free_form(self.samples["letters"]))])
        self.prepare_kills()
        self._whole = {}

    def plan(self, number, processes):
        with open(self.path("plan", "plan.json"), encoding="utf-8") as source:
            plan = json.load(source)
        plan["run"]["hash"] = "run%d" % number
        plan["devices"]["processes"] = processes
        plan["ranks"] = [{"rank": rank, "visibleDevices": []} for rank in range(processes)]
        self.write_plan(plan)

    def folder(self, number):
        return self.work_dir("harness")

    def lines(self):
        found = super().lines()
        self._whole = {name: self.answers(name) for name in self.samples}
        return found

    def expected(self, name):
        self.assertEqual(list(range(self.samples[name])), sorted(self._whole[name]))
        return self._whole[name]

    def answers_of(self, number, name):
        return self.answers(name)


class MsTest(RealKills):

    vintage = "ms"

    def test_one_sample_a_rank_is_done_again_at_most(self):
        self.one_sample_a_rank_is_done_again_at_most()


class NvTest(RealKills):

    vintage = "nv"

    def test_one_sample_a_rank_is_done_again_at_most(self):
        self.one_sample_a_rank_is_done_again_at_most()


if __name__ == "__main__":
    unittest.main()
