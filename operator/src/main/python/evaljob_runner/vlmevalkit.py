"""The VLMEvalKit harness: its own run.py in ranks, and belief in nothing but its files."""
from . import vintage
from .failures import MODEL_NOT_FOUND, StageFailure
from .harness_files import HarnessFiles
from .smoke import SmokeRun
from .vlm_infer import HarnessInference
from .vlm_prefetch import HarnessPrefetch
from .vlm_run import HarnessRun
from .vlm_score import HarnessScoring


class VlmEvalKitHarness:
    """The installed VLMEvalKit, whatever its vintage."""

    def __init__(self, context):
        self._context = context
        self._plan = context.plan
        self.details = {}
        if "/" in self._plan.catalog_entry:
            raise StageFailure(MODEL_NOT_FOUND, "spec.models[].catalogEntry: %s has a '/'; name an "
                               "entry of the catalogue and give the repository in hub.id"
                               % self._plan.catalog_entry)
        self._vintage = vintage.find()
        self._run = HarnessRun(context, self._vintage)

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

    def prefetch(self, missing):
        """Fetches the entry's weights and the data sets; a StageFailure for each that it could not."""
        self.dialect()
        return HarnessPrefetch(self._run).run(missing)

    def smoke(self, rank_devices, placement):
        """Runs a few samples of every data set, each run in a folder of its own."""
        SmokeRun(self._run, placement).run(rank_devices)

    def infer(self, rank_devices, placement):
        """Runs what is not done yet; gives (data set, failure) of the failed ones."""
        for name, rows in self._run.rows().items():
            if name in self._plan.dataset_names():
                self._context.progress.set_samples(name, 0, rows)
        return HarnessInference(self._run, HarnessFiles(self._context),
                                on_states=placement.note).run(rank_devices)

    def score(self):
        """A row for each data set."""
        scoring = HarnessScoring(self._run, HarnessFiles(self._context))
        rows = scoring.run()
        self.details = scoring.details
        return rows
