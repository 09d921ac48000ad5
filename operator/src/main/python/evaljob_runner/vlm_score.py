"""The score stage of VLMEvalKit: one process, no devices, what the harness wrote."""
import os
from dataclasses import replace

from . import predictions, ranks, results, scores, vintage
from .files import read_json, write_json
from .log import say
from .processes import run_one, runner_command
from .rank_state import clear_states, read_states


class HarnessScoring:
    """Evaluates the predictions of every data set; a row for each."""

    def __init__(self, run, files):
        self._run = run
        self._context = run.context
        self._plan = run.plan
        self._files = files

    def run(self):
        """Rows in the order of the plan; those scored by an earlier attempt are kept."""
        files = self._files
        files.link_data()
        rows, pending = {}, []
        for name in self._plan.dataset_names():
            kept = read_json(files.marker("scored", name))
            if isinstance(kept, dict):
                rows[name] = results.succeeded(
                    name, kept["metric"], kept["score"], kept["samples"], kept["failedSamples"],
                    kept["message"])
                self._run.count(name, kept["samples"])
            elif read_json(files.marker("inferred", name)) is None:
                rows[name] = results.failed(name, "no complete predictions: infer did not finish")
            else:
                pending.append(name)
        self._score(pending, rows)
        return [rows[name] for name in self._plan.dataset_names()]

    def _score(self, pending, rows):
        files = self._files
        # A data set that ends the process must not take the others with it: go on without it.
        while pending:
            self._context.stop.check()
            code, lines, judge = self._evaluate(pending)
            state = read_states(files.states, 1)[0]
            unseen = []
            for name in pending:
                entry = state.get("datasets", {}).get(name)
                if entry is None and code != 0:
                    unseen.append(name)
                    continue
                rows[name] = self._row(name, entry or {}, code, lines, judge)
                if rows[name].phase == results.SUCCEEDED:
                    write_json(files.marker("scored", name), rows[name].document())
                    self._run.count(name, rows[name].samples)
            if len(unseen) == len(pending):
                for name in unseen:
                    rows[name] = results.failed(name, _ended(code, lines, state))
                return
            pending = unseen

    def _evaluate(self, names):
        files = self._files
        clear_states(files.states, 1)
        self._run.forget_flat_status(files)
        environment = files.environment()
        judge = self._judge(environment)
        mode = "eval" if "eval" in self._run.vintage.modes else "all"
        job_file = os.path.join(files.states, "job.json")
        write_json(job_file, self._run.job(
            "score", files.name, names, files.states, files.model_folder,
            self._run.arguments(files, names, mode, judge), 0, 1))
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

    def _row(self, name, entry, code, lines, judge):
        files = self._files
        found = predictions.find(files.model_folder, files.name, name)
        samples, failed = (found.rows, found.failed) if found else (0, 0)
        status = self._run.status(files, name) if self._run.vintage.dialect == vintage.STATUS_FILE else None
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


def _alone(plan):
    """A plan of one rank without devices: the score stage's."""
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
