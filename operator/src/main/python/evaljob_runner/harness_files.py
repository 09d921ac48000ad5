"""The folders and variables that VLMEvalKit is given: its data, its caches, its output."""
import contextlib
import os

from .files import safe_name

# What an image or an author may have set and would lead the harness elsewhere.
_REMOVED = ("MMEVAL_ROOT", "SKIP_ERR", "AUTO_SPLIT", "GPUS_PER_PROCESS", "TRANSFORMERS_CACHE",
            "HUGGINGFACE_HUB_CACHE")
# Liveness is the launcher's: a rank may wait in a barrier as long as the slowest needs.
_BARRIER_SECONDS = 7 * 24 * 3600


class HarnessFiles:
    """Paths below the model's work folder, and the environment that names them."""

    def __init__(self, context, folder="harness"):
        self._context = context
        self.root = context.work_dir.folder(folder)
        self.data = context.work_dir.folder("LMUData")

    @property
    def name(self):
        """The harness's name of the model: many of its rules look for words in it."""
        return self._context.plan.catalog_entry

    @property
    def model_folder(self):
        """Where the harness writes for this model."""
        return os.path.join(self.root, self.name)

    @property
    def states(self):
        """Where the ranks keep what they tell the launcher."""
        path = os.path.join(self.root, ".evaljob")
        os.makedirs(path, exist_ok=True)
        return path

    def marker(self, kind, dataset):
        """The launcher's own note that a data set is inferred or scored."""
        folder = os.path.join(self.states, kind)
        os.makedirs(folder, exist_ok=True)
        return os.path.join(folder, safe_name(dataset) + ".json")

    def link_data(self):
        """Puts the data sets where the harness looks: links to volumes and to the cache."""
        for dataset in self._context.plan.datasets:
            path = self._context.dataset_file(dataset)
            if path is not None:
                _link(path, os.path.join(self.data, dataset.name + ".tsv"))
        cache = self._context.work_dir.dataset_cache
        with contextlib.suppress(FileNotFoundError):
            local = {dataset.name + ".tsv" for dataset in self._context.plan.datasets
                     if dataset.local}
            for name in os.listdir(cache):
                # Images are decoded into the work folder: the cache may be read-only.
                if name not in local and name != "images" and not name.startswith("."):
                    _link(os.path.join(cache, name), os.path.join(self.data, name))

    def environment(self, data=None, offline=True):
        """The base environment of every process of the harness."""
        context = self._context
        environment = {name: value for name, value in context.settings.child_environment().items()
                       if name not in _REMOVED}
        home = os.path.join(os.path.dirname(self.data), "hf")
        modules = os.path.join(home, "modules")
        for folder in (home, modules):
            os.makedirs(folder, exist_ok=True)
        environment.update(
            LMUData=data or self.data, HF_HOME=home, HF_MODULES_CACHE=modules,
            HF_HUB_CACHE=context.work_dir.hub_cache, DIST_TIMEOUT=str(_BARRIER_SECONDS),
            PYTHONUNBUFFERED="1")
        with contextlib.suppress(OSError):
            os.makedirs(context.work_dir.hub_cache, exist_ok=True)
        if offline:
            environment.setdefault("HF_HUB_OFFLINE", "1")
            environment.setdefault("TRANSFORMERS_OFFLINE", "1")
            environment.setdefault("HF_DATASETS_OFFLINE", "1")
        return environment


def _link(target, path):
    """A link at the path; one that leads elsewhere is replaced, a real file is left alone."""
    if os.path.islink(path):
        if os.readlink(path) == target:
            return
        os.unlink(path)
    elif os.path.exists(path):
        return
    with contextlib.suppress(FileExistsError):
        os.symlink(target, path)
