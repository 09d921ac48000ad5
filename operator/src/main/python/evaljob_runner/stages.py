"""What each stage does, whatever the harness."""
import os

from . import datasets, hub, prefetch, preflight, results, results_document
from .command import CommandHarness
from .context import Context
from .failures import (DATASET_FAILED, HARNESS_FAILED, PREFLIGHT_FAILED, Incomplete,
                       StageFailure)
from .files import read_json, write_json
from .log import say
from .placement import Placement
from .vlmevalkit import VlmEvalKitHarness
from .workdir import fix_world_size

__all__ = ["Context", "run"]

_LOCK_SECONDS = 60.0
_HARNESSES = {"Command": CommandHarness, "VLMEvalKit": VlmEvalKitHarness}


def run(stage, context, reporter):
    """Runs a stage; gives the rows to report and the failure, None when the stage is done."""
    if not context.lock.acquire(context.stop, _LOCK_SECONDS):
        raise StageFailure(PREFLIGHT_FAILED, "another process still works in the folder of this "
                           "model; end it, or wait for it")
    harness = _HARNESSES[context.plan.harness.kind](context)
    return {"prefetch": _prefetch, "infer": _infer, "score": _score}[stage](
        context, harness, reporter)


def _prefetch(context, harness, reporter):
    reporter.start()
    os.makedirs(context.work_dir.markers, exist_ok=True)
    prefetch.prepare(context)
    hub.fetch_model(context)
    context.weights()
    missing = datasets.missing_files(context)
    missing.update(harness.prefetch(set(missing)))
    context.work_dir.note_missing(missing)
    if not missing:
        return [], None
    rows, failure = outcome(list(missing.items()), len(context.plan.datasets))
    for name, why in missing.items():
        say("missing: %s: %s" % (name, why.message))
    if len(missing) < len(context.plan.datasets):
        # The others go on without it; the report says what is missing before a device is held.
        failure = Incomplete(failure.cause, failure.message)
    return rows, failure


def _infer(context, harness, reporter):
    found = preflight.check(context.plan, context.settings, harness.dialect(),
                            harness.needs_driver_tool(), harness.notes())
    reporter.set_preflight(found.document)
    reporter.start()
    fix_world_size(context.work_dir, context.plan.world_size, say)
    placement = Placement(context.plan, found.document, reporter.set_preflight)
    if context.plan.smoke_samples:
        harness.smoke(found.rank_devices, placement)
    missing = list(context.work_dir.missing().items())
    _keep_failures(context, missing)
    failures = harness.infer(found.rank_devices, placement)
    _keep_failures(context, missing + failures)
    return outcome(failures, len(context.plan.datasets) - len(missing))


def _with_causes(rows, told):
    """Rows that failed, with what the infer stage said of their data sets."""
    return [results.failed(row.dataset, told[row.dataset], row.samples, row.failed_samples)
            if row.phase == results.FAILED and row.dataset in told else row
            for row in rows]


def _failures_file(context):
    return os.path.join(context.work_dir.markers, "infer-failures.json")


def _keep_failures(context, failures):
    """Score sees that something is missing; why it is missing only this stage knows."""
    os.makedirs(context.work_dir.markers, exist_ok=True)
    write_json(_failures_file(context), {name: failure.message for name, failure in failures})


def _score(context, harness, reporter):
    reporter.start()
    rows = _with_causes(harness.score(), read_json(_failures_file(context)) or {})
    for row in rows:
        say("result: %s %s %s %s" % (row.dataset, row.phase, row.metric or "-",
                                     row.score or row.message))
    results_document.write(context, rows, harness.details)
    failed = [row for row in rows if row.phase == results.FAILED]
    if not failed:
        return rows, None
    if len(failed) == len(rows):
        return rows, StageFailure(HARNESS_FAILED, _all(len(rows), failed[0].dataset,
                                                       failed[0].message))
    return rows, StageFailure(DATASET_FAILED, _some(len(failed), len(rows), failed[0].dataset,
                                                    failed[0].message))


def outcome(failures, count):
    """Rows and failure of an infer stage from its (data set, StageFailure) pairs."""
    rows = [results.failed(name, failure.message) for name, failure in failures]
    if not failures:
        return rows, None
    name, first = failures[0]
    if len(failures) == count:
        return rows, StageFailure(first.cause, _all(count, name, first.message))
    return rows, StageFailure(DATASET_FAILED, _some(len(failures), count, name, first.message))


def _all(count, name, message):
    return message if count == 1 else "all %d data sets failed; %s: %s" % (count, name, message)


def _some(failed, count, name, message):
    return "%d of %d data sets failed; %s: %s" % (failed, count, name, message)
