"""Secrets, causes and scores: what is read from text."""
import contextlib
import io
import unittest

from evaljob_runner import scores
from evaljob_runner.failures import cause_of_text, signal_name
from evaljob_runner.output import Output
from evaljob_runner.rank_errors import cause_of, describe
from evaljob_runner.redaction import Redactor, one_line, printable


class RedactionTest(unittest.TestCase):

    def setUp(self):
        self.redact = Redactor({"HF_TOKEN": "hf-value-1", "JUDGE_KEY": "key-value-2",
                                "PLAIN": "plain-value", "SHORT_KEY": "1"})

    def test_values_of_secret_variables(self):
        self.assertEqual("a [redacted] b [redacted] plain-value 1",
                         self.redact("a hf-value-1 b key-value-2 plain-value 1"))

    def test_what_looks_like_a_secret(self):
        for text in ("API Key: sk-aaaaaaaaaaaaaaaa", "Authorization: Bearer abc.def-123",
                     "hf_abcdefghijklmnopqrstuv", "{'key': 1, 'openai_api_key': 'secretvalue'}",
                     "https://user:secretpass@proxy:3128/", "OPENAI_API_KEY=secretvalue"):
            redacted = self.redact(text)
            self.assertIn("[redacted]", redacted, text)
            for secret in ("aaaa", "abc.def", "ijklmnop", "secretvalue", "secretpass"):
                self.assertNotIn(secret, redacted)

    def test_ordinary_lines_stay(self):
        for text in ("tokens: 512 keys: 3", "Infer base/MMBench 5/45", "index key error"):
            self.assertEqual(text, self.redact(text))

    def test_escapes_and_lengths(self):
        self.assertEqual("red plain", printable("\x1b[31mred\x1b[0m plain"))
        self.assertEqual("a b", one_line("a\n\n\x00 b", 10))
        self.assertEqual(10, len(one_line("x" * 50, 10)))


class OutputTest(unittest.TestCase):

    def tail(self, data):
        with contextlib.redirect_stdout(io.StringIO()):
            output = Output(io.BufferedReader(io.BytesIO(data)), "test")
            output.close()
        return output.tail()

    def test_only_the_last_lines_are_kept_and_bars_are_left_out(self):
        data = b"".join(b"line %d\n" % i for i in range(500))
        bars = b"Infer a/b, Rank 0/2:  56%|#####  | 67/120 [00:01<00:01, 43.61it/s]\r"
        lines = self.tail(bars + data + b"no newline at the end")
        self.assertEqual(60, len(lines))
        self.assertEqual("no newline at the end", lines[-1])

    def test_a_line_without_end_is_cut(self):
        lines = self.tail(b"x" * 1000000 + b"\nnext\n")
        self.assertEqual(["x" * 8192, "next"], lines)


class CauseTest(unittest.TestCase):

    def test_words_of_errors(self):
        for text, cause in (
                ("torch.OutOfMemoryError: CUDA out of memory. Tried", "OutOfMemory"),
                ("HIP out of memory", "OutOfMemory"), ("CUBLAS_STATUS_ALLOC_FAILED", "OutOfMemory"),
                ("DefaultCPUAllocator: can't allocate memory", "HostOutOfMemory"),
                ("Unexpected bus error encountered in worker. This might be caused by "
                 "insufficient shared memory (shm).", "SharedMemoryExhausted"),
                ("RuntimeError: DataLoader worker (pid 4711) is killed by signal: Bus error. It is "
                 "possible that dataloader's workers are out of shared memory. Please try to raise "
                 "your shared memory limit.", "SharedMemoryExhausted"),
                ("OSError: [Errno 28] No space left on device: '/dev/shm/x'",
                 "SharedMemoryExhausted"),
                # torch, as it was seen with a /dev/shm of 1 MiB, and as it was worded before.
                ("RuntimeError: unable to allocate shared memory(shm) for file "
                 "</torch_22264_3330068606_0>: No such file or directory (2)",
                 "SharedMemoryExhausted"),
                ("RuntimeError: unable to write to file </torch_6390_3722368815_0>: No space left "
                 "on device (28)", "SharedMemoryExhausted"),
                ("RuntimeError: unable to open shared memory object </torch_6390_3722368815_0> in "
                 "read-write mode: Too many open files (24)", None),
                ("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate "
                 "memory: you tried to allocate 8589934592 bytes. Error code 12 (Cannot allocate "
                 "memory)", "HostOutOfMemory"),
                ("OSError: [Errno 28] No space left on device", None),
                ("KeyError: 'index'", None)):
            self.assertEqual(cause, cause_of_text(text, None), text)

    def test_types_and_chains_of_errors(self):
        class OutOfMemoryError(RuntimeError):
            pass
        try:
            try:
                raise OutOfMemoryError("2 GiB")
            except OutOfMemoryError:
                raise RuntimeError("generation failed")
        except RuntimeError as error:
            self.assertEqual("OutOfMemory", cause_of(error))
        self.assertEqual("HostOutOfMemory", cause_of(MemoryError()))
        self.assertEqual("HarnessFailed", cause_of(ValueError("x")))
        self.assertEqual("NotImplementedError", describe(NotImplementedError()))

    def test_signals_have_names(self):
        self.assertEqual("SIGKILL", signal_name(-9))
        self.assertEqual("signal 250", signal_name(-250))


class ScoreTest(unittest.TestCase):

    def pick(self, metrics, primary=None):
        score = scores.from_metrics(metrics, primary)
        return None if score is None else (score.metric, score.value)

    def test_the_display_name_finds_its_key(self):
        metrics = {"split=none|colour": "0.1", "split=none|Overall": "0.250"}
        self.assertEqual(("Overall", "0.250"), self.pick(metrics, "Overall Acc"))
        self.assertEqual(("colour", "0.1"), self.pick(metrics, "split=none|colour"))
        self.assertEqual(("Overall", "0.250"), self.pick(metrics, ["split=none|Overall"]))

    def test_without_one_the_usual_names_come_first(self):
        self.assertEqual(("Overall", "1"), self.pick({"a": "3", "x=y|Overall": "2", "Overall": "1"}))
        self.assertEqual(("Final Score", "7"), self.pick({"Text": "3", "Final Score": "7"}))
        self.assertEqual(("first", "3"), self.pick({"first": "3", "second": "7"}))

    def test_no_number_is_no_score(self):
        self.assertIsNone(self.pick({}))
        self.assertIsNone(self.pick({"a": {"b": 1}}))

    def test_tables_become_flat(self):
        self.assertEqual(
            {"split=dev|Overall": "0.50", "split=test|Overall": "1"},
            scores.flatten_rows([["split", "Overall"], ["dev", "0.50"], ["test", "1"]]))
        self.assertEqual({"a|b": "1.50"}, scores.flatten({"a": {"b": "1.50"}, "c": "text"}))


if __name__ == "__main__":
    unittest.main()
