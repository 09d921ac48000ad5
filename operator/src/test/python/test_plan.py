"""Reading plan.json: what is wrong is named with its field."""
import os
import unittest

from evaljob_runner.plan import PlanError, parse_plan, read_files
from evaljob_runner.settings import Settings
from support import Container, ReportServer, plan_with


class PlanTest(unittest.TestCase):

    def refused(self, expected, **changes):
        with self.assertRaises(PlanError) as raised:
            parse_plan(plan_with(**changes))
        self.assertEqual("PreflightFailed", raised.exception.cause)
        self.assertIn(expected, raised.exception.message)

    def test_the_full_example_is_read(self):
        plan = parse_plan(plan_with(
            devices__perProcess=4, devices__processes=2, devices__total=8,
            ranks=[{"rank": 0, "visibleDevices": ["0", "1", "2", "3"]},
                   {"rank": 1, "visibleDevices": ["4", "5", "6", "7"]}],
            split={"strategy": "Layers", "loader": "Transformers", "assignments": [
                {"role": "Vision", "moduleNames": ["vision_model"], "first": 0, "count": 1,
                 "device": 0, "bytes": 1}], "devices": [
                {"index": 0, "weightsBytes": 1, "loadBytes": 1, "capacityBytes": 5}],
                "deviceMap": {"vision_model": 0}},
            cache={"access": "ReadOnly", "datasetPath": "data", "hubPath": "hub"},
            smokeTest={"samples": 4}, resources={"sharedMemoryBytes": 64}))
        self.assertEqual(2, plan.world_size)
        self.assertEqual(("vision_model",), plan.split.assignments[0].module_names)
        self.assertEqual({0: 5}, plan.split.capacities)
        self.assertTrue(plan.cache.read_only)
        self.assertEqual(4, plan.smoke_samples)

    def test_the_entry_is_the_models_name_when_left_out(self):
        plan = plan_with()
        del plan["model"]["catalogEntry"]
        self.assertEqual("base", parse_plan(plan).catalog_entry)

    def test_refusals_name_the_field(self):
        self.refused("schemaVersion: 2", schemaVersion="2")
        self.refused("harness.kind: Other", harness__kind="Other")
        self.refused("harness.command: empty", harness__command=[])
        self.refused("datasets: the list is empty", datasets=[])
        self.refused("datasets: two entries", datasets=[{"name": "a"}, {"name": "a"}])
        self.refused("datasets[0].path: ../x leaves", datasets=[
            {"name": "a", "volume": "v", "path": "../x"}])
        self.refused("model.source.hubID: missing", model__source={"kind": "Hub"})
        self.refused("model.source.volume: '..'", model__source={
            "kind": "Volume", "volume": "..", "path": "x"})
        self.refused("run.hash: '../other'", run__hash="../other")
        self.refused("devices.perProcess: must be a whole number", devices__perProcess="4")
        self.refused("devices.total: 3 is not 2 processes x 2", devices__perProcess=2,
                     devices__processes=2, devices__total=3)
        self.refused("ranks: 1 entries for 2 processes", devices__processes=2,
                     ranks=[{"rank": 0, "visibleDevices": []}])
        self.refused("model.parameters: must be an object of strings",
                     model__parameters={"a": 1})
        self.refused("cache.hubPath: /x leaves", cache={"hubPath": "/x"})

    def test_what_is_no_object_is_refused(self):
        for document in ([], None, "text", {"schemaVersion": "1"}):
            with self.assertRaises(PlanError):
                parse_plan(document)


class BadPlanFileTest(Container):

    def test_the_stage_fails_and_says_so(self):
        for text, expected in (("{", "not JSON"), ("[]", "must be an object"),
                               ("x" * (4 * 1024 * 1024 + 1), "larger than")):
            with self.subTest(expected):
                self.write(text, "plan", "plan.json")
                self.run_stage("infer", 1)
                self.assertIn(expected, self.termination()["message"])

    def test_a_missing_plan_and_a_bad_number_are_named(self):
        self.run_stage("infer", 1)
        self.assertIn("cannot read", self.termination()["message"])
        self.run_stage("infer", 1, EVALJOB_ATTEMPT="two")
        self.assertIn("EVALJOB_ATTEMPT: two", self.termination()["message"])

    def test_unknown_roles_are_refused(self):
        self.run_stage("serve", 2)


class PlanDigestTest(Container):
    """The plan is used only where it is the one that the Job was made from."""

    # PlanConfigMapTest of the operator has the same files and the same digest.
    FILES = {"plan.json": '{"name":"\u00e9"}', "ca.crt": "PEM\n"}
    DIGEST = "sha256:89ac42de55a8abaa4b674300b8d164384df1ee77add2cda80109dad6aa69b452"

    def setUp(self):
        super().setUp()
        self.file = self.path("plan", "plan.json")
        for name, text in self.FILES.items():
            self.write(text, "plan", name)

    def test_the_digest_is_the_operators(self):
        files = read_files(self.file, self.DIGEST)
        self.assertEqual({name: text.encode("utf-8") for name, text in self.FILES.items()}, files)

    def test_what_the_kubelet_adds_is_not_content(self):
        os.makedirs(self.path("plan", "..2026_01_01"))
        os.symlink("..2026_01_01", self.path("plan", "..data"))
        self.assertEqual(set(self.FILES), set(read_files(self.file, self.DIGEST)))

    def test_a_replaced_plan_or_certificate_or_a_file_more_is_refused(self):
        for name, text in (("plan.json", "{}"), ("ca.crt", "other"), ("more", "")):
            with self.subTest(name):
                self.write(text, "plan", name)
                with self.assertRaises(PlanError) as raised:
                    read_files(self.file, self.DIGEST)
                self.assertIn("its ConfigMap was replaced; set a new spec.runID",
                              raised.exception.message)
                self.write(self.FILES.get(name, ""), "plan", name)

    def test_a_stage_with_a_replaced_plan_runs_nothing_and_shows_nobody_its_token(self):
        ran = self.path("tmp", "ran")
        self.write_plan(plan_with(harness__command=self.command("open(%r, 'w')" % ran)))
        with ReportServer() as server:
            self.run_stage("infer", 1, EVALJOB_REPORT_URL=server.url,
                           EVALJOB_PLAN_DIGEST=self.DIGEST)
            self.assertEqual([], server.reports)
        self.assertEqual("PreflightFailed", self.termination()["cause"])
        self.assertIn("its ConfigMap was replaced", self.termination()["message"])
        self.assertFalse(os.path.exists(ran))

    def test_nothing_but_the_launcher_is_told_the_digest(self):
        self.assertNotIn("EVALJOB_PLAN_DIGEST", Settings.read(
            "infer", dict(self.environment, EVALJOB_PLAN_DIGEST="x")).child_environment())


if __name__ == "__main__":
    unittest.main()
