"""CUDA devices that are not there: tensors say that they are on one, and are computed on the CPU.

Everything above the kernels is the real thing: the harness's own code, transformers' loading,
accelerate's dispatch and its hooks. As on real cards, an operation on tensors of two devices
fails, a device beyond the last one is refused, and CUDA_VISIBLE_DEVICES says which of the machine's
PRETENDED_CARDS cards, of PRETENDED_MEMORY bytes each, there are and how they are numbered. What this cannot show is what a kernel,
a driver, the link between two cards and a card's memory do.
"""
import os
import types

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

MEMORY = int(os.environ.get("PRETENDED_MEMORY", 80 * 2 ** 30))
_aten = torch.ops.aten
# Take an index from the host whatever device they work on.
_HOST_INDICES = (_aten.index.Tensor, _aten.index_put.default, _aten.index_put_.default,
                 _aten._index_put_impl_.default)
# A scalar leaves the device.
_TO_HOST = (_aten._local_scalar_dense.default, _aten.equal.default, _aten.is_nonzero.default)
_current = 0


def visible():
    """The numbers of the machine's cards that this process sees; as the driver, up to a wrong one."""
    cards = int(os.environ["PRETENDED_CARDS"])
    value = os.environ.get("CUDA_VISIBLE_DEVICES")
    if value is None:
        return list(range(cards))
    found = []
    for entry in value.split(","):
        if not entry.strip().isdigit() or int(entry) >= cards or int(entry) in found:
            break
        found.append(int(entry))
    return found


def checked(device):
    """A device of ours with its number, None for the host; one that is not there is refused."""
    if isinstance(device, int):
        device = torch.device("cuda", device)
    device = torch.device(device) if device is not None else None
    if device is None or device.type != "cuda":
        return None
    index = _current if device.index is None or device.index < 0 else device.index
    if index >= len(visible()):
        raise RuntimeError("CUDA error: invalid device ordinal (cuda:%d of %d)"
                           % (index, len(visible())))
    return torch.device("cuda", index)


class CardTensor(torch.Tensor):
    """A tensor on a pretended card; `held` is where its numbers are."""

    @staticmethod
    def __new__(cls, held, device):
        return torch.Tensor._make_wrapper_subclass(
            cls, held.size(), strides=held.stride(), storage_offset=held.storage_offset(),
            dtype=held.dtype, layout=held.layout, device=device, requires_grad=held.requires_grad)

    def __init__(self, held, device):
        self.held = held

    def __repr__(self, **keywords):
        return "CardTensor(%s, %s)" % (self.device, self.held)

    def tolist(self):
        return self.held.tolist()

    def data_ptr(self):
        return self.held.data_ptr()

    @classmethod
    def __torch_dispatch__(cls, function, types_, arguments=(), keywords=None):
        return _run(function, arguments, keywords or {})


class _Cards(TorchDispatchMode):
    """Sees what is made, for that has no tensor of ours among its arguments."""

    def __torch_dispatch__(self, function, types_, arguments=(), keywords=None):
        return _run(function, arguments, keywords or {})


def _run(function, arguments, keywords):
    flat, shape = tree_flatten((arguments, keywords))
    ours = [value for value in flat if isinstance(value, CardTensor)]
    if not ours and not any(isinstance(value, torch.device) and value.type == "cuda"
                            for value in flat):
        return function(*arguments, **keywords)
    if function is _aten._fused_sdp_choice.default:
        return 0  # the kernel that is written in other operations
    target = _target(function, flat, ours, keywords)
    wrappers = {id(value.held): value for value in ours}
    flat = [value.held if isinstance(value, CardTensor)
            else torch.device("cpu") if isinstance(value, torch.device) and value.type == "cuda"
            else value for value in flat]
    arguments, keywords = tree_unflatten(flat, shape)
    keywords.pop("pin_memory", None)
    result = function(*arguments, **keywords)

    def wrap(value):
        if not isinstance(value, torch.Tensor) or isinstance(value, CardTensor):
            return value
        if id(value) in wrappers:
            return wrappers[id(value)]
        return value if target is None else CardTensor(value, target)
    return tree_map(wrap, result)


def _target(function, flat, ours, keywords):
    """The device of the result; None is the host."""
    if function in _TO_HOST:
        return None
    if keywords.get("device") is not None:
        return checked(keywords["device"])
    if function is _aten.copy_.default:
        first = flat[0]
        return first.device if isinstance(first, CardTensor) else None
    devices = {value.device for value in ours}
    if function not in _HOST_INDICES and any(
            isinstance(value, torch.Tensor) and not isinstance(value, CardTensor) and value.dim()
            for value in flat):
        devices.add(torch.device("cpu"))
    if len(devices) > 1:
        raise RuntimeError("Expected all tensors to be on the same device, but found at least two "
                           "devices, %s! (%s)" % (" and ".join(sorted(map(str, devices))), function))
    return devices.pop()


def install(module):
    """Makes torch.cuda answer for the pretended cards; for the whole life of the process."""
    cuda = module.cuda
    # The driver would be asked at the first device that is named without a number.
    module._C._ensureCUDADeviceGuardSet()
    # torch.tensor(…, device=…) makes a tensor of the host, then moves it where we see that.
    module._C._set_only_lift_cpu_tensors(True)
    # Parameters are replaced instead of filled: what they hold is not in their own storage.
    module.__future__.set_overwrite_module_params_on_conversion(True)
    nothing = lambda *arguments, **keywords: None
    for name in ("_lazy_init", "empty_cache", "synchronize", "manual_seed", "manual_seed_all",
                 "init", "reset_peak_memory_stats", "ipc_collect"):
        setattr(cuda, name, nothing)

    def set_device(device):
        global _current
        _current = checked(device).index

    def properties(device=None):
        checked(device if device is not None else _current)
        return types.SimpleNamespace(name="Pretended", total_memory=MEMORY, major=8, minor=0,
                                     multi_processor_count=108)

    def exchange(device):
        before = _current
        if device >= 0:
            set_device(device)
        return before

    cuda.is_available = cuda.is_initialized = lambda: bool(visible())
    cuda.device_count = lambda: len(visible())
    cuda.current_device = lambda: _current
    cuda.set_device = set_device
    cuda._exchange_device = cuda._maybe_exchange_device = exchange
    cuda.get_device_properties = properties
    cuda.get_device_name = lambda device=None: properties(device).name
    cuda.get_device_capability = lambda device=None: (8, 0)
    cuda.mem_get_info = lambda device=None: (properties(device).total_memory,) * 2
    cuda.memory_allocated = cuda.max_memory_allocated = lambda device=None: 0
    cuda.memory_reserved = lambda device=None: 0
    cuda.is_bf16_supported = lambda *arguments, **keywords: True
    _Cards().__enter__()


def without_flash_attention(modeling):
    """Flash attention is a package of kernels: what transformers has itself stands in for it."""
    original = modeling.PreTrainedModel.from_pretrained.__func__

    def from_pretrained(cls, *arguments, **keywords):
        for name in ("attn_implementation", "_attn_implementation"):
            if str(keywords.get(name)).startswith("flash_attention"):
                keywords[name] = "sdpa"
        return original(cls, *arguments, **keywords)

    modeling.PreTrainedModel.from_pretrained = classmethod(from_pretrained)
