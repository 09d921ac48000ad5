"""What every part of a stage shares."""
import os
from dataclasses import dataclass

from .failures import MODEL_NOT_FOUND, StageFailure
from .files import FolderLock
from .plan import Plan
from .progress import Progress
from .settings import Settings
from .stop import Stop
from .workdir import WorkDir

# Kept back from the grace time for the termination message and the last report.
_RESERVE_SECONDS = 5.0


@dataclass(frozen=True)
class Context:
    """One stage of one model in this container."""

    settings: Settings
    plan: Plan
    work_dir: WorkDir
    progress: Progress
    stop: Stop
    lock: FolderLock

    @property
    def grace_seconds(self):
        """Seconds a child has between SIGTERM and SIGKILL."""
        grace = self.settings.grace_seconds
        return grace - _RESERVE_SECONDS if grace > 2 * _RESERVE_SECONDS else grace / 2

    def datasets(self):
        """The plan's data sets but those that prefetch could not have."""
        missing = self.work_dir.missing()
        return [dataset for dataset in self.plan.datasets if dataset.name not in missing]

    def volume_path(self, volume, path):
        return os.path.normpath(os.path.join(self.settings.volumes, volume, path))

    def dataset_file(self, dataset):
        """The file of a data set on a volume, or None."""
        return self.volume_path(dataset.volume, dataset.path) if dataset.local else None

    def model_path(self):
        """Where the weights lie, or None for the catalogue entry's own.

        A model that the runtime's prepare script made stands in for the entry's own weights.
        """
        source = self.plan.source
        if source.kind == "Volume":
            return self.volume_path(source.volume, source.path)
        if source.kind == "Hub":
            from .hub import snapshot_folder
            return snapshot_folder(self.work_dir, source.hub_id)
        prepared = self.work_dir.prepared_model
        if os.path.isdir(prepared) and os.listdir(prepared):
            return prepared
        return None

    def weights(self):
        """`model_path`; a StageFailure (ModelNotFound) when nothing is there."""
        path = self.model_path()
        if path is None or os.path.exists(path):
            return path
        source = self.plan.source
        if source.kind == "Volume":
            raise StageFailure(
                MODEL_NOT_FOUND, "the weights of model %s are not at %s in volume %s; correct "
                "spec.models[].volume.path" % (self.plan.model, source.path, source.volume))
        raise StageFailure(
            MODEL_NOT_FOUND, "the weights of model %s are not in the cache any more; start a new "
            "run with another spec.runID" % self.plan.model)
