"""What runs inside a rank's process: hooks around the harness, then the harness itself.

Nothing here imports the harness, torch or numpy before the harness does (numpy once, to test old
partial predictions).
"""
import faulthandler
import inspect
import json
import logging
import os
import runpy
import signal
import sys
import threading

from . import downloads, leash, rank_cpu, rank_model
from .failures import (DATASET_FAILED, DATASET_NOT_FOUND, DOWNLOAD_FAILED, HARNESS_FAILED,
                       StageFailure)
from .files import md5, read_json
from .import_hooks import ImportHooks
from .journal import Journal, restore
from .log import say
from .rank_errors import cause_of, describe, explain
from .rank_load import ModelLoad
from .rank_state import RankState
from .shards import LiveShard, atomic_dump, drop_broken
from .watchdog import STACKS_END, STACKS_SIGNAL

EXIT_ERROR = 70
EXIT_TERMINATED = 143
# A main thread inside a C call (a barrier, a device) runs no handler of Python's.
_HANDLER_SECONDS = 1.0
_INFERENCE = ("vlmeval.inference", "vlmeval.inference_mt", "vlmeval.inference_video")
_JOBS = ("infer_data_job", "infer_data_job_mt", "infer_data_job_video")
_METRICS_LIMIT = 256 * 1024
# Every vintage logs this line where it swallows the failure of a data set.
_SWALLOWED = "combination failed"


def main(arguments):
    """`rank JOB_FILE RANK PARENT`: runs the harness as one rank."""
    job_file, rank, parent = arguments
    leash.attach(int(parent))
    job = read_json(job_file)
    if not isinstance(job, dict):
        say("%s cannot be read" % job_file)
        return EXIT_ERROR
    return Shim(job, int(rank)).run()


