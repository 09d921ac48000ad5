"""Splits on the real harness: cards are pretended, loading and dispatch are transformers' own."""
import os
import shutil
import unittest

from harness_case import HarnessCase, multiple_choice
from profiles import profile

COUNT = 6
LAYERS = {"strategy": "Layers", "contextTokens": 0}


class Split(HarnessCase):

    def split(self, entry, model, kind, devices, processes=1, at=None, scale=1, spec=None,
              visible=None, **changes):
        """A plan that splits by layers, on as many pretended cards as it asks for."""
        folder = os.path.join(os.environ["HARNESS_MODELS"], model)
        plan = self.job(entry, self.model(model, at), [self.dataset("colours", multiple_choice(COUNT))],
                        processes, devices, profile=profile(folder, kind, entry, scale, **changes),
                        visible=visible, **dict({"split": LAYERS}, **spec or {}))
        self.pretend(8 if visible else devices * processes)
        return plan

    def infer(self, expected=0):
        output = self.stage("infer", expected)
        if expected == 0:
            self.assertEqual(list(range(COUNT)), sorted(self.answers("colours")))
        return output

    def check_bytes(self, plan, output):
        """Every device of every rank holds just the bytes of weights that the plan gives it."""
        per_process = plan["devices"]["perProcess"]
        planned = [entry["weightsBytes"] for entry in plan["split"]["devices"]]
        self.assertEqual(per_process, len([size for size in planned if size]))
        rows = self.report["preflight"]["devices"]
        self.assertEqual(planned * plan["devices"]["processes"],
                         [row["plannedBytes"] for row in rows])
        self.assertEqual([row["plannedBytes"] for row in rows],
                         [row["loadedBytes"] for row in rows], output)
        self.assertEqual(plan["devices"]["processes"], output.count("weights as loaded: device 0"))

    def answers_on_one_card(self, entry, model, **spec):
        """Of the same model, without any split."""
        shutil.rmtree(self.path("workspace"))
        os.makedirs(self.path("workspace"))
        self.job(entry, self.model(model), [self.dataset("colours", multiple_choice(COUNT))], 1, 1,
                 **spec)
        self.pretend(1)
        self.infer()
        return self.answers("colours")


    def refused_early(self, of, **spec):
        """A split of a model without weights, by the profile of another."""
        folder = self.path("volumes", "files", "broken")
        shutil.copytree(os.path.join(os.environ["HARNESS_MODELS"], "qwen2-vl"), folder)
        with open(os.path.join(folder, "model.safetensors"), "wb") as out:
            out.write(b"no weights at all")
        self.job("Qwen2VLChat", {"name": "files", "path": "broken"},
                 [self.dataset("colours", multiple_choice(COUNT))], 1, 2, split=LAYERS,
                 profile=profile(os.path.join(os.environ["HARNESS_MODELS"], of),
                                 "qwen2_vl", "Qwen2VLChat"), **spec)
        self.pretend(2)
        self.stage("infer", 1)
        self.assertEqual("SplitNotApplicable", self.report["failure"]["cause"])


class NvTest(Split):
    """The vintage with AUTO_SPLIT, after its partial mend."""

    vintage = "nv"

    def test_a_72b_path_on_cards_4_to_7_answers_as_on_one_card(self):
        plan = self.split("Qwen2VLChat", "qwen2-vl-deep", "qwen2_vl", 4, at="qwen2-vl-72b",
                          visible="4,5,6,7")
        self.assertEqual(["4", "5", "6", "7"], plan["ranks"][0]["visibleDevices"])
        self.check_bytes(plan, self.infer())
        answers = self.answers("colours")
        # The map of this vintage for such a path names modules that transformers renamed since.
        self.assertEqual(answers, self.answers_on_one_card("Qwen2VLChat", "qwen2-vl-deep"))

    def test_internvl_on_cards_4_to_7_of_a_machine(self):
        plan = self.split("InternVLChat", "internvl", "internvl", 4, visible="4,5,6,7",
                          spec={"more": {"parameters": {"version": "V2.0"}}})
        self.check_bytes(plan, self.infer())

    def test_two_ranks_of_a_model_whose_class_splits_for_one_only(self):
        plan = self.split("Qwen2VLChat", "qwen2-vl", "qwen2_vl", 2, 2)
        self.check_bytes(plan, self.infer())

    def test_without_a_profile_the_harness_spreads_it_by_its_own_switch(self):
        self.job("Qwen2VLChat", self.model("qwen2-vl-deep"),
                 [self.dataset("colours", multiple_choice(COUNT))], 1, 2)
        self.pretend(2)
        output = self.infer()
        self.assertEqual(2, len([row for row in self.report["preflight"]["devices"]
                                 if row.get("loadedBytes")]), output)


