"""The planned split, applied to the model that the harness loads.

The plan names modules by aliases, because their names change with the transformers version. They
are resolved against the model as it is here: on a copy without storage, before anything is loaded.
"""
import os
import re
import threading

from .failures import SPLIT_NOT_APPLICABLE, StageFailure

# A model may lack these or keep them inside another module; coverage is checked after all.
_OPTIONAL_ROLES = ("Connector", "Norm", "Head")
# What no profile lists (rotary tables, image newlines, position ids) goes with the inputs.
_REST_FRACTION = 0.01
_REST_DEVICE = 0


class SplitPolicy:
    """Assignments (or a literal map) over the logical devices 0..n-1 of this process."""

    def __init__(self, assignments, device_map, devices):
        self._assignments = assignments
        self._device_map = dict(device_map)
        self._devices = devices
        self._cut = []
        self._layers = []

    @staticmethod
    def of(split, devices):
        """The policy of a plan's split, None where nothing is split by module."""
        if split["loader"] != "Transformers" or devices < 1:
            return None
        if split["strategy"] == "DeviceMap" and split["deviceMap"]:
            return SplitPolicy([], split["deviceMap"], devices)
        if split["strategy"] == "Layers" and split["assignments"]:
            return SplitPolicy(split["assignments"], {}, devices)
        return None

    def resolve(self, sizes):
        """The literal map for a model of these tensors (`{full name: bytes}`).

        Every tensor is covered, every device is one of ours; a StageFailure names what is not.
        """
        if self._device_map:
            result = self._literal(sizes)
        else:
            result = self._aliases(sizes)
        for name, device in result.items():
            if not isinstance(device, int) or not 0 <= device < self._devices:
                raise _refused("%s is on device %s and this process has 0 to %d"
                               % (name, device, self._devices - 1))
        self._cover(result, sizes)
        return result

    def _literal(self, sizes):
        result = {}
        for name, device in self._device_map.items():
            if name == "" or has(sizes, name):
                result[name] = device
            else:
                raise _refused("the device map names %s and the model has no such module (it has "
                               "%s)" % (name, _top(sizes)))
        return result

    def _aliases(self, sizes):
        result = {}
        shared = {}
        for assignment in self._assignments:
            key = (assignment["role"], tuple(assignment["moduleNames"]))
            shared[key] = shared.get(key, 0) + 1
        for assignment in self._assignments:
            role, names = assignment["role"], assignment["moduleNames"]
            alias = next((name for name in names if has(sizes, name)), None)
            if alias is None:
                if role in _OPTIONAL_ROLES:
                    continue
                raise _refused("no module for %s: looked for %s, the model has %s; add its name "
                               "to the profile's moduleNames" % (
                                   role, ", ".join(names) or "nothing", _top(sizes)))
            cut = role == "Layers" or shared[(role, tuple(names))] > 1
            if not cut:
                result[alias] = assignment["device"]
                continue
            (self._layers if role == "Layers" else self._cut).append(alias)
            alias = _blocks(sizes, alias)
            for index in range(assignment["first"], assignment["first"] + assignment["count"]):
                block = "%s.%d" % (alias, index)
                if not has(sizes, block):
                    raise _refused("the plan has %s and the model has only %d blocks in %s; "
                                   "correct the profile" % (block, _count(sizes, alias), alias))
                result[block] = assignment["device"]
        return result

    def _cover(self, result, sizes):
        rest = [name for name in sizes if not covered(result, name)]
        if not rest:
            return
        total = sum(sizes.values()) or 1
        # What a cut tower has beside its blocks (patches, merger) takes the inputs too.
        missing = sum(sizes[name] for name in rest
                      if not any(name.startswith(alias + ".") for alias in self._cut))
        layers = [name for name in rest
                  if any(name.startswith(alias + ".") for alias in self._layers)]
        if self._device_map or layers or missing > total * _REST_FRACTION:
            raise _refused("the split leaves out %d tensors of %d bytes (%s); every module needs a "
                           "device" % (len(rest), missing, ", ".join((layers or rest)[:3])))
        for name in rest:
            # The module that holds it, if the map says nothing below that; else the tensor itself.
            parent = name.rsplit(".", 1)[0] if "." in name else name
            inner = any(key == parent or key.startswith(parent + ".") for key in result)
            result[name if inner else parent] = _REST_DEVICE


def has(sizes, name):
    """True when a tensor is, or lies below, the name."""
    return name in sizes or any(tensor.startswith(name + ".") for tensor in sizes)


def covered(device_map, name):
    """True when the map names the tensor or a module around it."""
    if "" in device_map or name in device_map:
        return True
    while "." in name:
        name = name.rsplit(".", 1)[0]
        if name in device_map:
            return True
    return False


def _blocks(sizes, alias):
    """The numbered list at or below the alias: `visual` means `visual.blocks`."""
    if any(re.match(re.escape(alias) + r"\.\d+\.", tensor) for tensor in sizes):
        return alias
    counts = {}
    for tensor in sizes:
        match = re.match("(" + re.escape(alias) + r"\.(?:[A-Za-z_]\w*\.)*?[A-Za-z_]\w*)\.(\d+)\.",
                         tensor)
        if match:
            counts.setdefault(match.group(1), set()).add(match.group(2))
    return max(counts, key=lambda name: len(counts[name])) if counts else alias


