"""What VLMEvalKit needs fetched: the entry's own weights, and its data sets."""
import os

from . import datasets, hub, vintage
from .failures import DATASET_FAILED, DATASET_NOT_FOUND, DOWNLOAD_FAILED, StageFailure
from .files import FolderLock, write_json
from .harness_files import HarnessFiles
from .log import say
from .processes import run_one, runner_command
from .rank_state import clear_states, read_states

_LOCK_SECONDS = 3600.0
_ROUNDS = 3
_PAUSE_SECONDS = 1.0


class HarnessPrefetch:
    """Checks files, fetches what is not there; the harness is imported only for its own data sets."""

    def __init__(self, run):
        self._run = run
        self._context = run.context
        self._plan = run.plan

    def run(self, missing):
        """Fetches what is not there; gives {data set: StageFailure} of those it could not have."""
        vintage.check_entry(self._run.vintage, self._plan.catalog_entry)
        failures = self._check_files(missing)
        self._fetch_own_weights()
        failures.update(self._fetch_datasets())
        return failures

    def _check_files(self, missing):
        rows, failures = {}, {}
        for dataset in self._plan.datasets:
            path = self._context.dataset_file(dataset)
            if path is None or dataset.name in missing:
                continue
            failure = _wrong_table(dataset, path)
            if failure is not None:
                failures[dataset.name] = failure
            else:
                rows[dataset.name] = datasets.count_rows(path)
        self._run.note_rows(rows)
        return failures

    def _fetch_own_weights(self):
        """The entry's own weights, where the catalogue names a repository and nobody replaced it."""
        if self._plan.source.kind != "Entry" or self._context.model_path() is not None:
            return
        entry = vintage.catalogue_entry(self._run.vintage, self._plan.catalog_entry)
        if entry is None or entry.model_path.count("/") != 1 or entry.model_path.startswith("/"):
            say("the weights of %s are not named in the catalogue: nothing fetched"
                % self._plan.catalog_entry)
            return
        hub.fetch(self._context, entry.model_path, "")

    def _fetch_datasets(self):
        known = self._run.rows()
        names = [dataset.name for dataset in self._plan.datasets
                 if not dataset.local and dataset.name not in known]
        work_dir = self._context.work_dir
        failures = {}
        if not names:
            return failures
        cache = work_dir.dataset_cache
        # Two pods that fetch into one folder would write the same files.
        lock = None if work_dir.read_only_cache else FolderLock(_made(cache))
        if lock and not lock.acquire(self._context.stop, _LOCK_SECONDS):
            raise StageFailure(DOWNLOAD_FAILED, "another process has been fetching data sets for an "
                               "hour; look at it")
        try:
            for number in range(1 if work_dir.read_only_cache else _ROUNDS):
                if number:
                    self._context.stop.pause(_PAUSE_SECONDS * number)
                for name in names:
                    failures.pop(name, None)
                failures.update(self._fetch(names))
                names = [name for name, failure in failures.items()
                         if failure.cause == DOWNLOAD_FAILED]
                if not names:
                    break
        finally:
            if lock:
                lock.release()
        return failures

    def _fetch(self, names):
        work_dir = self._context.work_dir
        offline = work_dir.read_only_cache
        states = os.path.join(work_dir.markers, "fetch")
        os.makedirs(states, exist_ok=True)
        clear_states(states, 1)
        files = None if work_dir.root is None else HarnessFiles(self._context)
        if offline:
            # What is missing in the cache is found before devices are held.
            files.link_data()
            environment = files.environment()
        else:
            environment = (files.environment(work_dir.dataset_cache, offline=False) if files else dict(
                self._context.settings.child_environment(), LMUData=work_dir.dataset_cache,
                HF_HUB_CACHE=work_dir.hub_cache))
        job = self._run.job("fetch", "fetch", names, states, os.path.join(states, "none"), [], 0, 1,
                            offline=offline)
        path = os.path.join(states, "job.json")
        write_json(path, job)
        say("%s %d data sets: %s" % ("looking for" if offline else "fetching", len(names),
                                     ", ".join(names)))
        code, lines = run_one(
            "fetch", runner_command("rank", path, "0", str(os.getpid())), environment,
            work_dir.shared, self._context.stop, self._context.grace_seconds)
        found = read_states(states, 1)[0].get("datasets", {})
        self._run.note_rows({name: entry["rows"] for name, entry in found.items() if "rows" in entry})
        return {name: _not_fetched(name, found.get(name, {}), code, lines, offline)
                for name in names if "rows" not in found.get(name, {})}


def _wrong_table(dataset, path):
    """What keeps VLMEvalKit from reading a file, or None."""
    if not path.endswith(".tsv"):
        return StageFailure(DATASET_NOT_FOUND, "data set %s: %s is not a .tsv file, which "
                            "VLMEvalKit needs" % (dataset.name, dataset.path))
    columns = [name.lower() for name in datasets.read_header(path)]
    missing = [name for name in ("index", "question") if name not in columns]
    if missing:
        return StageFailure(DATASET_FAILED, "data set %s: %s has no column %s; VLMEvalKit needs "
                            "index and question" % (dataset.name, dataset.path,
                                                    " and ".join(missing)))
    return None


def _not_fetched(name, entry, code, lines, offline):
    error = entry.get("error")
    if not error:
        return StageFailure(DOWNLOAD_FAILED, "data set %s was not fetched (exit %s): %s" % (
            name, code, " | ".join(lines[-6:])))
    if entry.get("cause") == DATASET_NOT_FOUND:
        return StageFailure(DATASET_NOT_FOUND, "data set %s: %s; correct spec.datasets[].name"
                            % (name, error))
    return StageFailure(DOWNLOAD_FAILED, "data set %s: %s; %s" % (
        name, error, "put it into the cache, or set storage.cache.access: Prefetch" if offline
        else "check the network and the proxy"))


def _made(folder):
    os.makedirs(folder, exist_ok=True)
    return folder
