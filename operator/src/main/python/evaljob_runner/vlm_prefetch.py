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


class HarnessPrefetch:
    """Checks files, fetches what is not there; the harness is imported only for its own data sets."""

    def __init__(self, run):
        self._run = run
        self._context = run.context
        self._plan = run.plan

    def run(self):
        vintage.check_entry(self._run.vintage, self._plan.catalog_entry)
        self._check_files()
        self._fetch_own_weights()
        self._fetch_datasets()

    def _check_files(self):
        rows = {}
        for dataset in self._plan.datasets:
            path = self._context.dataset_file(dataset)
            if path is None:
                continue
            if not path.endswith(".tsv"):
                raise StageFailure(DATASET_NOT_FOUND, "data set %s: %s is not a .tsv file, which "
                                   "VLMEvalKit needs" % (dataset.name, dataset.path))
            columns = [name.lower() for name in datasets.read_header(path)]
            missing = [name for name in ("index", "question") if name not in columns]
            if missing:
                raise StageFailure(DATASET_FAILED, "data set %s: %s has no column %s; VLMEvalKit "
                                   "needs index and question" % (
                                       dataset.name, dataset.path, " and ".join(missing)))
            rows[dataset.name] = datasets.count_rows(path)
        self._run.note_rows(rows)

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
        if work_dir.read_only_cache:
            say("the cache is read-only: no data set is fetched")
            return
        if not names:
            return
        cache = work_dir.dataset_cache
        os.makedirs(cache, exist_ok=True)
        states = os.path.join(work_dir.markers, "fetch")
        os.makedirs(states, exist_ok=True)
        clear_states(states, 1)
        files = None if work_dir.root is None else HarnessFiles(self._context)
        environment = (files.environment(cache, offline=False) if files else dict(
            self._context.settings.child_environment(), LMUData=cache,
            HF_HUB_CACHE=work_dir.hub_cache))
        job = self._run.job("fetch", "fetch", names, states, os.path.join(states, "none"), [], 0, 1)
        path = os.path.join(states, "job.json")
        write_json(path, job)
        say("fetching %d data sets: %s" % (len(names), ", ".join(names)))
        lock = FolderLock(cache)
        if not lock.acquire(self._context.stop, _LOCK_SECONDS):
            raise StageFailure(DOWNLOAD_FAILED, "another process has been fetching data sets for an "
                               "hour; look at it")
        try:
            code, lines = run_one(
                "fetch", runner_command("rank", path, "0", str(os.getpid())), environment,
                work_dir.shared, self._context.stop, self._context.grace_seconds)
        finally:
            lock.release()
        found = read_states(states, 1)[0].get("datasets", {})
        self._run.note_rows({name: entry["rows"] for name, entry in found.items() if "rows" in entry})
        for name in names:
            entry = found.get(name, {})
            if "rows" in entry:
                continue
            if entry.get("error"):
                cause = entry.get("cause") or DOWNLOAD_FAILED
                raise StageFailure(
                    cause if cause == DATASET_NOT_FOUND else DOWNLOAD_FAILED, "data set %s: %s; %s" % (
                        name, entry["error"], "correct spec.datasets[].name"
                        if cause == DATASET_NOT_FOUND else "check the network and the proxy"))
            raise StageFailure(DOWNLOAD_FAILED, "data set %s was not fetched (exit %s): %s" % (
                name, code, " | ".join(lines[-6:])))