def _count(sizes, alias):
    numbers = {tensor[len(alias) + 1:].split(".", 1)[0] for tensor in sizes
               if tensor.startswith(alias + ".")}
    return sum(1 for number in numbers if number.isdigit())


def _top(sizes):
    names = []
    for tensor in sizes:
        name = ".".join(tensor.split(".")[:2])
        if name not in names:
            names.append(name)
    return ", ".join(names[:12])


def _refused(message):
    return StageFailure(SPLIT_NOT_APPLICABLE, "the planned split cannot be applied: " + message)


class SplitLoader:
    """Wraps `PreTrainedModel.from_pretrained` for the one load that the plan is about."""

    def __init__(self, policy, model_path, note):
        self._policy = policy
        self._path = os.path.normpath(model_path) if model_path else None
        self._note = note
        self._local = threading.local()
        self._building = False
        self.applied = False

    def install(self, hooks):
        hooks.after("transformers.modeling_utils", self._patch)

    def start(self):
        self._building = True

    def built(self):
        """The model is there: fails when no load was ours, for then nothing was split."""
        self._building = False
        if not self.applied:
            raise _refused("this model is not loaded through transformers' from_pretrained; set "
                           "spec.split.strategy: None, or another loader in its profile")

    def stop(self):
        self._building = False

    def _patch(self, module):
        original = module.PreTrainedModel.from_pretrained.__func__
        loader = self

        def from_pretrained(cls, pretrained_model_name_or_path, *arguments, **keywords):
            depth = getattr(loader._local, "depth", 0)
            loader._local.depth = depth + 1
            try:
                if depth or not loader._wanted(pretrained_model_name_or_path):
                    return original(cls, pretrained_model_name_or_path, *arguments, **keywords)
                return loader._load(original, cls, pretrained_model_name_or_path, arguments,
                                    keywords)
            finally:
                loader._local.depth = depth

        module.PreTrainedModel.from_pretrained = classmethod(from_pretrained)

    def _wanted(self, path):
        if not self._building or self.applied:
            return False
        if self._path is None or os.path.normpath(str(path)) == self._path:
            return True
        # A class may look the repository up in the hub's cache itself.
        return "models--" + self._path.replace("/", "--") in str(path).split(os.sep)

    def _load(self, original, cls, path, arguments, keywords):
        device_map = self._policy.resolve(_sizes(cls, path, keywords))
        keywords = dict(keywords, device_map=device_map)
        for name in ("max_memory", "offload_folder", "offload_state_dict"):
            keywords.pop(name, None)
        if keywords.get("low_cpu_mem_usage") is False:
            keywords["low_cpu_mem_usage"] = True
        result = original(cls, path, *arguments, **keywords)
        model = result[0] if isinstance(result, tuple) else result
        self._note(loaded_bytes(model))
        keep_in_place(model)
        self.applied = True
        return result


def _sizes(cls, path, keywords):
    """Names and bytes of the model's tensors, from a copy that has no storage."""
    import torch
    config = keywords.get("config")
    if config is None or isinstance(config, (str, os.PathLike)):
        passed = {name: keywords[name] for name in (
            "trust_remote_code", "revision", "cache_dir", "local_files_only") if name in keywords}
        config = cls.config_class.from_pretrained(config or path, **passed)
    try:
        with torch.device("meta"):
            make = getattr(cls, "_from_config", None)
            model = make(config) if make else cls(config)
    except StageFailure:
        raise
    except Exception as error:
        raise _refused("the model cannot be made without storage to read its module names (%s: %s)"
                       % (type(error).__name__, error))
    return tensor_sizes(model)


def tensor_sizes(model):
    """`{full name: bytes}` of parameters and buffers, tied ones under each of their names."""
    sizes = {}
    for tensors in (model.named_parameters(remove_duplicate=False),
                    model.named_buffers(remove_duplicate=False)):
        for name, tensor in tensors:
            sizes[name] = tensor.numel() * tensor.element_size()
    return sizes


def loaded_bytes(model):
    """Bytes on each device as loaded; a StageFailure when something is not on a device."""
    placed, elsewhere = {}, []
    for name, tensor in model.named_parameters():
        device = tensor.device
        if device.type in ("cpu", "meta"):
            elsewhere.append("%s on %s" % (name, device.type))
            continue
        key = str(device.index or 0)
        placed[key] = placed.get(key, 0) + tensor.numel() * tensor.element_size()
    if elsewhere:
        raise _refused("%d tensors were loaded elsewhere than on a device (%s)" % (
            len(elsewhere), ", ".join(elsewhere[:3])))
    return placed


def keep_in_place(model):
    """Makes later `.cuda()` and `.to("cuda")` change the type only: they would undo the split."""
    cls = type(model)

    def to(*arguments, **keywords):
        kinds = [value for value in arguments if type(value).__name__ == "dtype"]
        kind = keywords.get("dtype") or (kinds[0] if kinds else None)
        if kind is not None:
            cls.to(model, dtype=kind)
        return model

    model.to = to
    model.cuda = lambda *arguments, **keywords: model