class Shim:
    """The hooks of one rank."""

    def __init__(self, job, rank):
        self._job = job
        self._rank = rank
        self._world = job["worldSize"]
        self._inferring = job["stage"] == "infer"
        self._state = RankState(job["stateFolder"], rank)
        self._live = LiveShard()
        self._journal = None
        self._ending = threading.Lock()
        self._dataset = None
        self._phase_now = "start"
        self._hooks = ImportHooks()
        self._load = None
        self._nested = False

    def run(self):
        self._answer_signals()
        self._state.write()
        if self._inferring:
            for name in drop_broken(self._job["modelFolder"]):
                say("dropped %s: it was cut off in writing" % name)
        self._install()
        self._number_devices()
        if self._job["stage"] == "fetch":
            return self._fetch()
        sys.argv = [self._job["runModule"] or self._job["runFile"]] + self._job["arguments"]
        try:
            if self._job["runModule"]:
                runpy.run_module(self._job["runModule"], run_name="__main__", alter_sys=True)
            else:
                folder = os.path.dirname(self._job["runFile"])
                if folder not in sys.path:
                    sys.path.insert(0, folder)
                runpy.run_path(self._job["runFile"], run_name="__main__")
        except SystemExit as ended:
            if ended.code not in (0, None):
                self._state.fail(HARNESS_FAILED, "the harness ended with %s" % ended.code,
                                 self._phase, self._dataset)
                return EXIT_ERROR
        except BaseException as error:
            logging.getLogger("evaljob").exception("the harness failed")
            self._fail(error)
            return EXIT_ERROR
        finally:
            self._state.write()
        return 0

    @property
    def _phase(self):
        return self._phase_now

    @_phase.setter
    def _phase(self, phase):
        if phase != self._phase_now:
            self._phase_now = phase
            self._state.set("phase", phase)

    def _number_devices(self):
        """Device names become numbers once the driver has taken them: run.py reads int() only."""
        variable = self._job["processVariable"]
        entries = os.environ.get(variable, "").split(",") if variable else []
        if self._job["cpu"] or all(entry.strip().isdigit() for entry in entries):
            return
        import torch
        torch.cuda.init()
        os.environ[variable] = ",".join(str(number) for number in range(len(entries)))

    def _fetch(self):
        """Builds each data set once, which downloads it; errors are noted, not raised."""
        from vlmeval.dataset import build_dataset
        for name in self._job["datasets"]:
            try:
                self._check_sum(name, build_dataset(name))
            except Exception as error:
                say("%s: %s" % (name, describe(error)))
        self._state.write()
        return 0

    def _check_sum(self, name, dataset):
        """Compares a file with the checksum that the harness knows; it does so only before it fetches."""
        known = getattr(dataset, "DATASET_MD5", None)
        wanted = known.get(name) if isinstance(known, dict) else None
        path = getattr(dataset, "data_path", None)
        if not wanted or not path or not os.path.isfile(path):
            return
        found = md5(path)
        if found == wanted:
            say("%s: its checksum is the harness's (md5 %s)" % (name, found))
            return
        self._state.dataset(name).pop("rows", None)
        self._state.update(name, True, cause=DOWNLOAD_FAILED, error="%s has the md5 %s, the harness "
                           "wants %s" % (os.path.basename(path), found, wanted))
        if not self._job["offline"]:
            os.unlink(path)

    def _patch_downloads(self, module):
        """The harness writes straight to the final name, and takes what is there for whole."""
        if not hasattr(module, "download_file"):
            return

        def download_file(url, filename=None):
            path = filename or url.split("/")[-1]
            if self._job["offline"]:
                raise OSError("%s is not there, and nothing is fetched in this stage (%s)" % (
                    os.path.basename(path), url))
            return downloads.fetch(url, path)

        module.download_file = download_file

    def _install(self):
        hooks = self._hooks.install()
        hooks.after("dotenv", _ignore_environment_file)
        hooks.after("torch", _patch_cuda)
        hooks.after("torch.distributed", _use_gloo)
        hooks.after("vlmeval.config", self._patch_catalogue)
        hooks.after("vlmeval.dataset", self._patch_datasets)
        if self._job["stage"] in ("fetch", "infer"):
            hooks.after("vlmeval.smp.file", self._patch_downloads)
        hooks.after("vlmeval.smp.status_report", self._watch_report)
        for name in _INFERENCE:
            hooks.after(name, self._patch_inference)
        if self._job["cpu"]:
            rank_cpu.install(hooks)
        self._load = ModelLoad.of(self._job, self._note_load)
        if self._load is not None:
            self._load.install(hooks)
        self._catch_swallowed()

    # --- ending

    def _answer_signals(self):
        faulthandler.enable(all_threads=True)
        # Chained: once the stacks are printed the handler of Python writes to the descriptor below.
        signal.signal(STACKS_SIGNAL, lambda number, frame: None)
        faulthandler.register(STACKS_SIGNAL, all_threads=True, chain=True)
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._terminated)
        threading.Thread(target=self._answer_for_a_blocked_thread, args=(reading,), daemon=True,
                         name="evaljob-signals").start()

    def _answer_for_a_blocked_thread(self, reading):
        while True:
            number = os.read(reading, 1)
            if number and number[0] == STACKS_SIGNAL:
                say(STACKS_END)
            elif number and number[0] in (signal.SIGTERM, signal.SIGINT):
                # The handler holds this lock for good once it has begun.
                if self._ending.acquire(timeout=_HANDLER_SECONDS):
                    self._keep_and_end()
                return

    def _terminated(self, number, frame):
        # Runs between two bytecodes of the main thread, so the shard is consistent.
        if self._ending.acquire(blocking=False):
            self._keep_and_end()

    def _keep_and_end(self):
        try:
            # The journal first: it is one small write, whatever time is left for the rest.
            self._note_answers()
            kept = self._live.flush()
            if kept:
                say("told to end: %d samples of %s kept" % (kept, self._dataset))
            self._state.write()
        finally:
            os._exit(EXIT_TERMINATED)

    def _note_answers(self):
        if self._journal is not None and self._live.data is not None:
            self._journal.take(self._live.data)

    def _fail(self, error, dataset=None):
        self._state.fail(cause_of(error), explain(error), self._phase, dataset or self._dataset)

    def _fail_fast(self, error):
        """Ends the rank with its own error: going on would pair its barriers with other ones."""
        self._fail(error)
        say("failed: " + explain(error))
        try:
            self._note_answers()
            if not isinstance(error, MemoryError):
                self._live.flush()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(EXIT_ERROR)

    def _catch_swallowed(self):
        original = logging.Logger.exception
        shim = self

        def exception(self, msg, *arguments, **keywords):
            original(self, msg, *arguments, **keywords)
            error = sys.exc_info()[1]
            if isinstance(msg, str) and _SWALLOWED in msg and error is not None:
                if shim._inferring:
                    shim._fail_fast(error)
                shim._state.update(shim._dataset or "", True, error=explain(error))

        logging.Logger.exception = exception

    # --- model

    def _patch_catalogue(self, module):
        if self._job["stage"] != "infer":
            return
        entry, name = self._job["entry"], self._job["name"]
        import vlmeval.api
        import vlmeval.vlm
        try:
            build = rank_model.resolve(
                entry, module.supported_VLM, (vlmeval.vlm, vlmeval.api), self._job["modelPath"],
                self._job["parameters"], self._job["split"]["loader"])
        except StageFailure as failure:
            self._phase = "build"
            self._fail_fast(failure)
        module.supported_VLM[name] = rank_model.Builder(
            build, self._building, self._built, self._build_failed)

    def _building(self, keywords):
        self._phase = "build"
        if self._load is not None:
            self._load.start(keywords)

    def _built(self, model):
        if self._load is not None:
            try:
                self._load.built()
            except StageFailure as failure:
                self._fail_fast(failure)
        self._phase = "infer"
        for name in ("generate", "chat"):
            method = getattr(model, name, None)
            if callable(method):
                setattr(model, name, self._counted(method))

    def _build_failed(self, error):
        if self._load is not None:
            self._load.stop()
        if self._inferring and not isinstance(error, (KeyboardInterrupt, SystemExit)):
            logging.getLogger("evaljob").error("the model cannot be built", exc_info=error)
            self._fail_fast(error)

    def _counted(self, method):
        def generate(*arguments, **keywords):
            if self._live.data is None:
                self._live.find()
                if self._live.data is not None and self._journal is not None:
                    self._journal.open(len(self._live.data))
            # The answer before this one is in the dictionary by now: a kill from here on costs
            # the sample at hand alone.
            self._note_answers()
            answer = method(*arguments, **keywords)
            if self._live.data is not None and self._dataset:
                # The answer at hand enters the shard after this returns.
                self._state.update(self._dataset, done=len(self._live.data) + 1)
            return answer
        return generate

    def _note_load(self, placed):
        planned = self._job["split"]["weights"]
        say("weights as loaded: " + ", ".join("device %s %.2f GiB%s" % (
            key, value / 2.0 ** 30,
            " (planned %.2f)" % (planned[key] / 2.0 ** 30) if key in planned else "")
            for key, value in sorted(placed.items())))
        self._state.set("loaded", placed)

    # --- data sets

    def _patch_datasets(self, module):
        original = module.build_dataset
        custom, limit = self._job["custom"], self._job["limit"]

        def build_dataset(dataset_name, *arguments, **keywords):
            if self._nested:
                return original(dataset_name, *arguments, **keywords)
            self._dataset, self._phase, self._nested = dataset_name, "dataset", True
            cls = getattr(module, custom.get(dataset_name, ""), None)
            try:
                dataset = (cls(dataset=dataset_name) if cls is not None
                           else original(dataset_name, *arguments, **keywords))
            except Exception as error:
                logging.getLogger("evaljob").error("%s: cannot be built", dataset_name,
                                                   exc_info=error)
                self._no_dataset(dataset_name, explain(error), cause_of(error))
                raise
            finally:
                self._nested = False
            if dataset is None:
                self._no_dataset(dataset_name, "this VLMEvalKit has no data set of that name and "
                                 "no file %s.tsv was given" % dataset_name, DATASET_NOT_FOUND)
                return None
            if limit:
                dataset.data = dataset.data.iloc[:limit]
            self._state.update(dataset_name, True, rows=len(dataset.data),
                               packed=bool(getattr(dataset, "pack", False)))
            self._watch_evaluation(dataset, dataset_name)
            return dataset

        module.build_dataset = build_dataset

    def _no_dataset(self, name, message, cause):
        if cause == HARNESS_FAILED:
            cause = DATASET_FAILED
        if not self._inferring:
            self._state.update(name, True, error=message, cause=cause)
            return
        self._state.fail(cause, "data set %s: %s" % (name, message), "dataset", name)
        os._exit(EXIT_ERROR)

    def _watch_evaluation(self, dataset, name):
        evaluate = getattr(dataset, "evaluate", None)
        if not callable(evaluate):
            return

        def evaluated(*arguments, **keywords):
            self._phase = "score"
            key = self._job["judgeKeys"].get(name)
            if key:
                # By its key the gateway knows the data set that a question is for.
                os.environ["OPENAI_API_KEY"] = key
                if "key" in keywords:
                    keywords["key"] = key
            try:
                result = evaluate(*arguments, **keywords)
            except Exception as error:
                self._state.update(name, True, error=explain(error))
                raise
            metrics = as_metrics(result)
            if len(json.dumps(metrics, default=str)) <= _METRICS_LIMIT:
                self._state.update(name, True, metrics=metrics)
            return result

        dataset.evaluate = evaluated

    def _watch_report(self, module):
        """The table that the harness prints at its end has the primary metrics by its own rule."""
        collect = getattr(module, "collect_run_benchmark_report", None)
        if collect is None:
            return

        def collected(*arguments, **keywords):
            rows = collect(*arguments, **keywords)
            for row in rows:
                self._state.update(str(row.get("benchmark")), True, primary=printed(
                    row.get("primary_metric"), row.get("primary_metric_value")))
            return rows

        module.collect_run_benchmark_report = collected

    # --- inference

    def _patch_inference(self, module):
        if hasattr(module, "dump"):
            module.dump = self._noting_dump(atomic_dump(module.dump))
        if hasattr(module, "infer_data"):
            module.infer_data = self._failing_fast(module.infer_data)
        for name in _JOBS:
            if hasattr(module, name):
                setattr(module, name, self._noting_job(getattr(module, name)))

    def _noting_dump(self, dump):
        def noting_dump(data, f, **options):
            result = dump(data, f, **options)
            name = os.path.basename(str(f))
            if isinstance(data, dict) and self._dataset and name.startswith(
                    "%d%d_" % (self._rank, self._world)):
                self._state.update(self._dataset, done=len(data))
            return result
        return noting_dump

    def _failing_fast(self, infer_data):
        names = list(inspect.signature(infer_data).parameters)

        def infer(*arguments, **keywords):
            self._live.clear()
            self._phase = "infer"
            given = dict(zip(names, arguments), **keywords)
            try:
                self._restore(given.get("dataset"), given.get("out_file"))
                return infer_data(*arguments, **keywords)
            except Exception as error:
                logging.getLogger("evaljob").error("inference failed", exc_info=error)
                self._fail_fast(error)
            finally:
                self._note_answers()
                if self._journal is not None:
                    self._journal.close()
                self._journal = None
                self._live.clear()
                # What comes next is a barrier: the slowest rank decides how long it takes.
                self._phase = "wait"
        return infer

    def _restore(self, dataset, shard):
        """Puts earlier attempts' answers where the harness looks, and opens a journal."""
        indices = own_indices(dataset, self._rank, self._world)
        if not self._dataset or indices is None or not shard:
            return
        known, foreign = restore(self._job["stateFolder"], self._job["modelFolder"],
                                 self._dataset, indices, self._rank, self._world, str(shard))
        if foreign:
            say("%s: %d of %d samples are done already, %d of them kept beside the harness's own "
                "files" % (self._dataset, known, len(indices), foreign))
        self._state.update(self._dataset, True, total=len(indices), done=known)
        self._journal = Journal(self._job["stateFolder"], self._dataset, self._rank, self._world)

    def _noting_job(self, job):
        def infer_job(*arguments, **keywords):
            result = job(*arguments, **keywords)
            if self._dataset:
                self._state.update(self._dataset, True, inferred=True)
            return result
        return infer_job


