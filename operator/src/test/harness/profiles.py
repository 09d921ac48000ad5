"""Profiles of the models made here: bytes of every block from the header of their weights."""
import json
import os
import re
import struct

_PARTS = {
    "qwen2_vl": [("Vision", ["visual", "model.visual"]),
                 ("Embedding", ["model.embed_tokens", "model.language_model.embed_tokens"]),
                 ("Layers", ["model.layers", "model.language_model.layers"]),
                 ("Norm", ["model.norm", "model.language_model.norm"]),
                 ("Head", ["lm_head"])],
    "internvl": [("Vision", ["vision_model"]), ("Connector", ["mlp1"]),
                 ("Embedding", ["language_model.model.embed_tokens"]),
                 ("Layers", ["language_model.model.layers"]),
                 ("Norm", ["language_model.model.norm"]), ("Head", ["language_model.lm_head"])],
    "idefics3": [("Vision", ["model.vision_model"]), ("Connector", ["model.connector"]),
                 ("Embedding", ["model.text_model.embed_tokens"]),
                 ("Layers", ["model.text_model.layers"]), ("Norm", ["model.text_model.norm"]),
                 ("Head", ["lm_head"])],
}


def tensors(folder):
    """Name -> bytes of every tensor in the file of weights."""
    with open(os.path.join(folder, "model.safetensors"), "rb") as source:
        header = json.loads(source.read(struct.unpack("<Q", source.read(8))[0]).decode("utf-8"))
    return {name: entry["data_offsets"][1] - entry["data_offsets"][0]
            for name, entry in header.items() if name != "__metadata__"}


def profile(folder, kind, entry, scale=1, **changes):
    """A ModelProfile's spec; `scale` times the bytes, for a class that widens the weights."""
    sizes = tensors(folder)
    tied = not any(name.endswith("lm_head.weight") for name in sizes)
    blocks = []
    for role, names in _PARTS[kind]:
        inside = {name: size * scale for name, size in sizes.items()
                  if any(name.startswith(alias + ".") for alias in names)}
        if role == "Layers":
            count = len({re.search(r"layers\.(\d+)\.", name).group(1) for name in inside})
            blocks.append({"role": role, "count": count, "bytes": sum(inside.values()) // count,
                           "moduleNames": names})
        elif not (role == "Head" and tied):
            blocks.append({"role": role, "bytes": sum(inside.values()), "moduleNames": names})
    if tied:
        blocks.append({"role": "Head", "bytes": next(
            block["bytes"] for block in blocks if block["role"] == "Embedding"),
            "moduleNames": ["lm_head"]})
    return dict({
        "catalogEntries": [entry], "blocks": blocks, "tiedHead": tied,
        "loaders": [{"dialect": dialect, "loader": "Transformers", "canSplit": True}
                    for dialect in ("AutoSplit", "StatusFile")],
        "allowedDeviceCounts": [1, 2, 4]}, **changes)
