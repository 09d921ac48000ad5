"""The VLMEvalKit harness: its command line, its ranks, and what they left behind."""
import os

from . import datasets, hub, predictions, ranks, results, scores, shards, vintage
from .failures import (DATASET_FAILED, DATASET_NOT_FOUND, DOWNLOAD_FAILED, HARNESS_FAILED,
                       HOST_OUT_OF_MEMORY, MODEL_NOT_FOUND, OUT_OF_MEMORY, RESULTS_INVALID,
                       StageFailure)
from .files import FolderLock, read_json, write_json
from .harness_files import HarnessFiles
from .log import say
from .processes import run_one, runner_command
from .rank_state import clear_states, read_states

# After so many data sets failed and none was done, the model is at fault.
_GIVE_UP_AFTER = 3
_LOCK_SECONDS = 3600.0
_BY_DATASET = ("infer", "dataset", "start")
_FATAL = (OUT_OF_MEMORY, HOST_OUT_OF_MEMORY, MODEL_NOT_FOUND)


class VlmEvalKitHarness:
    """Runs VLMEvalKit's own run.py in ranks, and believes its files only."""

    def __init__(self, context):
        self._context = context
        self._plan = context.plan
        if "/" in self._plan.catalog_entry:
            raise StageFailure(MODEL_NOT_FOUND, "spec.models[].catalogEntry: %s has a '/'; name an "
                               "entry of the catalogue and give the repository in hub.id"
                               % self._plan.catalog_entry)
        self._vintage = vintage.find()

    def dialect(self):
        """The dialect found, after checking it against the one declared."""
        vintage.check_dialect(self._vintage, self._plan.harness.dialect)
        return self._vintage.dialect

    def needs_driver_tool(self):
        entry = vintage.catalogue_entry(self._vintage, self._plan.catalog_entry)
        return vintage.needs_driver_tool(
            self._vintage, entry.class_name if entry else self._plan.catalog_entry)

    def notes(self):
        """What the report should say about the installation."""
        if self._vintage.environment_file:
            return ["%s is ignored: it would override the variables of this pod"
                    % self._vintage.environment_file]
        return []

    # --- prefetch

    def prefetch(self):
        self.dialect()
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
        self._note_rows(rows)

    def _fetch_own_weights(self):
        """The entry's own weights, where the catalogue names a repository and nobody replaced it."""
        if self._plan.source.kind != "Entry" or self._context.model_path() is not None:
            return
        entry = vintage.catalogue_entry(self._vintage, self._plan.catalog_entry)
        if entry is None or entry.model_path.count("/") != 1 or entry.model_path.startswith("/"):
            say("the weights of %s are not named in the catalogue: nothing fetched"
                % self._plan.catalog_entry)
            return
        hub.fetch(self._context, entry.model_path, "")

    def _fetch_datasets(self):
        known = self._rows()
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
        job = self._job("fetch", "fetch", names, states, os.path.join(states, "none"), [], 0, 1)
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
        self._note_rows({name: entry["rows"] for name, entry in found.items() if "rows" in entry})
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

    def _rows_file(self):
        return os.path.join(self._context.work_dir.markers, "rows.json")

    def _rows(self):
        """Rows of the data sets as far as prefetch counted them."""
        found = read_json(self._rows_file())
        return found if isinstance(found, dict) else {}

    def _note_rows(self, rows):
        if rows:
            write_json(self._rows_file(), dict(self._rows(), **rows))

    # --- infer

    def smoke(self, rank_devices):
        files = HarnessFiles(self._context, smoke=True)
        limit = max(self._plan.smoke_samples, self._plan.world_size)
        failures = self._infer(files, rank_devices, limit)
        if failures:
            name, failure = failures[0]
            raise StageFailure(failure.cause, "smoke run of %d samples, %s: %s" % (
                limit, name, failure.message))

    def infer(self, rank_devices):
        files = HarnessFiles(self._context)
        for name, rows in self._rows().items():
            if name in self._plan.dataset_names():
                self._context.progress.set_samples(name, 0, rows)
        return self._infer(files, rank_devices, 0)

    def _infer(self, files, rank_devices, limit):
        """Runs the ranks until every data set is done or failed; (name, failure) of the failed."""
        files.link_data()
        shards.drop_leftovers(files.root)
        for name in predictions.drop_broken(files.model_folder):
            say("dropped %s: it was cut off in writing" % name)
        failures, done = [], 0
        pending = []
        for dataset in self._plan.datasets:
            note = read_json(files.marker("inferred", dataset.name))
            if isinstance(note, dict) and note.get("limit") == limit:
                say("%s: done by an earlier attempt" % dataset.name)
                self._count(dataset.name, note.get("rows", 0), limit)
                done += 1
            else:
                pending.append(dataset.name)
        while pending:
            self._context.stop.check()
            error = self._run_ranks(files, rank_devices, pending, limit)
            finished = self._collect(files, pending, limit)
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
                failures.append((name, self._unfinished(files, name)))
            break
        return failures

    def _run_ranks(self, files, rank_devices, names, limit):
        plan, context = self._plan, self._context
        world = plan.world_size
        clear_states(files.states, world)
        self._forget_flat_status(files)
        base = files.environment()
        if plan.devices.total == 0:
            base.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // world)))
        if self._vintage.dialect == vintage.AUTO_SPLIT and plan.split.loader == "Transformers" \
                and plan.split.strategy in ("Layers", "DeviceMap"):
            base.update(AUTO_SPLIT="1", GPUS_PER_PROCESS=str(plan.devices.per_process))
        job_file = os.path.join(files.states, "job.json")
        write_json(job_file, self._job(
            "infer", files.name, names, files.states, files.model_folder,
            self._arguments(files, names, "infer"), limit, world))
        environments = ranks.environments(base, plan, rank_devices)
        commands = [runner_command("rank", job_file, str(rank), str(os.getpid()))
                    for rank in range(world)]
        watch = ranks.watch()

        def on_tick():
            if not limit:
                self._progress(files)

        say("starting %d rank%s for %s" % (world, "" if world == 1 else "s", ", ".join(names)))
        try:
            child = ranks.run(commands, environments, files.root, context.stop,
                              context.grace_seconds, on_tick, context.lock.descriptors)
        finally:
            on_tick()
        return None if child is None else self._rank_failure(files, child, watch)

    def _rank_failure(self, files, child, watch):
        states = read_states(files.states, self._plan.world_size)
        own = states[child.index].get("error")
        if child.returncode < 0 or not isinstance(own, dict):
            error = ranks.explain(child, watch)
            return _InferError(error.as_stage_failure(), None)
        prefix = "" if self._plan.world_size == 1 else "rank %d: " % child.index
        failure = StageFailure(own.get("cause"), prefix + str(own.get("message")))
        dataset = own.get("dataset") if own.get("phase") in _BY_DATASET else None
        return _InferError(failure, dataset)

    def _collect(self, files, names, limit):
        """Marks the data sets whose prediction file is whole."""
        states = read_states(files.states, self._plan.world_size)
        finished = []
        for name in names:
            entry = states[0].get("datasets", {}).get(name, {})
            if not entry.get("inferred"):
                continue
            found = predictions.find(files.model_folder, files.name, name)
            if found is None or not (entry.get("packed") or found.rows >= entry.get("rows", 0)):
                continue
            if self._status_error(files, name) is not None:
                continue
            write_json(files.marker("inferred", name), {
                "rows": found.rows, "failed": found.failed, "limit": limit})
            self._count(name, found.rows, limit)
            finished.append(name)
        return finished

    def _unfinished(self, files, name):
        error = self._status_error(files, name)
        if error:
            return StageFailure(HARNESS_FAILED, error)
        found = predictions.find(files.model_folder, files.name, name)
        if found is None:
            return StageFailure(RESULTS_INVALID, "the harness exited with 0 and wrote no readable "
                                "predictions of %s" % name)
        return StageFailure(RESULTS_INVALID, "the harness exited with 0 and the predictions of %s "
                            "have only %d rows" % (name, found.rows))

    def _count(self, name, rows, limit):
        if not limit:
            self._context.progress.set_samples(name, rows, rows)
            self._context.progress.finish(name)

    def _progress(self, files):
        """Sums what each rank says it has done; the whole is known from any of them."""
        done, rows = {}, {}
        for state in read_states(files.states, self._plan.world_size):
            for name, entry in state.get("datasets", {}).items():
                done[name] = done.get(name, 0) + int(entry.get("done", 0))
                rows[name] = max(rows.get(name, 0), int(entry.get("rows", 0)))
        for name, total in rows.items():
            if name in self._plan.dataset_names():
                self._context.progress.set_samples(name, done[name], total)

    # --- score

    def score(self):
        files = HarnessFiles(self._context)
        files.link_data()
        rows, pending = {}, []
        for name in self._plan.dataset_names():
            kept = read_json(files.marker("scored", name))
            if isinstance(kept, dict):
                rows[name] = results.succeeded(
                    name, kept["metric"], kept["score"], kept["samples"], kept["failedSamples"],
                    kept["message"])
                self._count(name, kept["samples"], 0)
            elif read_json(files.marker("inferred", name)) is None:
                rows[name] = results.failed(name, "no complete predictions: infer did not finish")
            else:
                pending.append(name)
        self._score(files, pending, rows)
        return [rows[name] for name in self._plan.dataset_names()]

    def _score(self, files, pending, rows):
        # A data set that ends the process must not take the others with it: go on without it.
        while pending:
            self._context.stop.check()
            code, lines, judge = self._evaluate(files, pending)
            state = read_states(files.states, 1)[0]
            unseen = []
            for name in pending:
                entry = state.get("datasets", {}).get(name)
                if entry is None and code != 0:
                    unseen.append(name)
                    continue
                rows[name] = self._row(files, name, entry or {}, code, lines, judge)
                if rows[name].phase == results.SUCCEEDED:
                    write_json(files.marker("scored", name), rows[name].document())
                    self._count(name, rows[name].samples, 0)
            if len(unseen) == len(pending):
                for name in unseen:
                    rows[name] = results.failed(name, _ended(code, lines, state))
                return
            pending = unseen

    def _evaluate(self, files, names):
        clear_states(files.states, 1)
        self._forget_flat_status(files)
        environment = files.environment()
        judge = self._judge(environment)
        mode = "eval" if "eval" in self._vintage.modes else "all"
        job_file = os.path.join(files.states, "job.json")
        write_json(job_file, self._job(
            "score", files.name, names, files.states, files.model_folder,
            self._arguments(files, names, mode, judge), 0, 1))
        environments = ranks.environments(environment, _alone(self._plan), ())
        code, lines = run_one(
            "score", runner_command("rank", job_file, "0", str(os.getpid())), environments[0],
            files.root, self._context.stop, self._context.grace_seconds,
            self._context.lock.descriptors)
        return code, lines, judge

    def _judge(self, environment):
        """`exact_matching`, or None for the harness's own choice where it has a key for it."""
        if self._plan.scoring_mode == "ExactMatching":
            return "exact_matching"
        if environment.get("OPENAI_API_KEY", "").startswith("sk-") or environment.get("LOCAL_LLM"):
            return None
        say("scoring by exact matching: there is no judge's key (OPENAI_API_KEY)")
        return "exact_matching"

    def _row(self, files, name, entry, code, lines, judge):
        found = predictions.find(files.model_folder, files.name, name)
        samples, failed = (found.rows, found.failed) if found else (0, 0)
        status = self._status(files, name) if self._vintage.dialect == vintage.STATUS_FILE else None
        score = None
        if status is not None:
            if isinstance(status.get("metrics"), dict):
                score = scores.from_metrics(status["metrics"], status.get("primary_metric"))
        else:
            score = scores.from_files(
                predictions.run_folders(files.model_folder), files.name, name)
            if score is None:
                score = scores.from_metrics(_flat(entry.get("metrics")))
        if score is not None and not (status is None and entry.get("error")):
            message = "" if judge is None or self._plan.scoring_mode == "ExactMatching" \
                else "scored by exact matching: no judge's key"
            return results.succeeded(name, score.metric, score.value, samples, failed, message)
        why = entry.get("error") or (status or {}).get("error_message") \
            or (status or {}).get("skip_reason")
        if not why:
            why = _ended(code, lines, {}) if code else "the harness ended and wrote no score"
        return results.failed(name, "not scored: %s" % why, samples, failed)

    # --- what both need

    def _arguments(self, files, names, mode, judge="exact_matching"):
        flags = self._vintage.flags
        arguments = ["--model", files.name, "--data"] + list(names) + [
            "--work-dir", files.root, "--mode", mode if mode in self._vintage.modes else "all",
            "--reuse"]
        if judge is not None:
            arguments += ["--judge", judge]
        if mode != "infer":
            # A sample without an answer counts as wrong; it must not block the score.
            arguments += [flag for flag in ("--keep-failed", "--ignore") if flag in flags][:1]
        if mode == "infer" and self._plan.split.loader == "VLLM" and "--use-vllm" in flags:
            arguments.append("--use-vllm")
        return arguments

    def _job(self, stage, name, names, states, model_folder, arguments, limit, world):
        plan = self._plan
        document = plan.document.get("split") or {}
        return {
            "stage": stage, "name": name, "entry": plan.catalog_entry,
            "modelPath": self._model_path() if stage == "infer" else None,
            "parameters": dict(plan.parameters), "datasets": list(names),
            "custom": self._custom_classes(), "limit": limit, "worldSize": world,
            "stateFolder": states, "modelFolder": model_folder, "arguments": arguments,
            "runModule": self._vintage.run_module, "runFile": self._vintage.run_file,
            "cpu": stage != "infer" or plan.devices.total == 0,
            "devices": plan.devices.per_process,
            "processVariable": plan.devices.process_variable,
            "split": {
                "strategy": plan.split.strategy, "loader": plan.split.loader,
                "deviceMap": dict(plan.split.device_map),
                "assignments": document.get("assignments") or []},
        }

    def _model_path(self):
        path = self._context.model_path()
        if path is not None:
            if not os.path.exists(path):
                raise StageFailure(
                    MODEL_NOT_FOUND, "the weights of model %s are not at %s in volume %s; correct "
                    "spec.models[].volume.path" % (
                        self._plan.model, self._plan.source.path, self._plan.source.volume))
            return path
        entry = vintage.catalogue_entry(self._vintage, self._plan.catalog_entry)
        if entry is not None and entry.model_path:
            try:
                return hub.snapshot_folder(self._context.work_dir, entry.model_path)
            except StageFailure:
                return None  # the image may hold it; the harness says so if not
        return None

    def _custom_classes(self):
        """The class of each data set that is a file, by the rule of the harness itself."""
        classes = {}
        for dataset in self._plan.datasets:
            path = self._context.dataset_file(dataset)
            if path is None:
                continue
            columns = datasets.read_header(path) if os.path.exists(path) else []
            if "A" in columns and "B" in columns:
                image = "image" in columns or "image_path" in columns
                classes[dataset.name] = "CustomMCQDataset" if image else "CustomTextMCQDataset"
            else:
                classes[dataset.name] = "CustomVQADataset"
        return classes

    def _forget_flat_status(self, files):
        """One vintage keeps a single status.json for ever, and never goes back from `done`."""
        path = os.path.join(files.model_folder, "status.json")
        if os.path.exists(path) and not os.path.islink(path):
            os.replace(path, os.path.join(files.states, "status-before.json"))

    def _status(self, files, name):
        """What the newest status.json says of a data set; empty when it says nothing."""
        for folder in predictions.run_folders(files.model_folder):
            document = scores.read_status(os.path.join(folder, "status.json"))
            if document is not None:
                entry = (document.get("datasets") or {}).get(name)
                return entry if isinstance(entry, dict) else {}
        return {}

    def _status_error(self, files, name):
        if self._vintage.dialect != vintage.STATUS_FILE:
            return None
        entry = self._status(files, name)
        if entry.get("error_message") is not None:
            return "%s: %s" % (name, entry["error_message"] or "failed without a message")
        if entry.get("status") != "done":
            return "%s: status.json says %s, not done" % (name, entry.get("status"))
        return None


class _InferError:
    """Why the ranks ended, and the data set at fault where it is one's."""

    def __init__(self, failure, dataset):
        self.failure = failure
        self.dataset = dataset

    @property
    def fatal(self):
        return self.failure.cause in _FATAL


def _alone(plan):
    """A plan of one rank without devices: the score stage's."""
    from dataclasses import replace
    return replace(plan, devices=replace(plan.devices, processes=1, per_process=0, total=0))


def _flat(metrics):
    if isinstance(metrics, dict) and "columns" in metrics and "rows" in metrics:
        return scores.flatten_rows(
            [metrics["columns"]] + [["" if v is None else str(v) for v in row]
                                    for row in metrics["rows"]])
    return scores.flatten(metrics) if metrics is not None else {}


def _ended(code, lines, state):
    error = state.get("error")
    if isinstance(error, dict):
        return str(error.get("message"))
    return "the harness ended with %s: %s" % (code, " | ".join(lines[-6:]))
