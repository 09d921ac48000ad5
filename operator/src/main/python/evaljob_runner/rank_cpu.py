"""Models that name CUDA in their code, run without a device: the plan says CPU."""

_DEVICE_WORDS = ("cuda", "auto")


def install(hooks):
    """Patches torch and transformers as they are imported, only for a plan without devices."""
    hooks.after("torch", _patch_torch)
    hooks.after("transformers.modeling_utils", _patch_transformers)


def _patch_torch(torch):
    for cls in (torch.nn.Module, torch.Tensor):
        cls.cuda = lambda self, *arguments, **keywords: self
        cls.to = _to_cpu(cls.to)
    for name in ("synchronize", "set_device", "empty_cache"):
        setattr(torch.cuda, name, lambda *arguments, **keywords: None)


def _to_cpu(original):
    def to(self, *arguments, **keywords):
        arguments = tuple(on_cpu(value) for value in arguments)
        if "device" in keywords:
            keywords["device"] = on_cpu(keywords["device"])
        return original(self, *arguments, **keywords)
    return to


def on_cpu(device):
    """`cpu` for anything that names a CUDA device (a text, a torch.device, a number)."""
    if isinstance(device, int) and not isinstance(device, bool):
        return "cpu"
    if isinstance(device, str) and device.startswith("cuda"):
        return "cpu"
    if getattr(device, "type", None) == "cuda" and type(device).__name__ == "device":
        return "cpu"
    return device


def _patch_transformers(module):
    original = module.PreTrainedModel.from_pretrained.__func__

    def from_pretrained(cls, *arguments, **keywords):
        return original(cls, *arguments, **without_devices(keywords))

    module.PreTrainedModel.from_pretrained = classmethod(from_pretrained)


def without_devices(keywords):
    """Keyword arguments of from_pretrained that work without a device."""
    keywords = dict(keywords)
    device_map = keywords.get("device_map")
    if isinstance(device_map, str) and device_map.startswith(_DEVICE_WORDS):
        keywords["device_map"] = "cpu"
    elif isinstance(device_map, dict):
        keywords["device_map"] = {name: "cpu" for name in device_map}
    for name in ("attn_implementation", "_attn_implementation"):
        if str(keywords.get(name, "")).startswith("flash_attention"):
            keywords[name] = "sdpa"
    if keywords.pop("use_flash_attention_2", None):
        keywords["attn_implementation"] = "sdpa"
    return keywords
