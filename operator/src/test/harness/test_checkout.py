"""A checkout of VLMEvalKit, whatever its vintage: what `run --checkout FOLDER` runs by hand."""
import os
import unittest

from test_splits import Split
from test_vintages import Vintage


@unittest.skipUnless("HARNESS_CHECKOUT" in os.environ, "run --checkout FOLDER names none")
class CheckoutTest(Vintage):

    vintage = "checkout"

    def test_smolvlm_with_one_rank(self):
        self.run_it("SmolVLM", "idefics3", 1)

    def test_qwen2_vl_with_two_ranks(self):
        self.run_it("Qwen2VLChat", "qwen2-vl", 2)


@unittest.skipUnless("HARNESS_CHECKOUT" in os.environ, "run --checkout FOLDER names none")
class CheckoutSplitTest(Split):

    vintage = "checkout"

    def test_a_72b_path_over_cards_4_to_7(self):
        plan = self.split("Qwen2VLChat", "qwen2-vl-deep", "qwen2_vl", 4, at="qwen2-vl-72b",
                          visible="4,5,6,7")
        self.check_bytes(plan, self.infer())
        self.assertEqual(self.answers("colours"), self.answers_on_one_card(
            "Qwen2VLChat", "qwen2-vl-deep"))

    def test_internvl_over_cards_4_to_7(self):
        model = {"more": {"parameters": {"version": "V2.0"}}}
        plan = self.split("InternVLChat", "internvl", "internvl", 4, visible="4,5,6,7", spec=dict(model))
        self.check_bytes(plan, self.infer())
        self.assertEqual(self.answers("colours"), self.answers_on_one_card(
            "InternVLChat", "internvl", **model))

    def test_two_ranks_of_two_cards(self):
        plan = self.split("Qwen2VLChat", "qwen2-vl-deep", "qwen2_vl", 2, 2)
        self.check_bytes(plan, self.infer())


if __name__ == "__main__":
    unittest.main()
