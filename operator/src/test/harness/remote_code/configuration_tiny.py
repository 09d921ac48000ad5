"""The configuration of a model whose code lies beside its weights."""
from transformers import PretrainedConfig, Qwen2Config


class TinyChatConfig(PretrainedConfig):
    model_type = "internvl_chat"
    is_composition = True

    def __init__(self, vision_config=None, llm_config=None, **keywords):
        super().__init__(**keywords)
        self.vision_config = PretrainedConfig(**(vision_config or {"image_size": 448, "width": 32}))
        self.llm_config = Qwen2Config(**(llm_config or {}))

    def to_dict(self):
        return dict(super().to_dict(), vision_config=self.vision_config.to_dict(),
                    llm_config=self.llm_config.to_dict(), model_type=self.model_type)
