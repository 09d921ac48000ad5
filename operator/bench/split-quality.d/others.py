"""What others do: accelerate's own planner on a model without storage, and three older rules.

Each answers with the device of every block, in the order of the model's rows; `None` where it names
no device of the process (CPU or disk), a set where the block lies on several.
"""
import functools
import logging
import math

# What from_pretrained of transformers 4.57.6 does with device_map="auto" and "balanced_low_0":
# get_balanced_memory, then infer_auto_device_map with what it returned.
import torch
from accelerate.utils.modeling import get_balanced_memory, infer_auto_device_map

# It warns that this machine lacks the devices, at every call.
logging.getLogger("accelerate.utils.modeling").setLevel(logging.ERROR)
# Modules in a layer: accelerate takes the mean size of the smallest modules, and no more of them.
_PARTS = 7
# The memory that from_pretrained finds for the CPU.
_HOST = 1 << 40


def _node(class_name="Node"):
    return type(class_name, (torch.nn.Module,), {})()


def _leaf(size, class_name="Leaf"):
    leaf = _node(class_name)
    leaf.weight = torch.nn.Parameter(
        torch.empty(size // 2, dtype=torch.bfloat16, device="meta"), requires_grad=False)
    return leaf


def _block(size, class_name):
    """A layer: some modules inside a module of its class."""
    block = _node(class_name)
    part = size // _PARTS // 2 * 2
    for number in range(_PARTS):
        last = number == _PARTS - 1
        block.add_module("part%d" % number, _leaf(size - part * (_PARTS - 1) if last else part))
    return block


def _class(row, model, usual):
    """The class of a block, as far as accelerate is told to keep it whole."""
    names = model.whole
    if row.role == "Layers":
        cross = [name for name in names if "CrossAttention" in name]
        if cross and row.size != usual:
            return cross[0]
        return next(name for name in names
                    if "Vision" not in name and ("DecoderLayer" in name or name == "MolmoBlock")
                    and "CrossAttention" not in name)
    return next((name for name in names
                 if name.endswith(("VisionBlock", "VisionEncoderLayer", "VisionLayer",
                                   "PixtralAttentionLayer", "MoonVitEncoderLayer",
                                   "SiglipEncoderLayer", "CLIPEncoderLayer"))), "TowerBlock")


@functools.lru_cache(maxsize=1)
def build(model):
    """The model's modules on the meta device, and the module of each block."""
    usual = max((row for row in model.rows if row.role == "Layers"), key=lambda row: row.count).size
    root = _node("Model")
    blocks, numbered = [], {}
    embedding = None
    for row in model.rows:
        parent, names = root, row.module.split(".")
        series = row.role == "Layers" or row.count > 1
        inner = names if series else names[:-1]
        for name in inner:
            if not hasattr(parent, name):
                whole = "InternVisionModel" if name == "vision_model" else "Node"
                parent.add_module(name, _node(whole))
            parent = getattr(parent, name)
        if series:
            start = numbered.get(row.module, 0)
            for number in range(start, start + row.count):
                parent.add_module(str(number), _block(row.size, _class(row, model, usual)))
                blocks.append("%s.%d" % (row.module, number))
            numbered[row.module] = start + row.count
            continue
        below = any(other.module.startswith(row.module + ".") for other in model.rows)
        if below:
            # What a tower has beside its blocks.
            if not hasattr(parent, names[-1]):
                whole = "InternVisionModel" if names[-1] == "vision_model" else "Node"
                parent.add_module(names[-1], _node(whole))
            getattr(parent, names[-1]).add_module("own", _leaf(row.size))
            blocks.append(row.module + ".own")
            continue
        leaf = _leaf(row.size) if row.role != "Connector" else _block(row.size, "Connector")
        parent.add_module(names[-1], leaf)
        blocks.append(row.module)
        embedding = leaf if row.role == "Embedding" else embedding
    if model.tied:
        head = _node("Leaf")
        head.weight = embedding.weight
        root.add_module("lm_head", head)
    return root, blocks


def device_map(root, whole, memory, low_zero):
    """What from_pretrained computes for "auto" and "balanced_low_0" with this memory free."""
    balanced = get_balanced_memory(root, dtype=torch.bfloat16, low_zero=low_zero,
                                   max_memory=dict(memory), no_split_module_classes=whole)
    # from_pretrained keeps to what the caller gave.
    balanced = {device: min(size, memory.get(device, size)) for device, size in balanced.items()}
    return infer_auto_device_map(root, dtype=torch.bfloat16, max_memory=balanced,
                                 no_split_module_classes=whole)


def accelerate(model, capacities, low_zero):
    """Where `device_map="auto"` (or "balanced_low_0") puts every block."""
    root, blocks = build(model)
    memory = dict(enumerate(capacities))
    memory["cpu"] = _HOST
    found = device_map(root, list(model.whole), memory, low_zero)
    return [_lookup(found, block) for block in blocks]


def _lookup(places, block):
    parts = block.split(".")
    for length in range(len(parts), -1, -1):
        found = places.get(".".join(parts[:length]))
        if found is not None:
            return found if isinstance(found, int) else None
    inside = {device for name, device in places.items() if name.startswith(block + ".")}
    devices = {device if isinstance(device, int) else None for device in inside}
    return devices.pop() if len(devices) == 1 else devices


def _by_layers(model, layer_device, head_device):
    places, layer = [], 0
    for row in model.rows:
        for _ in range(row.count):
            if row.role == "Layers":
                places.append(layer_device(layer))
                layer += 1
            else:
                places.append(head_device if row.role in ("Norm", "Head") else 0)
    return places


def equal_counts(model, devices):
    """As many layers on each device; norm and head on the last."""
    count = len(model.layers)
    per_device = math.ceil(count / devices)
    return _by_layers(model, lambda layer: min(layer // per_device, devices - 1),
                      0 if model.tied else devices - 1)


def internvl(model, devices):
    """VLMEvalKit before May 2025, InternVL: device 0 counts half, and gets head and last layer.

    Returns the places, and how many layers the rule names that the model does not have.
    """
    count = len(model.layers)
    each = math.ceil(count / (devices - 0.5))
    ends = [math.ceil(each * 0.5)]
    while len(ends) < devices:
        ends.append(ends[-1] + each)

    def device(layer):
        if layer == count - 1:
            return 0
        return next(d for d, end in enumerate(ends) if layer < end)

    return _by_layers(model, device, 0), max(0, ends[-1] - count)


# Extra layers in place of the vision tower; of them device 0 and the last device are spared.
VIRTUAL = {"72b": (8, 6, 2), "90b": (12, 5, 7)}


def virtual_layers(model, devices, rule):
    """VLMEvalKit before May 2025, 72B (and 90B) models: the tower counts as some layers.

    Returns the places, and how many layers the rule names that the model does not have.
    """
    count = len(model.layers)
    virtual, of_first, of_last = VIRTUAL[rule]
    if rule == "72b":
        per_device = [math.ceil((count + virtual) / devices)] * devices
    else:
        per_device = [(count + virtual) // devices] * devices
        per_device[-1] += (count + virtual) % devices
    per_device[0] -= of_first
    per_device[-1] -= of_last
    ends = [sum(per_device[:d + 1]) for d in range(devices)]

    def device(layer):
        return next((d for d, end in enumerate(ends) if layer < end), None)

    return _by_layers(model, device, devices - 1), max(0, ends[-1] - count)
