"""The prefetch stage: the prepare script, the model, the data sets; a rerun finds them done."""
import hashlib
import os
import sys

from .failures import PREPARE_FAILED, StageFailure
from .files import read_json, write_atomically, write_json
from .log import say
from .processes import run_one, runner_command

_MESSAGE_LINES = 6


def prepare(context):
    """Runs the runtime's prepare script once: in its own process, in the shared folder.

    Documented for administrators: EVALJOB_WORK_DIR is the current folder and is kept for the run;
    EVALJOB_MODEL_DIR is where a model may be put, and what is put there is used instead of the
    catalogue entry's own weights; EVALJOB_DATA_DIR is where data sets may be put, as the harness's
    LMUData; EVALJOB_VOLUMES holds the job's volumes and EVALJOB_PLAN is the plan. The script may
    run again after a failure and must bear it.
    """
    script = context.plan.harness.prepare_script
    if not script:
        return
    work_dir = context.work_dir
    digest = hashlib.sha256(script.encode("utf-8")).hexdigest()
    marker = os.path.join(work_dir.markers, "prepare.json")
    if (read_json(marker) or {}).get("sha256") == digest:
        say("prepare: done by an earlier attempt")
        return
    os.makedirs(work_dir.prepared_model, exist_ok=True)
    path = os.path.join(work_dir.markers, "prepare.py")
    write_atomically(path, script)
    environment = dict(context.settings.child_environment())
    environment.update(
        EVALJOB_WORK_DIR=work_dir.shared, EVALJOB_MODEL_DIR=work_dir.prepared_model,
        EVALJOB_VOLUMES=context.settings.volumes, EVALJOB_PLAN=context.settings.plan_file,
        EVALJOB_MODEL_NAME=context.plan.model,
        EVALJOB_CATALOG_ENTRY=context.plan.catalog_entry, EVALJOB_JOB_NAME=context.plan.job,
        EVALJOB_JOB_NAMESPACE=context.plan.namespace)
    if not work_dir.read_only_cache:
        os.makedirs(work_dir.dataset_cache, exist_ok=True)
        environment["EVALJOB_DATA_DIR"] = work_dir.dataset_cache
    say("prepare: starting the runtime's script")
    command = runner_command("leash", str(os.getpid())) + [sys.executable, path]
    code, lines = run_one("prepare", command, environment, work_dir.shared, context.stop,
                          context.grace_seconds, context.lock.descriptors)
    if code != 0:
        raise StageFailure(PREPARE_FAILED, "the runtime's prepare script ended with %d: %s" % (
            code, " | ".join(lines[-_MESSAGE_LINES:])))
    write_json(marker, {"sha256": digest})
