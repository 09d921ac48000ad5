"""A few samples before the long run; where a model is split, the same samples unsplit before that.

A split must not change an answer. Some models answer differently each time, so a difference is
measured against that of two unsplit runs.
"""
from dataclasses import replace

from . import answers, predictions
from .failures import OUT_OF_MEMORY, SPLIT_CHANGES_ANSWERS, StageFailure
from .harness_files import HarnessFiles
from .log import say
from .placement import DIFFERENT, PASSED, SAME, SPLIT_ONLY
from .vlm_infer import HarnessInference
from .vlm_run import HarnessRun

_SPLIT, _UNSPLIT, _AGAIN = "smoke", "smoke-unsplit", "smoke-unsplit-again"
_SHOWN = 60


class SmokeRun:
    """The staged start of one model."""

    def __init__(self, run, placement):
        self._run = run
        self._plan = run.plan
        self._placement = placement
        self._limit = max(run.plan.smoke_samples, run.plan.world_size)

    def run(self, rank_devices):
        """Runs it and reports what it came to; a StageFailure when the long run must not begin."""
        why = self._why_not_unsplit()
        first = None
        if why == "":
            say("smoke run, unsplit: %d samples of each data set on one device a process"
                % self._limit)
            try:
                first = self._unsplit(_UNSPLIT, rank_devices)
            except StageFailure as failure:
                if failure.cause != OUT_OF_MEMORY:
                    raise
                why = "it ran out of memory on one device"
        say("smoke run: %d samples of each data set" % self._limit)
        split = self._infer(self._run, _SPLIT, rank_devices)
        if why is None:
            self._placement.note_smoke(PASSED, "%d samples of each data set" % self._limit)
        elif first is None:
            self._tell(SPLIT_ONLY, "split answers were not compared with unsplit ones: " + why)
        else:
            self._compare(first, split, rank_devices)

    def _why_not_unsplit(self):
        """Empty where the model is split and fits one device; None where nothing is split."""
        plan = self._plan
        split = plan.split
        if plan.devices.per_process < 2 or split.loader in ("VLLM", "LMDeploy") \
                or split.strategy == "TensorParallel":
            return None
        loads = sum(split.loads.values()) or sum(split.weights.values())
        if not loads:
            return "no profile tells whether it fits one device"
        room = split.capacities.get(0) or int(
            self._placement.memory_bytes * (1 - split.reserve_percent / 100.0))
        if not room:
            return "the memory of a device is not known"
        if loads > room:
            return "it needs %.1f GiB and one device has room for %.1f GiB" % (
                loads / 2.0 ** 30, room / 2.0 ** 30)
        return ""

    def _unsplit(self, folder, rank_devices):
        split = replace(self._plan.split, strategy="None", assignments=(), device_map={}, weights={})
        if self._plan.split.strategy in ("Layers", "DeviceMap"):
            # Some classes have a map of their own, and one that this transformers cannot read.
            split = replace(split, strategy="DeviceMap", device_map={"": 0})
        plan = replace(
            self._plan, split=split,
            devices=replace(self._plan.devices, per_process=1, total=self._plan.world_size))
        run = HarnessRun(replace(self._run.context, plan=plan), self._run.vintage)
        return self._infer(run, folder, [devices[:1] for devices in rank_devices])

    def _infer(self, run, folder, rank_devices):
        """Data set -> path of its predictions, by a run in a folder of its own."""
        files = HarnessFiles(run.context, folder)
        failures = HarnessInference(run, files, self._limit, self._placement.note
                                    if folder == _SPLIT else None).run(rank_devices)
        if failures:
            name, failure = failures[0]
            raise StageFailure(failure.cause, "%s of %d samples, %s: %s" % (
                "smoke run" if folder == _SPLIT else "unsplit smoke run", self._limit, name,
                failure.message))
        found = {name: predictions.find(files.model_folder, files.name, name)
                 for name in self._plan.dataset_names()}
        return {name: entry.path for name, entry in found.items() if entry is not None}

    def _compare(self, first, split, rank_devices):
        changed = _differing(first, split)
        if not changed:
            self._tell(SAME, "split answers are the unsplit ones, %d samples of each data set"
                       % self._limit)
            return
        say("%d answers differ between split and unsplit: the unsplit run once more, to see how "
            "many differ anyway" % len(changed))
        again = _differing(first, self._unsplit(_AGAIN, rank_devices))
        if len(changed) <= len(again):
            self._tell(SAME, "%d answers differ between split and unsplit, and %d between two "
                       "unsplit runs" % (len(changed), len(again)))
            return
        dataset, index, before, after = changed[0]
        message = ("%d of %d answers change with the split, and %d between two unsplit runs; first "
                   "%s %s: unsplit %r, split %r; compare %s with %s" % (
                       len(changed), self._limit * len(first), len(again), dataset, index,
                       before[:_SHOWN], after[:_SHOWN], first[dataset], split[dataset]))
        self._tell(DIFFERENT, message)
        if self._plan.smoke_on_difference == "Fail":
            raise StageFailure(SPLIT_CHANGES_ANSWERS, message + "; set split.strategy: None, or "
                               "smokeTest.onDifference: Warn to evaluate in spite of it")

    def _tell(self, outcome, message):
        say("smoke run: " + message)
        self._placement.note_smoke(outcome, message)


def _differing(first, second):
    """(data set, index, answer of the first, answer of the second) of all that differ."""
    result = []
    for dataset, path in first.items():
        if dataset not in second:
            continue
        before, after = answers.read(path), answers.read(second[dataset])
        result += [(dataset, index, before.get(index, ""), after.get(index, ""))
                   for index in answers.differences(before, after)]
    return result
