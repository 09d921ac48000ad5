"""The Command harness: any program, given model, data set and output by environment variables."""
import json
import os

from . import ranks, results, watchdog
from .failures import (HARNESS_FAILED, HOST_OUT_OF_MEMORY, MODEL_NOT_FOUND, OUT_OF_MEMORY,
                       RANK_FAILED, RESULTS_INVALID, SHARED_MEMORY_EXHAUSTED, STALLED, StageFailure)
from .files import read_json, safe_name, write_json
from .log import say
from .placement import PASSED
from .processes import runner_command
from .remedies import with_remedy

_RESULTS_LIMIT = 1024 * 1024
# Another data set would meet the same; the devices are given back instead.
_FATAL = (OUT_OF_MEMORY, HOST_OUT_OF_MEMORY, SHARED_MEMORY_EXHAUSTED, RANK_FAILED, STALLED,
          MODEL_NOT_FOUND)


class CommandHarness:
    """Runs the command for each data set and rank, and reads its results.json."""

    def __init__(self, context):
        self._context = context
        self._plan = context.plan
        self.details = {}

    def dialect(self):
        return None

    def needs_driver_tool(self):
        return False

    def notes(self):
        return []

    def prefetch(self, missing):
        """Nothing of its own: model and data come from volumes, the hub, or the program itself."""
        return {}

    def infer(self, rank_devices, placement):
        """Runs every data set that is not done; gives (data set, failure) of the failed ones."""
        failures = []
        for dataset in self._context.datasets():
            self._context.stop.check()
            folder = self._folder(dataset, False)
            if self._done(folder):
                say("%s: done by an earlier attempt" % dataset.name)
                self._finish(dataset, folder)
                continue
            failure = self._run(dataset, folder, rank_devices, 0)
            if failure is None:
                self._finish(dataset, folder)
                continue
            if failure.cause in _FATAL:
                raise failure
            say("%s: failed: %s" % (dataset.name, failure.message))
            failures.append((dataset.name, failure))
        return failures

    def smoke(self, rank_devices, placement):
        """Runs every data set on a few samples in a folder of its own."""
        for dataset in self._context.datasets():
            self._context.stop.check()
            folder = self._folder(dataset, True)
            if self._done(folder):
                continue
            failure = self._run(dataset, folder, rank_devices, self._plan.smoke_samples)
            if failure is not None:
                raise StageFailure(failure.cause, "smoke run of %d samples, %s: %s" % (
                    self._plan.smoke_samples, dataset.name, failure.message))
        placement.note_smoke(PASSED, "%d samples of each data set" % self._plan.smoke_samples)

    def score(self):
        """Reads the results again; a row for each data set."""
        rows = []
        for dataset in self._plan.datasets:
            folder = self._folder(dataset, False)
            if not self._done(folder):
                rows.append(results.failed(dataset.name, "no results: the program did not finish"))
                continue
            try:
                self._finish(dataset, folder)
                rows.append(self._row(dataset, folder))
            except StageFailure as failure:
                rows.append(results.failed(dataset.name, failure.message))
        return rows

    def _folder(self, dataset, smoke):
        return self._context.work_dir.folder(
            "smoke" if smoke else "datasets", safe_name(dataset.name))

    @staticmethod
    def _done(folder):
        return os.path.exists(os.path.join(folder, ".evaljob-done"))

    def _finish(self, dataset, folder):
        row = self._row(dataset, folder)
        self._context.progress.set_samples(dataset.name, row.samples, row.samples)
        self._context.progress.finish(dataset.name)

    def _run(self, dataset, folder, rank_devices, limit):
        context = self._context
        results_file = os.path.join(folder, "results.json")
        _remove(results_file)
        base = self._environment(dataset, folder, results_file, limit)
        environments = ranks.environments(base, self._plan, rank_devices, always_numbered=True)
        progress_files = []
        for rank, environment in enumerate(environments):
            progress_files.append(os.path.join(folder, "progress-%d.json" % rank))
            _remove(progress_files[-1])
            environment["EVALJOB_PROGRESS_FILE"] = progress_files[-1]
        leash = runner_command("leash", str(os.getpid())) + list(self._plan.harness.command)
        say("%s: starting %d process%s%s" % (
            dataset.name, len(environments), "" if len(environments) == 1 else "es",
            ", %d samples" % limit if limit else ""))
        watches = ranks.watch(context.settings.shared_memory_folder)
        dog = watchdog.Watchdog(context.settings.stall_seconds)

        def on_tick():
            watches[1].look()
            if not limit:
                done, total = read_progress(progress_files)
                if done or total:
                    context.progress.set_samples(dataset.name, done, total)

        def hung(running, printed):
            return dog.look(signs([read_json(file, 65536) for file in progress_files], printed,
                                  running))

        try:
            child = ranks.run([leash] * len(environments), environments, folder, context.stop,
                              context.grace_seconds, on_tick, context.lock.descriptors, hung=hung,
                              hear=watches[1].hear)
        except ranks.Hung as raised:
            return StageFailure(STALLED, self._stalled(
                dataset, raised.child, progress_files[raised.child.index]))
        if child is not None:
            watches[1].look()
            otherwise = RANK_FAILED if child.returncode < 0 else HARNESS_FAILED
            found = ranks.explain(child, watches, otherwise)
            return StageFailure(found.cause, with_remedy(found.cause, found.message, self._plan))
        on_tick()
        try:
            self._row(dataset, folder)
        except StageFailure as failure:
            return failure
        write_json(os.path.join(folder, ".evaljob-done"), {"samples": limit})
        return None

    def _stalled(self, dataset, child, progress_file):
        seconds = self._context.settings.stall_seconds
        if read_json(progress_file, 65536):
            return ("%s: process %d wrote no progress for %d s; raise spec.stallSeconds if a sample "
                    "may take longer than that" % (dataset.name, child.index, seconds))
        last = child.output.tail(1)
        return ("%s: process %d printed nothing and wrote no EVALJOB_PROGRESS_FILE for %d s%s; let it "
                "write its progress, or raise spec.stallSeconds if it may take longer than that" % (
                    dataset.name, child.index, seconds,
                    ", its last output: " + last[0] if last else ""))

    def _environment(self, dataset, folder, results_file, limit):
        context = self._context
        environment = dict(context.settings.child_environment())
        environment.update(
            EVALJOB_MODEL_NAME=self._plan.model,
            EVALJOB_MODEL_PATH=context.weights() or "",
            EVALJOB_CATALOG_ENTRY=self._plan.catalog_entry,
            EVALJOB_PARAMETERS=json.dumps(dict(self._plan.parameters), sort_keys=True),
            EVALJOB_DATASET_NAME=dataset.name,
            EVALJOB_DATASET_PATH=context.dataset_file(dataset) or "",
            EVALJOB_OUTPUT_DIR=folder,
            EVALJOB_RESULTS_FILE=results_file)
        # A program in Python that crashes says at which line.
        environment.setdefault("PYTHONFAULTHANDLER", "1")
        environment.pop("EVALJOB_SAMPLE_LIMIT", None)
        if limit:
            environment["EVALJOB_SAMPLE_LIMIT"] = str(limit)
        return environment

    def _row(self, dataset, folder):
        return read_results(dataset.name, os.path.join(folder, "results.json"))


