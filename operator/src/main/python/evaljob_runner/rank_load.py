"""The one load that the plan is about: its device map, its bytes on each device, and later moves.

Names are resolved on a copy of the model without storage, before anything is loaded: what does not
fit the plan costs seconds, not the load of a checkpoint.
"""
import os
import threading
import weakref

from .log import say
from .rank_other_loads import OTHERWISE, OtherLoads
from .rank_split import SplitPolicy, check_range, refused

# Words of accelerate for "spread it over what is there".
_SPREADING = ("auto", "balanced", "balanced_low_0", "sequential")
_PASSED_ON = ("trust_remote_code", "revision", "cache_dir", "local_files_only")
_OFFLOADING = ("offload_folder", "offload_state_dict", "offload_buffers")


class ModelLoad:
    """Wraps `PreTrainedModel.from_pretrained` while the harness builds the model of the plan.

    Only the outermost call for the model's own path counts: towers, judges and metrics that are
    loaded inside or beside it stay as they are.
    """

    def __init__(self, policy, devices, reserve_percent, model_path, note, weights=0):
        """`note` is called with `{device: bytes}` when the model is there; `weights` are the bytes
        of the plan, 0 where it knows none."""
        self._policy = policy
        self._devices = devices
        self._reserve = reserve_percent / 100.0
        self._path = os.path.normpath(model_path) if model_path else None
        self._note = note
        self._local = threading.local()
        # Loads going on in any thread: transformers reads the parts of a checkpoint in several.
        self._loads = 0
        self._lock = threading.Lock()
        self._others = OtherLoads(self._path, weights, self._waits) if policy else None
        self._building = False
        self._model = None
        self.applied = False

    @staticmethod
    def of(job, note):
        """The load of a rank's job; None where no part of it is ours: CPU, engines of their own."""
        split = job["split"]
        if job["cpu"] or job["devices"] < 1 or split["loader"] in ("VLLM", "LMDeploy"):
            return None
        return ModelLoad(SplitPolicy.of(split, job["devices"]), job["devices"],
                         split.get("reservePercent", 0), job["splitPath"], note,
                         sum(split.get("weights", {}).values()))

    def install(self, hooks):
        hooks.after("transformers.modeling_utils", self._patch)
        if self._others is not None:
            self._others.install(hooks)

    def start(self, keywords=()):
        """The model's class is about to be made with these keyword arguments."""
        self._building = True
        if self._others is not None:
            self._others.begin(dict(keywords))

    def _waits(self):
        """Whether the load to be split is still to come, and none is going on."""
        return self._building and not self.applied and not self._loads

    def stop(self):
        self._building = False

    def built(self):
        """The model is there: says what lies where. Fails when a planned split was not applied."""
        self._building = False
        if self._policy is not None and not self.applied:
            raise refused("this model is not loaded through transformers' from_pretrained, "
                          + OTHERWISE)
        model = self._model() if self._model is not None else None
        if model is None:
            return
        placed, _ = placed_tensors(model)
        if not placed:
            return
        self._note(placed)
        if len(placed) < self._devices:
            say("note: %d of the %d devices of this process hold weights; the harness put this "
                "model there itself" % (len(placed), self._devices))

    def _patch(self, module):
        original = module.PreTrainedModel.from_pretrained.__func__
        load = self

        def from_pretrained(cls, pretrained_model_name_or_path, *arguments, **keywords):
            if getattr(load._local, "empty", False):
                # A tower that the class loads as it is made: a copy without storage, too.
                return empty_model(cls, pretrained_model_name_or_path, keywords)
            depth = getattr(load._local, "depth", 0)
            load._local.depth = depth + 1
            load._count(1)
            try:
                if depth or not load._wanted(pretrained_model_name_or_path):
                    return original(cls, pretrained_model_name_or_path, *arguments, **keywords)
                return load._load(original, cls, pretrained_model_name_or_path, arguments,
                                  keywords)
            finally:
                load._local.depth = depth
                load._count(-1)

        module.PreTrainedModel.from_pretrained = classmethod(from_pretrained)

    def _wanted(self, path):
        if not self._building or self.applied:
            return False
        if self._path is None or os.path.normpath(str(path)) == self._path:
            return True
        # A class may look the repository up in the hub's cache itself.
        if "models--" + self._path.replace("/", "--") in str(path).split(os.sep):
            return True
        if self._others is not None:
            self._others.instead(str(path))
        return False

    def _count(self, change):
        with self._lock:
            self._loads += change

    def _load(self, original, cls, path, arguments, keywords):
        keywords = self._planned(cls, path, keywords)
        result = original(cls, path, *arguments, **keywords)
        model = result[0] if isinstance(result, tuple) else result
        if self._policy is not None or self._spreads(keywords.get("device_map")):
            check_on_devices(model)
            keep_in_place(model)
        self._model = weakref.ref(model)
        self.applied = True
        return result

    def _planned(self, cls, path, keywords):
        """The keyword arguments with the planned map, or with limits for a map of the harness."""
        keywords = dict(keywords)
        asked = keywords.get("device_map")
        if self._policy is not None:
            self._local.empty = True
            try:
                model = empty_model(cls, path, keywords)
            finally:
                self._local.empty = False
            keywords["device_map"] = self._policy.resolve(
                tensor_sizes(model), ties(model), inputs(model))
            keywords.pop("max_memory", None)
        elif not self._spreads(asked):
            return keywords
        elif isinstance(asked, dict):
            check_range(_numbers(asked), self._devices)
        elif "max_memory" not in keywords:
            # Without the host among them: what does not fit fails here, not sample by sample.
            keywords.update(memory_limits(self._devices, self._reserve))
        for name in _OFFLOADING:
            keywords.pop(name, None)
        if keywords.get("low_cpu_mem_usage") is False:
            keywords["low_cpu_mem_usage"] = True
        return keywords

    def _spreads(self, device_map):
        """Whether the harness's own map is one over several devices."""
        if isinstance(device_map, dict):
            return len(set(map(str, device_map.values()))) > 1
        return self._devices > 1 and device_map in _SPREADING


