"""The infer stage of VLMEvalKit: ranks until every data set is done or has failed."""
import os

from . import journal, predictions, ranks, shards, vintage, watchdog
from .failures import (HARNESS_FAILED, HOST_OUT_OF_MEMORY, MODEL_NOT_FOUND, OUT_OF_MEMORY,
                       RESULTS_INVALID, SHARED_MEMORY_EXHAUSTED, STALLED, StageFailure,
                       cause_of_full, is_consequence)
from .files import read_json, write_json
from .log import say
from .processes import runner_command
from .rank_state import clear_states, read_states
from .remedies import with_remedy

# After so many data sets failed and none was done, the model is at fault.
_GIVE_UP_AFTER = 3
_BY_DATASET = ("infer", "dataset", "start")
_FATAL = (OUT_OF_MEMORY, HOST_OUT_OF_MEMORY, SHARED_MEMORY_EXHAUSTED, STALLED, MODEL_NOT_FOUND)


class HarnessInference:
    """Runs the ranks on whole data sets, or on the first `limit` samples of each."""

    def __init__(self, run, files, limit=0, on_states=None):
        """`on_states` is called with what the ranks say, as often as they are looked at."""
        self._run = run
        self._context = run.context
        self._plan = run.plan
        self._files = files
        self._limit = limit
        self._on_states = on_states

    def run(self, rank_devices):
        """Runs the ranks until every data set is done or failed; (name, failure) of the failed."""
        self._files.link_data()
        shards.drop_leftovers(self._files.root)
        for name in predictions.drop_broken(self._files.model_folder):
            say("dropped %s: it was cut off in writing" % name)
        failures, done = [], 0
        pending = []
        for dataset in self._context.datasets():
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
                and plan.devices.per_process > 1:
            base.update(AUTO_SPLIT="1", GPUS_PER_PROCESS=str(plan.devices.per_process))
        job_file = os.path.join(self._files.states, "job.json")
        write_json(job_file, self._run.job(
            "infer", self._files.name, names, self._files.states, self._files.model_folder,
            self._run.arguments(self._files, names, "infer"), self._limit, world))
        environments = ranks.environments(base, plan, rank_devices)
        commands = [runner_command("rank", job_file, str(rank), str(os.getpid()))
                    for rank in range(world)]
        watches = ranks.watch(context.settings.shared_memory_folder)
        dog = watchdog.Watchdog(context.settings.stall_seconds)

        def on_tick():
            watches[1].look()
            self._look()

        def hung(running, _):
            return dog.look(watchdog.rank_signs(read_states(self._files.states, world), running))

        say("starting %d rank%s for %s" % (world, "" if world == 1 else "s", ", ".join(names)))
        try:
            child = ranks.run(
                commands, environments, self._files.root, context.stop, context.grace_seconds,
                on_tick, context.lock.descriptors, says=self._word_of, hung=hung,
                stacks=(watchdog.STACKS_SIGNAL, watchdog.STACKS_END), hear=watches[1].hear)
        except ranks.Hung as raised:
            return _InferError(self._stalled(raised.child), None)
        finally:
            on_tick()
        return None if child is None else self._rank_failure(child, watches)

    def _word_of(self, rank):
        """What a rank says of its own error, empty when it says nothing."""
        error = read_states(self._files.states, self._plan.world_size)[rank].get("error")
        return str(error.get("message")) if isinstance(error, dict) else ""

    def _stalled(self, child):
        state = read_states(self._files.states, self._plan.world_size)[child.index]
        counts = ["%s: %d of %s samples" % (name, entry.get("done", 0), entry.get("total", "?"))
                  for name, entry in state.get("datasets", {}).items()
                  if not entry.get("inferred")]
        place = watchdog.where(child.output.stacks())
        return StageFailure(STALLED, "rank %d came no further for %d s in phase %s%s%s; the stacks "
                            "of all ranks are in the log; if a sample, or loading the model, may "
                            "take longer than that, raise spec.stallSeconds" % (
                                child.index, self._context.settings.stall_seconds,
                                state.get("phase", "start"),
                                " (%s)" % counts[-1] if counts else "",
                                ", at %s" % place if place else ""))

    def _rank_failure(self, child, watches):
        states = read_states(self._files.states, self._plan.world_size)
        own = states[child.index].get("error")
        if child.returncode < 0 or not isinstance(own, dict):
            found = ranks.explain(child, watches)
            return _InferError(StageFailure(found.cause, with_remedy(
                found.cause, found.message, self._plan)), None)
        rank = child.index
        if is_consequence(str(own.get("message"))):
            # Another rank may have told its reason before it was ended.
            rank, own = _first_reason(states, rank)
        prefix = "" if self._plan.world_size == 1 else "rank %d: " % rank
        message = str(own.get("message"))
        cause = cause_of_full(message, own.get("cause"), watches[1],
                              "\n".join(child.output.tail()))
        failure = StageFailure(cause, with_remedy(cause, prefix + message, self._plan))
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
            journal.drop(self._files.states, name)
            shards.drop_foreign(self._files.model_folder, name)
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

    def _look(self):
        """Looks at what each rank says: loads, and samples whose whole any of them knows."""
        done, rows = {}, {}
        states = read_states(self._files.states, self._plan.world_size)
        if self._on_states is not None:
            self._on_states(states)
        if self._limit:
            return
        for state in states:
            for name, entry in state.get("datasets", {}).items():
                done[name] = done.get(name, 0) + int(entry.get("done", 0))
                rows[name] = max(rows.get(name, 0), int(entry.get("rows", 0)))
        for name, total in rows.items():
            if name in self._plan.dataset_names():
                self._context.progress.set_samples(name, done[name], total)


def _first_reason(states, otherwise):
    """The rank whose error is no consequence of another's, the earliest, and that error."""
    errors = [(state["error"].get("time", 0.0), rank) for rank, state in enumerate(states)
              if isinstance(state.get("error"), dict)
              and not is_consequence(str(state["error"].get("message")))]
    rank = min(errors)[1] if errors else otherwise
    return rank, states[rank]["error"]


class _InferError:
    """Why the ranks ended, and the data set at fault where it is one's."""

    def __init__(self, failure, dataset):
        self.failure = failure
        self.dataset = dataset

    @property
    def fatal(self):
        return self.failure.cause in _FATAL
