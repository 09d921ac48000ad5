"""Makes a small vision-language model with random weights, as a folder that a model hub would give.

    python make_model.py idefics3|qwen2_vl|internvl FOLDER [LAYERS] [--tied]

The architecture, the files and the classes that load them are real. Every answer is one letter of
A to D, because all other tokens are suppressed; which one depends on picture and question. The same
seed gives the same weights.
"""
import json
import os
import shutil
import sys

HIDDEN, MLP, HEADS, KV_HEADS = 64, 128, 4, 2
LETTERS = "ABCD"
SPECIAL = {
    "idefics3": ["<pad>", "<bos>", "<eos>", "<image>", "<fake_token_around_image>", "<global-img>",
                 "<end_of_utterance>"] + ["<row_%d_col_%d>" % (row, column)
                                          for row in range(1, 7) for column in range(1, 7)],
    "qwen2_vl": ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>",
                 "<|image_pad|>", "<|video_pad|>"],
}


def tokenizer(special, keywords):
    """A tokenizer of single bytes and the special tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import Qwen2TokenizerFast
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    # A byte's number is its token, so that A to D are 65 to 68.
    by_byte = {chr(number): number for number in range(33, 127)}
    free = iter(number for number in range(256) if number not in by_byte.values())
    vocabulary = {letter: by_byte.get(letter) if letter in by_byte else next(free)
                  for letter in letters}
    plain = Tokenizer(models.BPE(vocabulary, [], fuse_unk=False))
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain.decoder = decoders.ByteLevel()
    made = Qwen2TokenizerFast(tokenizer_object=plain, additional_special_tokens=special,
                              # No token_type_ids: generate() refuses what the model does not take.
                              model_input_names=["input_ids", "attention_mask"],
                              model_max_length=4096, **keywords)
    assert made.convert_tokens_to_ids(list(LETTERS)) == [65, 66, 67, 68]
    return made


def template(start, image, end):
    return ("{%% for m in messages %%}%s{%% if m['content'] is string %%}{{ m['content'] }}"
            "{%% else %%}{%% for c in m['content'] %%}{%% if c['type'] == 'image' %%}%s"
            "{%% else %%}{{ c['text'] }}{%% endif %%}{%% endfor %%}{%% endif %%}%s{%% endfor %%}"
            "{%% if add_generation_prompt %%}assistant:{%% endif %%}") % (start, image, end)


def idefics3(layers, tied):
    from transformers import (Idefics3Config, Idefics3ForConditionalGeneration,
                              Idefics3ImageProcessor, Idefics3Processor)
    words = tokenizer(SPECIAL["idefics3"], {"bos_token": "<bos>", "eos_token": "<eos>",
                                            "pad_token": "<pad>"})
    pad, bos = words.pad_token_id, words.bos_token_id
    image_token = words.convert_tokens_to_ids("<image>")
    size = 256 + len(SPECIAL["idefics3"])
    config = Idefics3Config(
        image_token_id=image_token, pad_token_id=pad, scale_factor=2, tie_word_embeddings=tied,
        text_config={"model_type": "llama", "hidden_size": HIDDEN, "intermediate_size": MLP,
                     "num_hidden_layers": layers, "num_attention_heads": HEADS,
                     "num_key_value_heads": KV_HEADS, "vocab_size": size, "pad_token_id": pad,
                     "bos_token_id": bos, "tie_word_embeddings": tied,
                     "max_position_embeddings": 4096},
        vision_config={"hidden_size": HIDDEN, "intermediate_size": MLP, "num_hidden_layers": layers,
                       "num_attention_heads": HEADS, "image_size": 32, "patch_size": 8})
    images = Idefics3ImageProcessor(do_image_splitting=False, size={"longest_edge": 32},
                                    max_image_size={"longest_edge": 32})
    chat = template("{{ m['role'] }}:", "<image>", "<end_of_utterance>")
    processor = Idefics3Processor(images, words, image_seq_len=4, chat_template=chat)
    return Idefics3ForConditionalGeneration, config, processor, pad, bos


def qwen2_vl(layers, tied):
    from transformers import (Qwen2VLConfig, Qwen2VLForConditionalGeneration,
                              Qwen2VLImageProcessor, Qwen2VLProcessor, Qwen2VLVideoProcessor)
    words = tokenizer(SPECIAL["qwen2_vl"], {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"})
    numbers = {name: words.convert_tokens_to_ids("<|%s|>" % name)
               for name in ("vision_start", "vision_end", "image_pad", "video_pad")}
    pad = words.pad_token_id
    config = Qwen2VLConfig(
        text_config={"hidden_size": HIDDEN, "intermediate_size": MLP, "num_hidden_layers": layers,
                     "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS,
                     "vocab_size": 256 + len(SPECIAL["qwen2_vl"]), "max_position_embeddings": 4096,
                     "tie_word_embeddings": tied, "bos_token_id": pad, "eos_token_id": pad,
                     "rope_scaling": {"type": "mrope", "mrope_section": [2, 3, 3]}},
        vision_config={"depth": layers, "embed_dim": HIDDEN, "hidden_size": HIDDEN, "num_heads": HEADS,
                       "mlp_ratio": 2, "patch_size": 14},
        image_token_id=numbers["image_pad"], video_token_id=numbers["video_pad"],
        vision_start_token_id=numbers["vision_start"], vision_end_token_id=numbers["vision_end"],
        tie_word_embeddings=tied)
    chat = template("<|im_start|>{{ m['role'] }}\n",
                    "<|vision_start|><|image_pad|><|vision_end|>", "<|im_end|>\n")
    limits = {"min_pixels": 56 * 56, "max_pixels": 56 * 56}
    processor = Qwen2VLProcessor(Qwen2VLImageProcessor(**limits), words,
                                 Qwen2VLVideoProcessor(**limits), chat_template=chat)
    return Qwen2VLForConditionalGeneration, config, processor, pad, pad


def internvl(layers, tied):
    from remote_code.configuration_tiny import TinyChatConfig
    from remote_code.modeling_tiny import TinyChatModel
    words = tokenizer(SPECIAL["qwen2_vl"], {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"})
    pad = words.pad_token_id
    config = TinyChatConfig(llm_config={
        "hidden_size": HIDDEN, "intermediate_size": MLP, "num_hidden_layers": layers,
        "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "tie_word_embeddings": tied,
        "vocab_size": 256 + len(SPECIAL["qwen2_vl"]), "max_position_embeddings": 4096})
    config.auto_map = {"AutoConfig": "configuration_tiny.TinyChatConfig",
                       "AutoModel": "modeling_tiny.TinyChatModel"}
    return TinyChatModel, config, words, pad, pad


def main(arguments):
    tied = "--tied" in arguments
    kind, folder, *rest = [argument for argument in arguments if argument != "--tied"]
    layers = int(rest[0]) if rest else 2
    import torch
    from transformers import GenerationConfig
    cls, config, processor, pad, bos = {
        "idefics3": idefics3, "qwen2_vl": qwen2_vl, "internvl": internvl}[kind](layers, tied)
    torch.manual_seed(18)
    model = cls(config).to(torch.bfloat16)
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if tensor.dim() > 1:
                # Sharper than usual: else the prompt's last letter alone decides the answer.
                gain = 3.0 if any(part in name for part in ("q_proj", "k_proj", "qkv")) else 1.5
                tensor.normal_(0, 0.05 if "embed_tokens" in name else gain * tensor[0].numel() ** -0.5)
    answers = [ord(letter) for letter in LETTERS]
    text = getattr(model, "language_model", model)
    vocabulary = text.get_input_embeddings().weight.shape[0]
    model.generation_config = GenerationConfig(
        suppress_tokens=[token for token in range(vocabulary) if token not in answers],
        eos_token_id=answers, bos_token_id=bos, pad_token_id=pad, do_sample=False)
    part = folder + ".part"
    model.save_pretrained(part)
    processor.save_pretrained(part)
    # Some composite configurations hand it down to a part.
    path = os.path.join(part, "config.json")
    with open(path, encoding="utf-8") as source:
        document = json.load(source)
    with open(path, "w", encoding="utf-8") as out:
        json.dump(dict(document, architectures=[cls.__name__]), out, indent=1)
    if kind == "internvl":
        for name in ("configuration_tiny.py", "modeling_tiny.py"):
            shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "remote_code", name),
                        part)
    os.rename(part, folder)


if __name__ == "__main__":
    main(sys.argv[1:])