def memory_limits(devices, reserve):
    """What from_pretrained is given so that weights leave the reserve free; empty without CUDA."""
    import torch
    if not torch.cuda.is_available():
        return {}
    return {"max_memory": {index: int(torch.cuda.mem_get_info(index)[0] * (1.0 - reserve))
                           for index in range(devices)}}


def _numbers(device_map):
    """A map of the harness's own with devices as numbers; `cuda:1` is 1, `cuda` is 0."""
    result = {}
    for name, device in device_map.items():
        kind, index = str(getattr(device, "type", device)), getattr(device, "index", None)
        if not isinstance(device, int) and kind.startswith("cuda"):
            number = kind.partition(":")[2] or index or 0
            device = int(number) if str(number).isdigit() else device
        result[name] = device
    return result


def empty_model(cls, path, keywords):
    """The model of a checkpoint without storage: every module and tensor, no byte of it."""
    import torch
    config = keywords.get("config")
    if config is None or isinstance(config, (str, os.PathLike)):
        passed = {name: keywords[name] for name in _PASSED_ON if name in keywords}
        config = cls.config_class.from_pretrained(config or path, **passed)
    try:
        with torch.device("meta"):
            make = getattr(cls, "_from_config", None)
            model = make(config) if make else cls(config)
    except Exception as error:
        raise refused("the model cannot be made without storage to read its module names (%s: %s)"
                      % (type(error).__name__, error))
    tie = getattr(model, "tie_weights", None)
    if callable(tie):
        tie()
    return model


def tensor_sizes(model):
    """`{full name: bytes}` of parameters and buffers, tied ones under each of their names."""
    sizes = {}
    for tensors in (model.named_parameters(remove_duplicate=False),
                    model.named_buffers(remove_duplicate=False)):
        for name, tensor in tensors:
            sizes[name] = tensor.numel() * tensor.element_size()
    return sizes


def ties(model):
    """The names of each parameter that has several, in their order."""
    names = {}
    for name, tensor in model.named_parameters(remove_duplicate=False):
        names.setdefault(id(tensor), []).append(name)
    return [group for group in names.values() if len(group) > 1]


def inputs(model):
    """The module that takes the tokens, where the model tells; its other inputs follow the map."""
    get = getattr(model, "get_input_embeddings", None)
    try:
        embedding = get() if callable(get) else None
    except (NotImplementedError, AttributeError):
        embedding = None
    if embedding is None:
        return []
    return [name for name, module in model.named_modules() if module is embedding][:1]


def placed_tensors(model):
    """Bytes of the parameters on each device, and the names of those that are on none."""
    placed, elsewhere = {}, []
    for name, tensor in model.named_parameters():
        device = tensor.device
        if device.type in ("cpu", "meta"):
            elsewhere.append(name)
            continue
        key = str(device.index or 0)
        placed[key] = placed.get(key, 0) + tensor.numel() * tensor.element_size()
    return placed, elsewhere


def check_on_devices(model):
    """Fails when something was left in the host's memory or on its disk: each sample would wait."""
    _, elsewhere = placed_tensors(model)
    if elsewhere:
        raise refused("%d tensors were loaded elsewhere than on a device (%s): the devices are too "
                      "small for this model; set more of them with devicesPerProcess"
                      % (len(elsewhere), ", ".join(elsewhere[:3])))


def keep_in_place(model):
    """Makes later `.cuda()` and `.to("cuda")` change the type only: they would undo the split.

    On the model, on any part of it, and on a module that it is put into.
    """
    for module in model.modules():
        _keep_tensors(module)
    cls = type(model)

    def to(*arguments, **keywords):
        kinds = [value for value in arguments if type(value).__name__ == "dtype"]
        kind = keywords.get("dtype") or (kinds[0] if kinds else None)
        if kind is not None:
            cls.to(model, dtype=kind)
        return model

    model.to = to
    model.cuda = lambda *arguments, **keywords: model


def _keep_tensors(module):
    original = type(module)._apply

    def _apply(function, *arguments, **keywords):
        def stay(tensor):
            changed = function(tensor)
            if changed.device == tensor.device:
                return changed
            return tensor if changed.dtype == tensor.dtype else tensor.to(changed.dtype)
        return original(module, stay, *arguments, **keywords)

    module._apply = _apply