class MsTest(Split):
    """The vintage without AUTO_SPLIT: its classes say `auto` or `cuda`."""

    vintage = "ms"

    def test_two_ranks_of_two_cards_after_a_staged_start(self):
        plan = self.split("Qwen2VLChat", "qwen2-vl-deep", "qwen2_vl", 2, 2,
                          spec={"smokeTest": {"samples": 3}})
        output = self.infer()
        self.assertEqual("Same", self.report["preflight"]["smokeTest"]["outcome"], output)
        rows = self.report["preflight"]["devices"]
        self.assertEqual([entry["weightsBytes"] for entry in plan["split"]["devices"]] * 2,
                         [row["loadedBytes"] for row in rows])
        # Three samples: rank 0 has two of them.
        self.assertEqual(3, len(self.answers("colours", "smoke-unsplit")))
        self.assertEqual(self.answers("colours", "smoke-unsplit"), self.answers("colours", "smoke"))

    def test_a_class_that_says_cuda_is_split_and_not_moved_back(self):
        # It widens the weights to float32.
        plan = self.split("SmolVLM", "idefics3", "idefics3", 2, scale=2)
        self.check_bytes(plan, self.infer())

    def test_a_tied_head_stays_with_the_embedding_whatever_the_profile_says(self):
        self.split("Qwen2VLChat", "qwen2-vl-tied", "qwen2_vl", 2, tiedHead=False)
        output = self.infer()
        plan_says = self.plan_document()["split"]["assignments"]
        self.assertEqual({"Embedding": 0}, {part["role"]: part["device"] for part in plan_says
                                            if part["role"] == "Embedding"})
        whole = os.path.getsize(os.path.join(os.environ["HARNESS_MODELS"], "qwen2-vl-tied",
                                             "model.safetensors"))
        loaded = sum(row["loadedBytes"] for row in self.report["preflight"]["devices"])
        # Once, and not twice: the file has a header beside the weights.
        self.assertLess(whole * 0.9, loaded, output)
        self.assertLess(loaded, whole, output)

    def test_a_profile_of_another_model_is_refused_before_the_weights_are_read(self):
        self.refused_early("qwen2-vl-deep")
        self.assertIn("the model has only 2 blocks in model.language_model.layers",
                      self.report["failure"]["message"])

    def test_a_class_that_takes_an_engine_is_refused_before_the_weights_are_read(self):
        self.refused_early("qwen2-vl", more={"parameters": {"use_vllm": "true"}})
        self.assertIn("vLLM loads this model, and takes no map of its layers; set loader: VLLM in "
                      "its profile", self.report["failure"]["message"])

    def test_what_does_not_fit_is_refused_and_not_left_on_the_host(self):
        self.job("Qwen2VLChat", self.model("qwen2-vl-deep"),
                 [self.dataset("colours", multiple_choice(COUNT))], 1, 2)
        self.pretend(2)
        output = self.stage("infer", 1, PRETENDED_MEMORY=str(400 * 1024))
        self.assertEqual("SplitNotApplicable", self.report["failure"]["cause"], output)
        self.assertIn("too small", self.report["failure"]["message"])


if __name__ == "__main__":
    unittest.main()
