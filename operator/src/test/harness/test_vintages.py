"""Both vintages from prefetch to score: every class, one and two ranks, both kinds of data set."""
import unittest

from harness_case import HarnessCase, free_form, multiple_choice

COUNT = 14


class Vintage(HarnessCase):
    """What every vintage must do; a score is compared with the predictions that it is made of."""

    def run_it(self, entry, model, processes):
        self.job(entry, self.model(model),
                 [self.dataset("colours", multiple_choice(COUNT)),
                  self.cached_dataset("OCRBench_MINI", free_form(COUNT))], processes)
        rows, output = self.whole()
        self.assertIn("starting %d rank" % processes, output)
        choice, form = self.answers("colours"), self.answers("OCRBench_MINI")
        self.assertEqual(list(range(COUNT)), sorted(choice))
        self.assertEqual(list(range(COUNT)), sorted(form))
        self.assertLess(1, len(set(choice.values())), "the model always answers alike")
        self.assertEqual(("Succeeded", COUNT, 0), (
            rows["colours"]["phase"], rows["colours"]["samples"], rows["colours"]["failedSamples"]))
        self.assertAlmostEqual(self.right(choice) / COUNT, float(rows["colours"]["score"]), 3)
        self.assertEqual("Succeeded", rows["OCRBench_MINI"]["phase"], rows)
        self.assertEqual(self.right(form), float(rows["OCRBench_MINI"]["score"]))
        return choice


class MsTest(Vintage):

    vintage = "ms"

    def test_docling_with_one_rank(self):
        self.run_it("DOCLING", "idefics3", 1)

    def test_smolvlm_with_two_ranks(self):
        self.run_it("SmolVLM", "idefics3", 2)

    def test_qwen2_vl_with_two_ranks(self):
        self.run_it("Qwen2VLChat", "qwen2-vl", 2)


class NvTest(Vintage):

    vintage = "nv"

    def test_smolvlm_with_one_rank(self):
        self.run_it("SmolVLM", "idefics3", 1)

    def test_qwen2_vl_with_two_ranks(self):
        self.run_it("Qwen2VLChat", "qwen2-vl", 2)


if __name__ == "__main__":
    unittest.main()
