"""Whether accelerate answers the same on the classes of transformers as on the bare blocks."""
import sys

import others
import torch
import transformers

DEVICES = (2, 3, 4, 8)
# Far more than needed: what counts is how it balances.
MEMORY = 1 << 40

_SIGLIP = dict(hidden_size=1152, intermediate_size=4304, num_hidden_layers=27,
               num_attention_heads=16, image_size=896, patch_size=14)


def _models():
    """(name of the table, its class, its configuration)."""
    yield ("Qwen2.5-VL-72B", transformers.Qwen2_5_VLForConditionalGeneration,
           transformers.Qwen2_5_VLConfig(
               text_config=dict(hidden_size=8192, intermediate_size=29568, num_hidden_layers=80,
                                num_attention_heads=64, num_key_value_heads=8, vocab_size=152064,
                                tie_word_embeddings=False),
               vision_config=dict(depth=32, hidden_size=1280, intermediate_size=3456, num_heads=16,
                                  out_hidden_size=8192),
               tie_word_embeddings=False))
    yield ("Gemma3-27B", transformers.Gemma3ForConditionalGeneration,
           transformers.Gemma3Config(
               text_config=dict(hidden_size=5376, intermediate_size=21504, num_hidden_layers=62,
                                num_attention_heads=32, num_key_value_heads=16, head_dim=128,
                                vocab_size=262208),
               vision_config=_SIGLIP))
    yield ("Llama-3.2-90B-Vision", transformers.MllamaForConditionalGeneration,
           transformers.MllamaConfig(
               text_config=dict(hidden_size=8192, intermediate_size=28672, num_hidden_layers=100,
                                num_attention_heads=64, num_key_value_heads=8, vocab_size=128256,
                                cross_attention_layers=list(range(3, 100, 5)),
                                rope_scaling=dict(rope_type="llama3", factor=8.0,
                                                  low_freq_factor=1.0, high_freq_factor=4.0,
                                                  original_max_position_embeddings=8192),
                                tie_word_embeddings=False),
               vision_config=dict(image_size=560, intermediate_layers_indices=[3, 7, 15, 23, 30])))


def _loads(model, device_map, devices):
    loads = [0] * devices
    seen = set()
    for name, tensor in model.named_parameters(remove_duplicate=True):
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        parts = name.split(".")
        device = next(device_map[".".join(parts[:length])] for length in range(len(parts), -1, -1)
                      if ".".join(parts[:length]) in device_map)
        loads[device] += 2 * tensor.numel()
    return loads


def check(all_models):
    """Prints for each model and count by how much the greatest loads differ."""
    for name, cls, config in _models():
        with torch.device("meta"):
            real = cls(config).to(torch.bfloat16)
        real.tie_weights()
        for devices in DEVICES:
            memory = dict.fromkeys(range(devices), MEMORY)
            memory["cpu"] = MEMORY
            for low_zero in (False, True):
                device_map = others.device_map(real, real._get_no_split_modules("auto"), memory,
                                               low_zero)
                true = max(_loads(real, device_map, devices))
                places = others.accelerate(all_models[name], [MEMORY] * devices, low_zero)
                sizes = [row.size for row in all_models[name].rows for _ in range(row.count)]
                loads = [0] * devices
                for size, place in zip(sizes, places):
                    loads[place] += size
                print("%s on %d, %s: greatest load %.3f GB, on the bare blocks %.3f GB (%+.2f %%)" % (
                    name, devices, "balanced_low_0" if low_zero else "auto", true / 1e9,
                    max(loads) / 1e9, 100 * (max(loads) / true - 1)), file=sys.stderr)
