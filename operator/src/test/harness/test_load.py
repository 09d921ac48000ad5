"""The hook around transformers' loading, on transformers and accelerate themselves."""
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
DEVICES = 3


@unittest.skipUnless("HARNESS_MODELS" in os.environ, "started by operator/src/test/harness/run")
class LoadTest(unittest.TestCase):

    together = True  # importing transformers takes longer than all of them

    @classmethod
    def setUpClass(cls):
        sys.path.insert(0, os.path.join(HERE, "standin"))
        os.environ.update(PRETENDED_CARDS=str(DEVICES), HF_HUB_OFFLINE="1")
        os.environ.pop("CUDA_VISIBLE_DEVICES", None)
        import torch
        import pretended_cards
        pretended_cards.install(torch)

    def load(self, planned, name="qwen2-vl", devices=DEVICES, building=True, before=None,
             **keywords):
        """The model as it is loaded with the hook around; `self.noted` is what is told of it."""
        import transformers.modeling_utils as modeling
        from evaljob_runner.rank_load import ModelLoad
        from evaljob_runner.rank_split import SplitPolicy
        from transformers import AutoModelForImageTextToText
        path = os.path.join(os.environ["HARNESS_MODELS"], name)
        policy = SplitPolicy.of({"loader": "Transformers", "strategy": "DeviceMap",
                                 "deviceMap": planned}, devices) if planned else None
        self.noted = []
        self.hook = ModelLoad(policy, devices, 10, path, self.noted.append)
        original = modeling.PreTrainedModel.__dict__["from_pretrained"]
        self.addCleanup(setattr, modeling.PreTrainedModel, "from_pretrained", original)
        self.hook._patch(modeling)
        if building:
            self.hook.start()
        if before:
            before(self.hook)
        return AutoModelForImageTextToText.from_pretrained(path, dtype="auto", **keywords)

    def where(self, model):
        return {name: (str(tensor.device), str(tensor.dtype)) for name, tensor in
                model.named_parameters() if name.endswith(("embed_tokens.weight", "lm_head.weight",
                                                           "layers.1.mlp.up_proj.weight"))}

    MAP = {"model.visual": 0, "model.language_model.embed_tokens": 0,
           "model.language_model.layers.0": 1, "model.language_model.layers.1": 2,
           "model.language_model.norm": 2, "model.language_model.rotary_emb": 0, "lm_head": 0}

    def expected(self, dtype):
        return {"model.language_model.embed_tokens.weight": ("cuda:0", dtype),
                "model.language_model.layers.1.mlp.up_proj.weight": ("cuda:2", dtype),
                "lm_head.weight": ("cuda:0", dtype)}

    def test_later_moves_cast_and_do_not_move(self):
        import torch
        model = self.load(self.MAP, device_map="cuda")
        self.assertEqual(self.expected("torch.bfloat16"), self.where(model))
        holder = torch.nn.ModuleDict({"model": model})
        moves = [lambda: model.cuda(), lambda: model.to("cuda"), lambda: model.to(torch.device("cuda:1")),
                 lambda: model.language_model.cuda(), lambda: model.model.to("cuda:1"),
                 lambda: holder.cuda(), lambda: holder.to("cuda:2")]
        for move in moves:
            move()
            self.assertEqual(self.expected("torch.bfloat16"), self.where(model))
        self.assertIs(model, model.to("cuda", torch.float16))
        self.assertEqual(self.expected("torch.float16"), self.where(model))
        holder.to("cuda", dtype=torch.float32)
        self.assertEqual(self.expected("torch.float32"), self.where(model))
        self.assertEqual(self.expected("torch.bfloat16"), self.where(model.bfloat16().cuda()))

    def test_the_bytes_are_counted_on_the_tensors_themselves(self):
        model = self.load(self.MAP, device_map="auto")
        self.hook.built()
        total = sum(tensor.numel() * 2 for tensor in model.parameters())
        self.assertEqual(total, sum(self.noted[0].values()))
        layer = sum(tensor.numel() * 2 for tensor in model.language_model.layers[0].parameters())
        self.assertEqual(layer, self.noted[0]["1"])

    def test_a_load_outside_the_build_is_left_alone(self):
        model = self.load(self.MAP, building=False)
        self.assertEqual({"cpu"}, {str(tensor.device) for tensor in model.parameters()})

    def test_a_load_inside_a_load_is_left_alone(self):
        from transformers import Qwen2VLForConditionalGeneration as Whole
        towers = []
        path = os.path.join(os.environ["HARNESS_MODELS"], "idefics3")
        original = Whole.__init__

        def with_tower(model, config, *arguments, **keywords):
            original(model, config, *arguments, **keywords)
            from transformers import AutoModelForImageTextToText
            # The same path, even: what is loaded inside is never the model of the plan.
            self.hook._path = path
            towers.append(AutoModelForImageTextToText.from_pretrained(path))

        Whole.__init__ = with_tower
        self.addCleanup(setattr, Whole, "__init__", original)
        model = self.load(self.MAP)
        self.assertEqual(self.expected("torch.bfloat16"), self.where(model))
        # One as the names are read, without storage; one as the model is made.
        self.assertEqual(2, len(towers))
        self.assertEqual({"meta"}, {tensor.device.type for tensor in towers[0].parameters()})
        self.assertFalse(any(hasattr(tower, "hf_device_map") for tower in towers))

    def test_weights_read_by_hand_are_refused_and_those_of_transformers_are_not(self):
        import safetensors.torch
        import torch
        import transformers.modeling_utils as modeling
        from evaljob_runner.failures import StageFailure
        path = os.path.join(os.environ["HARNESS_MODELS"], "qwen2-vl", "model.safetensors")

        def by_hand(hook):
            for module, name in ((safetensors.torch, "safe_open"), (modeling, "safe_open"),
                                 (torch, "load")):
                self.addCleanup(setattr, module, name, getattr(module, name))
                hook._others._watch(module, name)
            for read in (safetensors.torch.load_file, torch.load):
                with self.assertRaises(StageFailure) as raised:
                    read(path)
                self.assertIn("reads the weights itself (model.safetensors)",
                              raised.exception.message)

        model = self.load(self.MAP, before=by_hand)
        self.assertEqual(self.expected("torch.bfloat16"), self.where(model))

    def test_tied_weights_put_apart_by_hand_are_refused(self):
        from evaljob_runner.failures import StageFailure
        layers = {"model.language_model.layers.%d" % number: 1 for number in range(4)}
        apart = dict(self.MAP, lm_head=1, **layers)
        with self.assertRaises(StageFailure) as raised:
            self.load(apart, "qwen2-vl-tied")
        self.assertIn("tied weights apart", raised.exception.message)

    def test_inputs_on_another_device_than_0_are_refused(self):
        from evaljob_runner.failures import StageFailure
        with self.assertRaises(StageFailure) as raised:
            self.load(dict(self.MAP, **{"model.language_model.embed_tokens": 1}))
        self.assertIn("gives its inputs to device 0", raised.exception.message)

    def test_a_map_of_the_harness_that_names_a_card_too_many_is_refused(self):
        from evaljob_runner.failures import StageFailure
        with self.assertRaises(StageFailure) as raised:
            self.load(None, device_map={"model": 0, "lm_head": 7})
        self.assertIn("lm_head is on device 7 and this process has 0 to 2",
                      raised.exception.message)

    def test_auto_gets_limits_without_the_host(self):
        model = self.load(None, device_map="auto")
        self.assertLess(1, len(set(model.hf_device_map.values())))
        self.hook.built()
        self.assertEqual(set(map(str, set(model.hf_device_map.values()))), set(self.noted[0]))


if __name__ == "__main__":
    unittest.main()
