"""Any process killed at any time: nothing is lost, nothing doubled, one sample a rank done again.

The kill points are drawn from a seed. A process counts the lines it runs of the runner and of the
harness, and kills itself with SIGKILL at the drawn one, so a point is found again by its seed.

EVALJOB_TEST_KILLS says how many kills (24 otherwise), EVALJOB_TEST_SEED draws others.
"""
import collections
import os
import random
import re
import signal
import sys
import unittest

import fake_harness
from evaljob_runner import predictions
from support import Container, plan_with

KILLS = int(os.environ.get("EVALJOB_TEST_KILLS", "24"))
SEED = int(os.environ.get("EVALJOB_TEST_SEED", "1"))
SAMPLES = {"first": 40, "second": 9}
PROCESSES = 3

# Runs in every Python process of the container, before anything else.
KILLER = '''
import atexit, os, signal, sys
def _role():
    with open('/proc/self/cmdline', 'rb') as source:
        words = source.read().decode().split('\\0')
    if 'rank' in words:
        return words[words.index('rank') + 2]
    return 'launcher' if 'infer' in words else ''
_FOLDERS = (os.sep + 'evaljob_runner' + os.sep, os.sep + 'vlmeval' + os.sep)
_lines = _first = 0
_counted = {}
def _trace(frame, event, argument):
    global _lines, _first
    file = frame.f_code.co_filename
    if file not in _counted:
        _counted[file] = any(folder in file for folder in _FOLDERS)
    if not _counted[file]:
        return None
    if event == 'line':
        _lines += 1
        if frame.f_code.co_name == 'generate':
            _first = _first or _lines
        if _lines == _at:
            os.kill(os.getppid() if _victim == 'parent' else os.getpid(), signal.SIGKILL)
    return _trace
_victim = os.environ.get('KILL_ROLE', '*')
if _role() and _victim in ('*', _role()) or _victim == 'parent' and _role() == '0':
    _at = int(os.environ.get('KILL_AT', '0'))
    if 'LINES' in os.environ:
        def _told():
            with open(os.environ['LINES'] + _role(), 'w') as out:
                out.write('%d %d' % (_first, _lines))
        atexit.register(_told)
    if _at or 'LINES' in os.environ:
        sys.settrace(_trace)
'''


