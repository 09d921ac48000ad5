"""`evaljob verify-devices` on pretended cards and without any."""
import os
import subprocess
import sys
import unittest

from harness_case import EVALJOB, HarnessCase


class VerifyDevicesTest(HarnessCase):

    def verify(self, cards):
        """Exit code and output on a machine with so many cards."""
        environment = dict(os.environ, PATH=self.path("bin") + os.pathsep + os.environ["PATH"])
        environment.pop("CUDA_VISIBLE_DEVICES", None)
        environment.update(PYTHONPATH="", OMP_NUM_THREADS="1")
        if cards:
            self.cards(cards)
            self.pretend(cards)
            environment.update(PRETENDED_CARDS=str(cards),
                               PYTHONPATH=self.environment["PYTHONPATH"])
        else:
            self.tool("nvidia-smi", "raise SystemExit('no driver')\n")
        answer = subprocess.run([EVALJOB, "verify-devices", "--python", sys.executable],
                                env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                universal_newlines=True)
        return answer.returncode, answer.stdout

    def rows(self, output):
        return [line.split() for line in output.splitlines() if line[:1].isdigit()]

    def test_three_cards_show_a_split(self):
        code, output = self.verify(3)
        self.assertEqual(0, code, output)
        rows = self.rows(output)
        self.assertEqual(3, len(rows))
        for row in rows:
            self.assertEqual(row[1], row[3], output)
        self.assertIn("unsplit on one device it generates the same", output)

    def test_one_card_cannot_show_a_split(self):
        code, output = self.verify(1)
        self.assertEqual(3, code, output)
        self.assertIn("NOT SHOWN, because there is one device", output)

    def test_no_card_shows_that_the_plan_names_every_module(self):
        code, output = self.verify(0)
        self.assertEqual(3, code, output)
        self.assertIn("NOT SHOWN, because there is no device", output)
        self.assertEqual(4, len(self.rows(output)))


if __name__ == "__main__":
    unittest.main()
