"""A small model with the module names of InternVL and its `chat`; loaded as remote code."""
import torch
from torch import nn
from transformers import GenerationConfig, PreTrainedModel, Qwen2ForCausalLM

from .configuration_tiny import TinyChatConfig

PATCHES = 4
ANSWERS = [65, 66, 67, 68]  # A to D


class TinyTower(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.embed = nn.Linear(3, width)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(2))

    def forward(self, pictures):
        pooled = nn.functional.avg_pool2d(pictures, pictures.shape[-1] // PATCHES)
        states = self.embed(pooled.flatten(2).transpose(1, 2))
        for layer in self.layers:
            states = states + torch.tanh(layer(states))
        return states


class TinyChatModel(PreTrainedModel):
    config_class = TinyChatConfig
    _no_split_modules = ["Qwen2DecoderLayer"]

    def __init__(self, config):
        super().__init__(config)
        width, hidden = config.vision_config.width, config.llm_config.hidden_size
        self.vision_model = TinyTower(width)
        self.mlp1 = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, hidden))
        self.language_model = Qwen2ForCausalLM(config.llm_config)
        self.post_init()

    def _init_weights(self, module):
        pass

    def chat(self, tokenizer, pixel_values, question, generation_config, **keywords):
        tokens = tokenizer(question, return_tensors="pt")["input_ids"].to(self.device)
        states = self.language_model.get_input_embeddings()(tokens)
        if pixel_values is not None:
            seen = self.mlp1(self.vision_model(pixel_values)).flatten(0, 1)[None]
            states = torch.cat([seen, states.to(seen.device)], 1)
        words = self.config.llm_config.vocab_size
        wanted = GenerationConfig(
            max_new_tokens=4, do_sample=False, eos_token_id=ANSWERS, pad_token_id=0,
            suppress_tokens=[word for word in range(words) if word not in ANSWERS])
        answer = self.language_model.generate(
            inputs_embeds=states, attention_mask=torch.ones_like(states[..., 0], dtype=torch.long),
            generation_config=wanted)
        text = tokenizer.decode(answer[0], skip_special_tokens=True)
        return (text, None) if keywords.get("return_history") else text
