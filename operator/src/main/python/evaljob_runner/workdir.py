"""Where a model's files lie, from one attempt to the next."""
import glob
import os

from .failures import PREFLIGHT_FAILED, StageFailure
from .files import read_json, write_json


class WorkDir:
    """The folders of one (namespace, job, run, model), shared by its attempts and by no other run.

    `shared` is what prefetch leaves for later stages. It lies in the cache when prefetch may fill
    one (it has no workspace then) and in the work folder otherwise.
    """

    def __init__(self, plan, settings):
        parts = (plan.namespace, plan.job, plan.run_hash, plan.model)
        self.root = os.path.join(settings.workspace, *parts) if settings.workspace else None
        self.read_only_cache = bool(settings.cache) and plan.cache.read_only
        if settings.cache and not self.read_only_cache:
            self.shared = os.path.join(settings.cache, "runs", *parts)
        else:
            self.shared = self.root
        if self.shared is None:
            raise StageFailure(PREFLIGHT_FAILED,
                               "neither EVALJOB_WORKSPACE nor EVALJOB_CACHE is set; mount one")
        self._workspace = settings.workspace
        self._cache = settings.cache
        self._paths = plan.cache

    def require_root(self):
        """The work folder, made when missing; every stage but prefetch needs one."""
        if self.root is None:
            raise StageFailure(PREFLIGHT_FAILED,
                               "EVALJOB_WORKSPACE is not set; mount the workspace")
        try:
            os.makedirs(self.root, exist_ok=True)
        except OSError as error:
            raise StageFailure(PREFLIGHT_FAILED, "the workspace %s cannot be written (%s); check "
                               "the claim and fsGroup" % (self._workspace, error.strerror))
        return self.root

    def folder(self, *names):
        """A folder below the work folder, made when missing."""
        path = os.path.join(self.require_root(), *names)
        os.makedirs(path, exist_ok=True)
        return path

    @property
    def prepared_model(self):
        """Where the runtime's prepare script may put a model (EVALJOB_MODEL_DIR)."""
        return os.path.join(self.shared, "prepared", "model")

    @property
    def markers(self):
        """Where prefetch notes what is done and what it found."""
        return os.path.join(self.shared, "prefetch")

    def _missing_file(self):
        return os.path.join(self.markers, "missing-datasets.json")

    def note_missing(self, failures):
        """Prefetch notes the data sets that are not to be had: {name: StageFailure}."""
        write_json(self._missing_file(), {name: [failure.cause, failure.message]
                                          for name, failure in failures.items()})

    def missing(self):
        """The data sets that prefetch could not have, each with its StageFailure."""
        found = read_json(self._missing_file())
        return {name: StageFailure(*failure) for name, failure in found.items()} \
            if isinstance(found, dict) else {}

    @property
    def hub_cache(self):
        """The hub's cache of snapshots: the shared cache when there is one."""
        if not self._cache:
            return os.path.join(self._workspace, "hf", "hub")
        folder = os.path.join(self._cache, self._paths.hub_path)
        # An administrator may have filled it as HF_HOME or as HF_HUB_CACHE.
        if glob.glob(os.path.join(glob.escape(folder), "models--*")):
            return folder
        return os.path.join(folder, "hub")

    @property
    def dataset_cache(self):
        """Where fetched data sets lie (an LMUData folder)."""
        if not self._cache:
            return os.path.join(self._workspace, "LMUData")
        return os.path.join(self._cache, self._paths.dataset_path)


def fix_world_size(work_dir, world_size, say):
    """Records the number of ranks; says so where an earlier attempt had another one."""
    path = os.path.join(work_dir.require_root(), "world-size.json")
    before = (read_json(path) or {}).get("worldSize")
    if before is not None and before != world_size:
        say("the number of processes changed from %s to %d: what was answered is dealt out anew"
            % (before, world_size))
    if before != world_size:
        write_json(path, {"worldSize": world_size})
