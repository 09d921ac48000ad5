"""What every stage of VLMEvalKit needs: its command line, its job file, its status file."""
import os

from . import datasets, predictions, scores, vintage
from .files import read_json, write_json


class HarnessRun:
    """One model's run of the installed VLMEvalKit."""

    def __init__(self, context, found):
        self.context = context
        self.plan = context.plan
        self.vintage = found

    def rows_file(self):
        return os.path.join(self.context.work_dir.markers, "rows.json")

    def rows(self):
        """Rows of the data sets as far as prefetch counted them."""
        found = read_json(self.rows_file())
        return found if isinstance(found, dict) else {}

    def note_rows(self, rows):
        if rows:
            write_json(self.rows_file(), dict(self.rows(), **rows))

    def arguments(self, files, names, mode, judge=("--judge", "exact_matching")):
        flags = self.vintage.flags
        arguments = ["--model", files.name, "--data"] + list(names) + [
            "--work-dir", files.root, "--mode", mode if mode in self.vintage.modes else "all",
            "--reuse"]
        arguments += judge
        if mode != "infer":
            # A sample without an answer counts as wrong; it must not block the score.
            arguments += [flag for flag in ("--keep-failed", "--ignore") if flag in flags][:1]
        if mode == "infer" and self.plan.split.loader == "VLLM" and "--use-vllm" in flags:
            arguments.append("--use-vllm")
        return arguments

    def job(self, stage, name, names, states, model_folder, arguments, limit, world,
            judge_keys=(), offline=True):
        plan = self.plan
        document = plan.document.get("split") or {}
        # The entry's own keeps its repository's name, for rules of the harness look at it; the
        # hub's cache answers offline.
        path = self.context.weights() if stage == "infer" else None
        return {
            "stage": stage, "name": name, "entry": plan.catalog_entry,
            "modelPath": path, "splitPath": self._split_weights(path),
            "parameters": dict(plan.parameters), "datasets": list(names),
            "custom": self.custom_classes(), "limit": limit, "worldSize": world,
            "stateFolder": states, "modelFolder": model_folder, "arguments": arguments,
            "runModule": self.vintage.run_module, "runFile": self.vintage.run_file,
            "cpu": stage != "infer" or plan.devices.total == 0,
            "devices": plan.devices.per_process,
            "processVariable": plan.devices.process_variable, "judgeKeys": dict(judge_keys),
            "offline": offline,
            "split": {
                "strategy": plan.split.strategy, "loader": plan.split.loader,
                "deviceMap": dict(plan.split.device_map),
                "reservePercent": plan.split.reserve_percent,
                "assignments": document.get("assignments") or [],
                "weights": {str(index): size for index, size in plan.split.weights.items()}},
        }

    def _split_weights(self, path):
        """What the load to be split is given as its path, None when nobody knows."""
        entry = vintage.catalogue_entry(self.vintage, self.plan.catalog_entry)
        return path or (entry.model_path if entry else "") or None

    def custom_classes(self):
        """The class of each data set that is a file, by the rule of the harness itself."""
        classes = {}
        for dataset in self.plan.datasets:
            path = self.context.dataset_file(dataset)
            if path is None:
                continue
            columns = datasets.read_header(path) if os.path.exists(path) else []
            if "A" in columns and "B" in columns:
                image = "image" in columns or "image_path" in columns
                classes[dataset.name] = "CustomMCQDataset" if image else "CustomTextMCQDataset"
            else:
                classes[dataset.name] = "CustomVQADataset"
        return classes

    def forget_flat_status(self, files):
        """One vintage keeps a single status.json for ever, and never goes back from `done`."""
        path = os.path.join(files.model_folder, "status.json")
        if os.path.exists(path) and not os.path.islink(path):
            os.replace(path, os.path.join(files.states, "status-before.json"))

    def status(self, files, name):
        """What the newest status.json says of a data set; empty when it says nothing."""
        for folder in predictions.run_folders(files.model_folder):
            document = scores.read_status(os.path.join(folder, "status.json"))
            if document is not None:
                entry = (document.get("datasets") or {}).get(name)
                return entry if isinstance(entry, dict) else {}
        return {}

    def status_error(self, files, name):
        if self.vintage.dialect != vintage.STATUS_FILE:
            return None
        entry = self.status(files, name)
        if entry.get("error_message") is not None:
            return "%s: %s" % (name, entry["error_message"] or "failed without a message")
        if entry.get("status") != "done":
            return "%s: status.json says %s, not done" % (name, entry.get("status"))
        return None

    def count(self, name, rows):
        """Counts a data set as done with so many samples."""
        self.context.progress.set_samples(name, rows, rows)
        self.context.progress.finish(name)
