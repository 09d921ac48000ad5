"""results.json: what one model's run came to, in one file on the workspace, to compare runs by.

operator/docs/reference/results.md describes it. It holds no time and no path of this machine, so two
runs that came to the same have the same document but for `job` and `run`.
"""
import os

from . import preflight
from .files import write_json
from .log import say

SCHEMA_VERSION = "1"
NAME = "results.json"


def document(plan, rows, details, versions):
    """The document, as plain JSON."""
    known = plan.document
    return {
        "schemaVersion": SCHEMA_VERSION,
        "kind": "EvalJobResults",
        "job": {"namespace": plan.namespace, "name": plan.job},
        "run": {"id": plan.run_id, "hash": plan.run_hash},
        "model": {"name": plan.model, "catalogEntry": plan.catalog_entry,
                  "source": {"kind": plan.source.kind, "hubID": plan.source.hub_id,
                             "revision": plan.source.revision, "volume": plan.source.volume,
                             "path": plan.source.path},
                  "parameters": dict(plan.parameters)},
        "harness": {"kind": plan.harness.kind, "dialect": plan.harness.dialect,
                    "image": (known.get("runtime") or {}).get("image", ""), "versions": versions},
        "scoring": {"mode": plan.scoring_mode,
                    "judge": {"url": plan.judge.url, "model": plan.judge.model}
                    if plan.judge else None},
        "devices": {"resourceName": plan.devices.resource_name,
                    "perProcess": plan.devices.per_process, "processes": plan.world_size,
                    "strategy": plan.split.strategy},
        "results": [_row(row, details.get(row.dataset) or {}) for row in rows],
    }


def _row(row, details):
    result = row.document()
    result["metrics"] = dict(details.get("metrics") or {})
    result["predictions"] = details.get("predictions", "")
    return result


def write(context, rows, details):
    """Writes the document into the model's work folder; a full disk is said and fails nothing."""
    path = os.path.join(context.work_dir.require_root(), NAME)
    try:
        write_json(path, document(context.plan, rows, details, preflight.package_versions()))
    except OSError as error:
        say("%s cannot be written: %s" % (path, error.strerror))
        return
    say("results: %s" % path)
