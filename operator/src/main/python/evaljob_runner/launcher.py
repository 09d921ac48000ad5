"""One stage, from plan to report, termination message and exit code."""
import os
import traceback

from . import results, stages, termination
from .failures import (Incomplete, PREFLIGHT_FAILED, REPORT_REJECTED, TERMINATED, UNKNOWN, StageFailure,
                       Terminated)
from .files import FolderLock
from .log import say
from .plan import read_files, read_plan
from .progress import Progress
from .report import Reporter
from .settings import STAGES, Settings
from .stop import Stop
from .workdir import WorkDir

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_TERMINATED = 143


class Launcher:
    """One stage: the work, then the final report, then the termination message, always."""

    def __init__(self, stage, environment):
        self._stage = stage
        self._environment = environment
        self._stop = Stop().install()
        self._progress = Progress()
        self._reporter = None
        self._termination_log = environment.get("EVALJOB_TERMINATION_LOG")

    def run(self):
        rows, failure = [], None
        try:
            rows, failure = self._work()
        except StageFailure as raised:
            failure = raised
        except Terminated:
            failure = StageFailure(TERMINATED, "told to end (%s)" % self._stop.signal_name)
        except Exception as error:  # whatever is wrong with the runner itself must be reported too
            say(traceback.format_exc())
            failure = StageFailure(UNKNOWN, "the runner failed: %s: %s"
                                   % (type(error).__name__, error))
        return self._conclude(rows, failure)

    def _work(self):
        settings = Settings.read(self._stage, self._environment)
        # Before the first report: a plan that was replaced brings a certificate of its own.
        files = read_files(settings.plan_file, settings.plan_digest)
        self._reporter = Reporter.create(settings, self._progress)
        plan = read_plan(files[os.path.basename(settings.plan_file)])
        self._progress.expect(plan.dataset_names())
        say("stage %s of model %s in %s/%s, attempt %d" % (
            settings.stage, plan.model, plan.namespace, plan.job, settings.attempt))
        work_dir = WorkDir(plan, settings)
        folder = work_dir.shared if self._stage == "prefetch" else work_dir.require_root()
        lock = FolderLock(_made(folder))
        context = stages.Context(settings, plan, work_dir, self._progress, self._stop, lock)
        try:
            return stages.run(self._stage, context, self._reporter)
        finally:
            lock.release()

    def _conclude(self, rows, failure):
        if failure is not None:
            say("%s: %s" % (failure.cause, failure.message))
        told = failure
        if isinstance(failure, Incomplete):
            failure = None
        terminated = failure is not None and failure.cause == TERMINATED
        # Written before the report too: a pod killed while it waits for the report has its truth.
        self._terminate(rows, failure)
        if self._reporter is not None:
            if terminated:
                self._reporter.last_word()
            else:
                refused = self._report(rows, told)
                if refused is not None and failure is None:
                    failure = refused
                    self._terminate(rows, failure)
        if terminated or (self._stop.requested and failure is not None):
            return EXIT_TERMINATED
        if failure is None:
            say("done: %(datasetsDone)d of %(datasetsTotal)d data sets, %(samplesDone)d samples"
                % self._progress.snapshot())
            return EXIT_DONE
        return EXIT_FAILED

    def _report(self, rows, failure):
        try:
            self._reporter.finish(rows, failure, self._stop)
        except StageFailure as refused:
            say("%s: %s" % (REPORT_REJECTED, refused.message))
            return refused
        return None

    def _terminate(self, rows, failure):
        outcome = "Succeeded"
        if failure is not None:
            outcome = "Terminated" if failure.cause == TERMINATED else "Failed"
        termination.write(self._termination_log, termination.message(
            STAGES[self._stage], outcome, failure.cause if failure else "",
            failure.message if failure else "", self._progress.snapshot(),
            results.digest(rows) if rows else ""))


def _made(folder):
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise StageFailure(PREFLIGHT_FAILED, "the folder %s cannot be made (%s); check the claim "
                           "and fsGroup" % (folder, error.strerror))
    return folder
