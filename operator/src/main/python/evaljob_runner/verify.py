"""`evaljob verify-devices`: a small random model, split by plan over the devices that are here."""
import json
import os
import sys

from . import preflight
from .import_hooks import ImportHooks
from .plan import read_plan
from .rank_load import ModelLoad, empty_model, tensor_sizes
from .rank_split import SplitPolicy, device_of
from .settings import Settings

# Everything was shown; something is wrong; nothing is wrong, and not everything can be shown here.
SHOWN, WRONG, NOT_SHOWN = 0, 1, 3
_LAYERS, _HIDDEN, _MLP, _HEADS, _KV_HEADS, _WORDS = 24, 512, 1536, 8, 4, 8192
_VISION_LAYERS, _VISION = 4, 256
_PROMPT, _NEW_TOKENS = 12, 8
_BYTES = 2  # of a value: bfloat16
_MIB = 2.0 ** 20
_PARTS = (("Vision", "visual"), ("Embedding", "language_model.embed_tokens"),
          ("Layers", "language_model.layers"), ("Norm", "language_model.norm"),
          ("Head", "lm_head"))


def make(folder):
    """Writes the model, and `profile.json` with the bytes of its blocks."""
    import torch
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration
    config = Qwen2VLConfig(
        text_config={"hidden_size": _HIDDEN, "intermediate_size": _MLP, "num_hidden_layers": _LAYERS,
                     "num_attention_heads": _HEADS, "num_key_value_heads": _KV_HEADS,
                     "vocab_size": _WORDS, "max_position_embeddings": 4096,
                     "tie_word_embeddings": False, "bos_token_id": 0, "eos_token_id": 0,
                     "rope_scaling": {"type": "mrope", "mrope_section": [8, 12, 12]}},
        vision_config={"depth": _VISION_LAYERS, "embed_dim": _VISION, "hidden_size": _HIDDEN,
                       "num_heads": 4, "mlp_ratio": 2},
        tie_word_embeddings=False)
    torch.manual_seed(18)
    model = Qwen2VLForConditionalGeneration(config).to(torch.bfloat16)
    model.save_pretrained(folder)
    sizes = {name: tensor.numel() * _BYTES for name, tensor in model.named_parameters()}
    blocks = []
    for role, part in _PARTS:
        names = [part] if role == "Head" else ["model." + part, part]
        inside = {name: size for name, size in sizes.items()
                  if name.startswith(names[0] + ".")}
        block = {"role": role, "moduleNames": names, "bytes": sum(inside.values())}
        if role == "Layers":
            block.update(count=_LAYERS, bytes=block["bytes"] // _LAYERS)
        blocks.append(block)
    with open(os.path.join(folder, "profile.json"), "w", encoding="utf-8") as out:
        json.dump(blocks, out)
    return SHOWN


def load(plan_file, folder, real):
    """Loads it as the plan says and generates; on the host and by names alone where not `real`."""
    with open(plan_file, "rb") as source:
        plan = read_plan(source.read())
    try:
        return _on_devices(plan, folder) if real else _by_names(plan, folder)
    except Exception as error:
        _say("FAILED: %s: %s" % (type(error).__name__, error))
        return WRONG


def _on_devices(plan, folder):
    devices = plan.devices.per_process
    found = preflight.check(plan, Settings.read("infer", dict(os.environ, EVALJOB_PLAN="-")))
    os.environ[plan.devices.process_variable] = ",".join(found.rank_devices[0])
    import torch
    from transformers import Qwen2VLForConditionalGeneration
    if torch.cuda.device_count() != devices:
        _say("FAILED: torch sees %d devices and the plan has %d" % (
            torch.cuda.device_count(), devices))
        return WRONG
    _say("preflight: %d device%s as planned" % (devices, "" if devices == 1 else "s"))
    placed = {}
    document = plan.document["split"]
    hook = ModelLoad.of({
        "cpu": False, "devices": devices, "splitPath": folder,
        "split": {"strategy": plan.split.strategy, "loader": "Transformers", "deviceMap": {},
                  "assignments": document.get("assignments") or []}}, placed.update)
    hook.install(ImportHooks().install())
    hook.start()
    model = Qwen2VLForConditionalGeneration.from_pretrained(folder, dtype="auto", device_map="cuda")
    hook.built()
    wrong = _table(plan, {int(key): size for key, size in placed.items()}, [
        torch.cuda.memory_allocated(index) for index in range(devices)])
    split = _generate(model, "cuda")
    _say("generated %d tokens" % len(split))
    if devices == 1:
        _say("NOT SHOWN, because there is one device: that a split model answers as an unsplit one,"
             " and that tensors get from one device to another.")
        return WRONG if wrong else NOT_SHOWN
    alone = Qwen2VLForConditionalGeneration.from_pretrained(folder, dtype="auto", device_map="cuda")
    unsplit = _generate(alone, "cuda")
    names = {torch.cuda.get_device_name(index) for index in range(devices)}
    if split == unsplit:
        _say("unsplit on one device it generates the same")
    elif len(names) > 1:
        _say("note: unsplit on one device it generates something else; the devices differ (%s), so "
             "their arithmetic may" % ", ".join(sorted(names)))
    else:
        _say("FAILED: unsplit on one device it generates something else: the way from one device to "
             "another changes values (%s, split %s)" % (unsplit, split))
        wrong = True
    return WRONG if wrong else SHOWN


def _by_names(plan, folder):
    """Without devices: the plan against the model's modules, and the model on the host."""
    from transformers import Qwen2VLForConditionalGeneration as cls
    devices = plan.devices.per_process
    document = plan.document["split"]
    policy = SplitPolicy.of({"loader": "Transformers", "strategy": plan.split.strategy,
                             "assignments": document.get("assignments") or []}, devices)
    model = empty_model(cls, folder, {})
    device_map = policy.resolve(tensor_sizes(model)) if policy is not None else {"": 0}
    placed = {}
    for name, tensor in model.named_parameters():
        device = device_of(device_map, name)
        placed[device] = placed.get(device, 0) + tensor.numel() * _BYTES
    wrong = _table(plan, placed, None)
    tokens = _generate(cls.from_pretrained(folder, dtype="auto"), "cpu")
    _say("generated %d tokens on the host, unsplit" % len(tokens))
    _say("NOT SHOWN, because there is no device: that anything can be put on one, that a split model"
         " runs and answers as an unsplit one, and what the driver says. The plan is for pretended"
         " devices; every module of the model has one of them.")
    return WRONG if wrong else NOT_SHOWN


def _table(plan, placed, allocated):
    """Prints planned against observed bytes; True when they differ."""
    wrong = False
    _say("%-7s %12s %12s%s" % ("DEVICE", "PLANNED", "BY NAMES" if allocated is None else "LOADED",
                               "" if allocated is None else "   ALLOCATED"))
    for index in range(plan.devices.per_process):
        planned, found = plan.split.weights.get(index), placed.get(index, 0)
        differs = planned is not None and planned != found
        wrong = wrong or differs
        _say("%-7d %12s %12s%s%s" % (
            index, "-" if planned is None else "%.1f MiB" % (planned / _MIB),
            "%.1f MiB" % (found / _MIB),
            "" if allocated is None else " %7.1f MiB" % (allocated[index] / _MIB),
            "  DIFFERS" if differs else ""))
    if wrong:
        _say("FAILED: weights do not lie where the plan puts them")
    return wrong


def _generate(model, device):
    import torch
    prompt = torch.arange(1, _PROMPT + 1)[None].to(device)
    answer = model.generate(input_ids=prompt, attention_mask=torch.ones_like(prompt),
                            max_new_tokens=_NEW_TOKENS, do_sample=False, pad_token_id=0)
    return answer[0, _PROMPT:].tolist()


def _say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
