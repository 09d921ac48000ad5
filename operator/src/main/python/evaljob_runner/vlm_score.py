"""The score stage of VLMEvalKit: one process, no devices, what the harness wrote."""
import os
from dataclasses import replace

from . import predictions, ranks, results, scores, vintage
from .files import read_json, write_json
from .judge import KEY, JudgeGateway
from .log import say
from .processes import run_one, runner_command
from .rank_state import clear_states, read_states


EXACT_MATCHING = "exact_matching"
_METRICS = 512


class HarnessScoring:
    """Evaluates the predictions of every data set; a row for each."""

    def __init__(self, run, files):
        self._run = run
        self._context = run.context
        self._plan = run.plan
        self._files = files
        self._gateway = None
        # What the results document has beside the rows: metrics and files of each data set.
        self.details = {}

    def run(self):
        """Rows in the order of the plan; those scored by an earlier attempt are kept."""
        files = self._files
        files.link_data()
        rows, pending = {}, []
        for name in self._plan.dataset_names():
            kept = read_json(files.marker("scored", name))
            if isinstance(kept, dict):
                row = kept["row"]
                rows[name] = results.succeeded(
                    name, row["metric"], row["score"], row["samples"], row["failedSamples"],
                    row["message"], row["judge"])
                self.details[name] = kept["details"]
                self._run.count(name, row["samples"])
            elif read_json(files.marker("inferred", name)) is None:
                rows[name] = results.failed(name, "no complete predictions: infer did not finish")
            else:
                pending.append(name)
        if pending and self._plan.judge is not None:
            key = self._context.settings.environment.get("EVALJOB_JUDGE_KEY", "")
            with JudgeGateway(self._plan.judge, key.strip()) as self._gateway:
                self._gateway.check()
                self._score(pending, rows)
        else:
            self._score(pending, rows)
        return [rows[name] for name in self._plan.dataset_names()]

    def _score(self, pending, rows):
        files = self._files
        # A data set that ends the process must not take the others with it: go on without it.
        while pending:
            self._context.stop.check()
            code, lines = self._evaluate(pending)
            state = read_states(files.states, 1)[0]
            unseen = []
            for name in pending:
                entry = state.get("datasets", {}).get(name)
                if entry is None and code != 0:
                    unseen.append(name)
                    continue
                rows[name] = self._row(name, entry or {}, code, lines)
                if rows[name].phase == results.SUCCEEDED:
                    write_json(files.marker("scored", name), {
                        "row": rows[name].document(), "details": self.details[name]})
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
        environment, judge, keys = files.environment(), (), {}
        if self._gateway is not None:
            environment = self._gateway.environment(environment)
            judge = self._gateway.arguments()
            keys = {name: KEY + self._label(name) for name in names}
        elif not self._chooses_itself(environment):
            judge = ("--judge", EXACT_MATCHING)
        mode = "eval" if "eval" in self._run.vintage.modes else "all"
        job_file = os.path.join(files.states, "job.json")
        write_json(job_file, self._run.job(
            "score", files.name, names, files.states, files.model_folder,
            self._run.arguments(files, names, mode, judge), 0, 1, keys))
        environments = ranks.environments(environment, _alone(self._plan), ())
        return run_one(
            "score", runner_command("rank", job_file, "0", str(os.getpid())), environments[0],
            files.root, self._context.stop, self._context.grace_seconds,
            self._context.lock.descriptors)

    def _label(self, name):
        return str(self._plan.dataset_names().index(name))

    def _chooses_itself(self, environment):
        """Whether the harness has a key for a judge of its own choice; said where it has none."""
        if self._plan.scoring_mode == "ExactMatching":
            return False
        if environment.get("OPENAI_API_KEY", "").startswith("sk-") or environment.get("LOCAL_LLM"):
            return True
        say("scoring by exact matching: there is no judge's key (spec.scoring.judge names one)")
        return False

    def _row(self, name, entry, code, lines):
        files = self._files
        found = predictions.find(files.model_folder, files.name, name)
        samples, failed = (found.rows, found.failed) if found else (0, 0)
        status = self._run.status(files, name) if self._run.vintage.dialect == vintage.STATUS_FILE else None
        score = None
        if status is not None:
            metrics = status.get("metrics") if isinstance(status.get("metrics"), dict) else {}
            if metrics:
                score = scores.as_printed(entry.get("primary")) or scores.from_metrics(
                    metrics, status.get("primary_metric"))
        else:
            metrics = _flat(entry.get("metrics"))
            score = scores.from_files(
                predictions.run_folders(files.model_folder), files.name, name)
            if score is None:
                score = scores.from_metrics(metrics)
        judge, told, unjudged = self._judged(name, status or {})
        if unjudged:
            return results.failed(name, unjudged, samples, failed)
        if score is not None and not (status is None and entry.get("error")):
            self.details[name] = {
                "metrics": {key: str(value) for key, value in list(metrics.items())[:_METRICS]
                            if not isinstance(value, (dict, list))},
                "predictions": os.path.relpath(found.path, self._context.work_dir.root)
                if found else ""}
            return results.succeeded(name, score.metric, score.value, samples, failed, told, judge)
        why = entry.get("error") or (status or {}).get("error_message") \
            or (status or {}).get("skip_reason")
        if not why:
            why = _ended(code, lines, {}) if code else "the harness ended and wrote no score"
        return results.failed(name, "not scored: %s" % why, samples, failed)

    def _judged(self, name, status):
        """Who judged; what to say of it; why a score without its judge does not count."""
        if self._gateway is None:
            chose = self._plan.scoring_mode != "ExactMatching" and self._chooses_itself(
                self._files.environment())
            if chose:
                return str(status.get("judge_model") or ""), "", ""
            told = "" if self._plan.scoring_mode == "ExactMatching" else \
                "scored by exact matching: no judge's key"
            return EXACT_MATCHING, told, ""
        calls = self._gateway.calls(self._label(name))
        if not calls.asked:
            return "", "the harness asks no judge about this data set", ""
        if not calls.answered:
            # The harness has fallen back to exact matching, and says so in its log alone.
            return "", "", "not scored: the judge %s did not answer: %s; see spec.scoring.judge" % (
                self._plan.judge.model, calls.error)
        missed = calls.asked - calls.answered
        return ", ".join(sorted(calls.models)), "" if not missed else \
            "%d of %d questions to the judge failed, the last: %s" % (
                missed, calls.asked, calls.error), ""


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
