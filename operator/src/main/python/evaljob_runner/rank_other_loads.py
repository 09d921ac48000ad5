"""Loads that no split reaches, refused as they begin and not when they are done."""
import functools
import glob
import os

from .rank_split import refused

OTHERWISE = ("so no split reaches it; set spec.split.strategy: None and devicesPerProcess: 1, or "
             "correct the loader in its profile")
# A keyword argument of the harness's classes -> the engine it means, and our name of the loader.
_ENGINES = {"use_vllm": ("vLLM", "VLLM"), "use_lmdeploy": ("LMDeploy", "LMDeploy")}
# What a class may read by itself of the model's weights: a tower, a projector.
_READ_BESIDE = 0.1


class OtherLoads:
    """Watches a model that is to be split, until transformers' from_pretrained begins to load it."""

    def __init__(self, path, weights, waits):
        """`path` is the model's (None where nobody knows it), `weights` are the plan's bytes (0
        likewise), `waits()` whether its load is still to come."""
        self._path = path
        self._weights = weights or bytes_on_disk(path)
        self._waits = waits
        self._left = _READ_BESIDE * self._weights

    def install(self, hooks):
        hooks.after("vllm", lambda module: self._refuse(module, "LLM", "use_vllm"))
        hooks.after("lmdeploy", lambda module: self._refuse(module, "pipeline", "use_lmdeploy"))
        hooks.after("safetensors", lambda module: self._watch(module, "safe_open"))
        hooks.after("torch", lambda module: self._watch(module, "load"))

    def begin(self, keywords):
        """The class is made with these keyword arguments."""
        for name in _ENGINES:
            if keywords.get(name):
                raise _engine(name)

    def instead(self, path):
        """transformers loads another path: a tower, a judge, or the model from the wrong place?"""
        if self._path is not None and bytes_on_disk(path) > self._weights / 2 > 0:
            raise refused("the harness loads %s and the plan is about %s; correct the weights that "
                          "spec.models[] names" % (path, self._path))

    def _refuse(self, module, name, keyword):
        original = getattr(module, name, None)
        if original is None:
            return

        def begin(*arguments, **keywords):
            if self._waits():
                raise _engine(keyword)
            return original(*arguments, **keywords)

        setattr(module, name, begin)

    def _watch(self, module, name):
        original = getattr(module, name)

        @functools.wraps(original, updated=())
        def read(file, *arguments, **keywords):
            if self._waits():
                self._reads(file)
            return original(file, *arguments, **keywords)

        setattr(module, name, read)

    def _reads(self, file):
        if not isinstance(file, (str, os.PathLike)) or not self._ours(file):
            return
        try:
            self._left -= os.path.getsize(file)
        except OSError:
            return  # reading it says so
        if self._left < 0:
            raise refused("its class reads the weights itself (%s) and not through transformers' "
                          "from_pretrained, %s" % (os.path.basename(file), OTHERWISE))

    def _ours(self, path):
        if self._path is None:
            return False
        path = os.path.normpath(os.fspath(path))
        return path.startswith(self._path + os.sep) or path == self._path or \
            "models--" + self._path.replace("/", "--") in path.split(os.sep)


def bytes_on_disk(path):
    """Bytes of the files of weights in a folder, 0 where there is none."""
    if not path or not os.path.isdir(path):
        return 0
    return sum(os.path.getsize(file) for ending in ("*.safetensors", "*.bin")
               for file in glob.glob(os.path.join(glob.escape(path), ending)))


def _engine(keyword):
    engine, loader = _ENGINES[keyword]
    return refused("%s loads this model, and takes no map of its layers; set loader: %s in its "
                   "profile, for tensor parallelism, or evaluate it without %s"
                   % (engine, loader, engine))
