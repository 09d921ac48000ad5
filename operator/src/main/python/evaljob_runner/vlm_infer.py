"""The infer stage of VLMEvalKit: ranks until every data set is done or has failed."""
import os

from . import predictions, ranks, shards, vintage
from .failures import (HARNESS_FAILED, HOST_OUT_OF_MEMORY, MODEL_NOT_FOUND, OUT_OF_MEMORY,
                       RESULTS_INVALID, StageFailure)
from .files import read_json, write_json
from .log import say
from .processes import runner_command
from .rank_state import clear_states, read_states

# After so many data sets failed and none was done, the model is at fault.
_GIVE_UP_AFTER = 3
_BY_DATASET = ("infer", "dataset", "start")
_FATAL = (OUT_OF_MEMORY, HOST_OUT_OF_MEMORY, MODEL_NOT_FOUND)


class HarnessInference:
    """Runs the ranks on whole data sets, or on the first `limit` samples of each."""

    def __init__(self, run, files, limit=0):
        self._run = run
        self._context = run.context
        self._plan = run.plan
        self._files = files
        self._limit = limit

    def run(self, rank_devices):
        """Runs the ranks until every data set is done or failed; (name, failure) of the failed."""
        self._files.link_data()
        shards.drop_leftovers(self._files.root)
        for name in predictions.drop_broken(self._files.model_folder):
            say("dropped %s: it was cut off in writing" % name)
        failures, done = [], 0
        pending = []
        for dataset in self._plan.datasets:
            note = read_json(self._files.marker("inferred", dataset.name))
            if isinstance(note, dict) and note.get("limit") == self._limit:
                say("%s: done by an earlier attempt" % dataset.name)
                self._count(dataset.name, note.get("rows", 0))
                done += 1
            else:
                pending.append(dataset.name)
        while pending:
            self._context.stop.check()
            error = self._run_ranks(rank_devices, pending)
            finished = self._collect(pending)
            done += len(finished)
            pending = [name for name in pending if name not in finished]
            if error is not None:
                culprit = error.dataset if error.dataset in pending else None
                if culprit is None or error.fatal:
                    raise error.failure
                failures.append((culprit, error.failure))
                pending.remove(culprit)
                say("%s: failed: %s" % (culprit, error.failure.message))
                if not done and len(failures) >= _GIVE_UP_AFTER:
                    raise StageFailure(error.failure.cause, "%d data sets failed and none was done; "
                                       "%s: %s" % (len(failures), culprit, error.failure.message))
                continue
            for name in pending:
                failures.append((name, self._unfinished(name)))
            break
        return failures

    def _run_ranks(self, rank_devices, names):
        plan, context = self._plan, self._context
        world = plan.world_size
        clear_states(self._files.states, world)
        self._run.forget_flat_status(self._files)
        base = self._files.environment()
        if plan.devices.total == 0:
            base.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // world)))
        if self._run.vintage.dialect == vintage.AUTO_SPLIT and plan.split.loader == "Transformers" \
                and plan.split.strategy in ("Layers", "DeviceMap"):
            base.update(AUTO_SPLIT="1", GPUS_PER_PROCESS=str(plan.devices.per_process))
        job_file = os.path.join(self._files.states, "job.json")
        write_json(job_file, self._run.job(
            "infer", self._files.name, names, self._files.states, self._files.model_folder,
            self._run.arguments(self._files, names, "infer"), self._limit, world))
        environments = ranks.environments(base, plan, rank_devices)
        commands = [runner_command("rank", job_file, str(rank), str(os.getpid()))
                    for rank in range(world)]
        watch = ranks.watch()

        def on_tick():
            if not self._limit:
                self._progress()

        say("starting %d rank%s for %s" % (world, "" if world == 1 else "s", ", ".join(names)))
        try:
            child = ranks.run(commands, environments, self._files.root, context.stop,
                              context.grace_seconds, on_tick, context.lock.descriptors)
        finally:
            on_tick()
        return None if child is None else self._rank_failure(child, watch)

    def _rank_failure(self, child, watch):
        states = read_states(self._files.states, self._plan.world_size)
        own = states[child.index].get("error")
        if child.returncode < 0 or not isinstance(own, dict):
            error = ranks.explain(child, watch)
            return _InferError(error.as_stage_failure(), None)
        prefix = "" if self._plan.world_size == 1 else "rank %d: " % child.index
        failure = StageFailure(own.get("cause"), prefix + str(own.get("message")))
        dataset = own.get("dataset") if own.get("phase") in _BY_DATASET else None
        return _InferError(failure, dataset)

    def _collect(self, names):
        """Marks the data sets whose prediction file is whole."""
        states = read_states(self._files.states, self._plan.world_size)
        finished = []
        for name in names:
            entry = states[0].get("datasets", {}).get(name, {})
            if not entry.get("inferred"):
                continue
            found = predictions.find(self._files.model_folder, self._files.name, name)
            if found is None or not (entry.get("packed") or found.rows >= entry.get("rows", 0)):
                continue
            if self._run.status_error(self._files, name) is not None:
                continue
            write_json(self._files.marker("inferred", name), {
                "rows": found.rows, "failed": found.failed, "limit": self._limit})
            self._count(name, found.rows)
            finished.append(name)
        return finished

    def _unfinished(self, name):
        error = self._run.status_error(self._files, name)
        if error:
            return StageFailure(HARNESS_FAILED, error)
        found = predictions.find(self._files.model_folder, self._files.name, name)
        if found is None:
            return StageFailure(RESULTS_INVALID, "the harness exited with 0 and wrote no readable "
                                "predictions of %s" % name)
        return StageFailure(RESULTS_INVALID, "the harness exited with 0 and the predictions of %s "
                            "have only %d rows" % (name, found.rows))

    def _count(self, name, rows):
        if not self._limit:
            self._run.count(name, rows)

    def _progress(self):
        """Sums what each rank says it has done; the whole is known from any of them."""
        done, rows = {}, {}
        for state in read_states(self._files.states, self._plan.world_size):
            for name, entry in state.get("datasets", {}).items():
                done[name] = done.get(name, 0) + int(entry.get("done", 0))
                rows[name] = max(rows.get(name, 0), int(entry.get("rows", 0)))
        for name, total in rows.items():
            if name in self._plan.dataset_names():
                self._context.progress.set_samples(name, done[name], total)


class _InferError:
    """Why the ranks ended, and the data set at fault where it is one's."""

    def __init__(self, failure, dataset):
        self.failure = failure
        self.dataset = dataset

    @property
    def fatal(self):
        return self.failure.cause in _FATAL