class Kills:
    """Runs that are killed and begun again until they end: for a `Container`.

    What runs is a subclass's: `samples` of each data set, `plan(number, processes)`, which writes
    the plan of one run, `folder(number)`, its harness's folder, and two lists of (index, answer):
    `expected(name)` and `answers_of(number, name)`.
    """

    samples = {}
    processes = PROCESSES
    kills = KILLS
    # Of one attempt.
    seconds = 120

    def prepare_kills(self):
        self.random = random.Random(SEED)
        self.log = self.path("answered")
        self.environment["ANSWERED"] = self.log
        self.killed = collections.Counter()
        # Who is killed: the launcher at a line of its own, or at one of rank 0's; or a rank.
        self.roles = ["launcher", "parent"] + [str(rank) for rank in range(self.processes)]

    def lines(self):
        """The line of its first answer, and of its end, of each process when nobody kills it."""
        self.plan(0, self.processes)
        self.run_stage("infer", LINES=self.path("tmp", "lines-"))
        os.unlink(self.log)
        found = {}
        for role in self.roles:
            with open(self.path("tmp", "lines-" + role.replace("parent", "0"))) as source:
                found[role] = [int(word) for word in source.read().split()]
        return found

    def point(self, lines, role):
        """A line: mostly of those while samples are answered, for starting takes far more."""
        first, last = lines[role]
        first = max(1, first)
        return self.random.randrange(first if self.random.random() < 0.8 else 1, last + 1)

    def lost(self):
        """How many answers of each (attempt, rank) had to be given again."""
        given, lost = {}, collections.Counter()
        if os.path.exists(self.log):
            with open(self.log) as source:
                for line in source:
                    attempt, rank, *sample = line.split()
                    if tuple(sample) in given:
                        lost[given[tuple(sample)]] += 1
                    given[tuple(sample)] = (attempt, rank)
        return lost

    def attempt(self, number, role, at):
        """One attempt; True when it was ended by its kill."""
        process = self.start("infer", KILL_ROLE=role, KILL_AT=str(at), EVALJOB_ATTEMPT=str(number))
        output, _ = process.communicate(timeout=self.seconds)
        if process.returncode == 0:
            return False, output
        killed = process.returncode == -signal.SIGKILL or "was ended by SIGKILL" in output
        self.assertTrue(killed, "%s at %d: %s" % (role, at, output))
        return True, output

    def one_sample_a_rank_is_done_again_at_most(self):
        lines = self.lines()
        number, redone = 0, 0
        while sum(self.killed.values()) < self.kills:
            number += 1
            processes, story = 1 + self.random.randrange(self.processes), []
            while True:
                self.plan(number, processes)
                # The launcher does little while samples are answered.
                role = self.random.choice(self.roles[:1] + 2 * self.roles[1:processes + 2])
                at = self.point(lines, role)
                killed, output = self.attempt(len(story) + 1, role, at)
                story.append((processes, role, at, killed))
                lost = self.lost()
                self.assertLessEqual(max(lost.values(), default=0), 1,
                                     "%s\n%s\n%s" % (story, lost, output))
                if not killed:
                    break
                self.killed[role] += 1
                if self.random.random() < 0.3:
                    processes = 1 + self.random.randrange(self.processes)
            redone += sum(lost.values())
            self.check(number, story)
            os.unlink(self.log)
        # Had one been lost or doubled, or two of one rank been done again, this would have failed.
        sys.stderr.write("figures: seed %d, %d kills (%s) over %d runs of %d samples; 0 lost, "
                         "0 doubled, %d done again, never more than 1 a rank and kill\n" % (
                SEED, sum(self.killed.values()),
                ", ".join("%s %d" % item for item in sorted(self.killed.items())), number,
                sum(self.samples.values()), redone))

    def check(self, number, story):
        """Every sample has the answer of a run that nobody killed, once, and nothing is left over."""
        for name in self.samples:
            self.assertEqual(self.expected(name), self.answers_of(number, name), story)
        # One vintage keeps `…_PREV.pkl` beside its predictions, killed or not.
        left = [name for _, _, names in os.walk(self.folder(number)) for name in names
                if name.endswith(".journal") or re.match(r"\d+_.*\.pkl$", name)]
        self.assertEqual([], left, story)


@unittest.skipUnless(sys.platform.startswith("linux"), "reads /proc")
class KillTest(Kills, Container):

    samples = SAMPLES

    def setUp(self):
        super().setUp()
        fake_harness.install(self.path("python"))
        self.write("{}", "volumes", "models", "weights", "config.json")
        self.write(KILLER, "python", "sitecustomize.py")
        for name, rows in SAMPLES.items():
            self.write(fake_harness.table(rows, "ABCD"), "volumes", "models", name + ".tsv")
        self.prepare_kills()

    def plan(self, number, processes):
        self.write_plan(plan_with(
            run__hash="run%d" % number,
            harness={"kind": "VLMEvalKit", "dialect": "StatusFile"},
            model__source={"kind": "Volume", "volume": "models", "path": "weights"},
            model__parameters={"answer": ""},
            datasets=[{"name": name, "volume": "models", "path": name + ".tsv"}
                      for name in SAMPLES],
            devices__processes=processes))

    def folder(self, number):
        return self.path("workspace", "vlm", "job", "run%d" % number, "base", "harness")

    def expected(self, name):
        return [(str(index), "ABCD"[index % 4]) for index in range(self.samples[name])]

    def answers_of(self, number, name):
        found = predictions.find(os.path.join(self.folder(number), "Fake-1B"), "Fake-1B", name)
        return [(row["index"], row["prediction"])
                for row in fake_harness.read_predictions(found.path)]

    def test_one_sample_a_rank_is_done_again_at_most(self):
        self.one_sample_a_rank_is_done_again_at_most()


if __name__ == "__main__":
    unittest.main()