def read_results(dataset, path):
    """The row of a results.json; a StageFailure (ResultsInvalid) says what is wrong with it."""
    if not os.path.exists(path):
        raise StageFailure(RESULTS_INVALID, "%s: the program exited with 0 and wrote no "
                           "results.json; rank 0 must write EVALJOB_RESULTS_FILE" % dataset)
    # Numbers stay the text that was written.
    document = read_json(path, _RESULTS_LIMIT, parse_float=str, parse_constant=str)
    if not isinstance(document, dict):
        raise StageFailure(
            RESULTS_INVALID, "%s: results.json is not a JSON object of at most 1 MiB" % dataset)
    metric, score = document.get("metric"), document.get("score")
    if isinstance(score, int) and not isinstance(score, bool):
        score = str(score)
    if not isinstance(metric, str) or not metric:
        raise StageFailure(RESULTS_INVALID, "%s: results.json: metric is not a text" % dataset)
    if not isinstance(score, str) or not results.is_score(score):
        raise StageFailure(RESULTS_INVALID, "%s: results.json: score is neither a number nor a "
                           "short text" % dataset)
    counts = []
    for field in ("samples", "failedSamples"):
        value = document.get(field, 0)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2 ** 31:
            raise StageFailure(
                RESULTS_INVALID, "%s: results.json: %s is not a count" % (dataset, field))
        counts.append(value)
    return results.succeeded(dataset, metric, score, counts[0], counts[1])


def read_progress(paths):
    """Done and total over the ranks' progress files; a missing or broken one counts nothing."""
    done = total = 0
    for path in paths:
        counts = read_counts(read_json(path, 65536))
        done += counts[0]
        total += counts[1]
    return done, total


def read_counts(document):
    """Done and total of one progress file's content, zeros where they are no counts."""
    values = ([document.get("done"), document.get("total")] if isinstance(document, dict) else [])
    if values and all(isinstance(v, int) and not isinstance(v, bool) and 0 <= v < 2 ** 31
                      for v in values):
        return tuple(values)
    return 0, 0


def signs(documents, printed, running):
    """For each running process what changes as it comes further, from all progress and output.

    Its own progress, as long as it tells some. One that has told none, or is through with its
    share, may be waiting for the others: it comes further as long as anybody does.
    """
    together = repr((documents, printed))
    result = {}
    for rank in running:
        own = documents[rank]
        result[rank] = together if not own or _through(own) else repr(own)
    return result


def _through(document):
    done, total = read_counts(document)
    return total and done >= total


def _remove(path):
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