def own_indices(dataset, rank, world):
    """The indices of a rank's samples, as the harness deals them out; None where it has none."""
    try:
        every = dataset.videos if getattr(dataset, "pack", False) else dataset.data["index"]
        return list(every)[rank::world]
    except (AttributeError, KeyError, TypeError):
        return None


def printed(names, values):
    """Pairs of a metric's name and its value as the harness's table prints it."""
    if isinstance(names, str):
        names, values = [names], {names: values}
    if not isinstance(names, (list, tuple)) or not isinstance(values, dict):
        return []
    return [[str(name), "%.4g" % values[name] if isinstance(values[name], float)
             else str(values[name])] for name in names if values.get(name) is not None]


def as_metrics(result):
    """What `evaluate` returned as plain JSON: a table as rows, a dictionary as it is."""
    if result is None:
        return None
    columns = getattr(result, "columns", None)
    if columns is not None:
        return {"columns": [str(name) for name in columns],
                "rows": [[_plain(value) for value in row] for row in result.values.tolist()]}
    return _plain(result)


def _plain(value):
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, (str, bool, int, float)) or value is None:
        return value
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", 1) == 0:
        return item()
    return str(value)[:200]


def _ignore_environment_file(module):
    # A .env beside the package would override this process's variables, devices included.
    module.dotenv_values = lambda *arguments, **keywords: {}


def _patch_cuda(module):
    cuda = getattr(module, "cuda", None)
    if cuda is None:
        return
    original = cuda.set_device

    def set_device(device):
        # Each rank sees its own devices only, so the local rank is no device number.
        if cuda.is_available():
            original(0 if isinstance(device, int) else device)

    cuda.set_device = set_device


def _use_gloo(module):
    original = getattr(module, "init_process_group", None)
    if original is None:
        return

    def init_process_group(backend=None, *arguments, **keywords):
        # Only barriers and one broadcast go through it: gloo needs no devices for them.
        return original("gloo" if backend in (None, "nccl") else backend, *arguments, **keywords)

    module.init_process_group = init_process_group
