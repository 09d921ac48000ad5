"""The model a rank evaluates: an entry of the harness's catalogue, with our weights and parameters."""
import functools
import inspect
import json
import os

from . import vintage
from .failures import MODEL_NOT_FOUND, StageFailure

# How the classes of the harness call their weights, most usual first.
_WEIGHT_NAMES = ("model_path", "model_pth", "model_name_or_path", "pretrained", "ckpt_path",
                 "ckpt", "model_name", "path")
# Read by models as "which of several processes am I": each has its own devices, so it is alone.
_RANK_NAMES = ("RANK", "WORLD_SIZE")


def parameters(texts):
    """Parameter values are JSON where they can be read so ("1024" is a number), else text."""
    values = {}
    for name, text in texts.items():
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    return values


def resolve(entry, catalogue, modules, model_path, texts, loader=""):
    """A callable that builds the model: class, weights and keyword arguments.

    `entry` is a catalogue entry, or a class of one of the modules. A StageFailure says what is
    there instead.
    """
    found = catalogue.get(entry)
    if found is not None:
        target, arguments, keywords = _unwrap(found)
    else:
        target = next((getattr(module, entry) for module in modules
                       if inspect.isclass(getattr(module, entry, None))), None)
        if target is None:
            raise vintage.unknown_entry(entry, catalogue)
        arguments, keywords = (), {}
    keywords = dict(keywords)
    if model_path:
        keywords[_weight_name(entry, target, keywords)] = model_path
    if loader == "LMDeploy" and _accepts(target, "use_lmdeploy", False):
        keywords["use_lmdeploy"] = True
    keywords.update(parameters(texts))
    return functools.partial(target, *arguments, **keywords)


def _unwrap(found):
    if isinstance(found, functools.partial):
        return found.func, found.args, found.keywords
    return found, (), {}


def _weight_name(entry, target, keywords):
    for name in _WEIGHT_NAMES:
        if name in keywords or _accepts(target, name, False):
            return name
    if _accepts(target, "model_path", True):
        return "model_path"
    raise StageFailure(MODEL_NOT_FOUND, "%s takes no path for its weights, so it cannot be given "
                       "other ones; leave out spec.models[].hub and volume" % entry)


def _accepts(target, name, any_keyword):
    try:
        signature = inspect.signature(target).parameters
    except (TypeError, ValueError):
        return False
    if name in signature:
        return True
    return any_keyword and any(
        parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in signature.values())


class Builder(functools.partial):
    """A catalogue entry that builds through us: alone in its process, its success noted.

    A partial, because the harness looks at the keywords of its entries.
    """

    def __new__(cls, build, on_start, on_built, on_error):
        self = super().__new__(cls, build.func, *build.args, **build.keywords)
        self.hooks = (on_start, on_built, on_error)
        return self

    def __call__(self, *arguments, **keywords):
        on_start, on_built, on_error = self.hooks
        hidden = list(_RANK_NAMES)
        if getattr(self.func, "__name__", "") == "Emu2":
            hidden.append("LOCAL_RANK")  # it multiplies the text
        kept = {name: os.environ.pop(name) for name in hidden if name in os.environ}
        try:
            on_start(dict(self.keywords, **keywords))
            model = super().__call__(*arguments, **keywords)
        except BaseException as error:
            on_error(error)
            raise
        finally:
            os.environ.update(kept)
        on_built(model)
        return model
