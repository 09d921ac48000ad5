"""The planned split: names resolved against the model, applied to the one load it is about."""
import os
import shutil
import sys
import tempfile
import types
import unittest

from evaljob_runner import rank_cpu, rank_model
from evaljob_runner.failures import StageFailure
from evaljob_runner.import_hooks import ImportHooks
from evaljob_runner.rank_load import ModelLoad, keep_in_place
from evaljob_runner.rank_split import SplitPolicy, covered, device_of
from support import Container


def assignment(role, names, device, first=0, count=1):
    return {"role": role, "moduleNames": names, "first": first, "count": count, "device": device,
            "bytes": 1}


def policy(assignments, devices=2, **more):
    return SplitPolicy.of(dict({"strategy": "Layers", "loader": "Transformers", "deviceMap": {},
                                "assignments": assignments}, **more), devices)


PLAN = [
    assignment("Vision", ["vision_model", "model.visual"], 0),
    assignment("Connector", ["mlp1"], 0),
    assignment("Embedding", ["language_model.model.embed_tokens",
                             "model.language_model.embed_tokens"], 0),
    assignment("Layers", ["language_model.model.layers", "model.language_model.layers"], 0, 0, 1),
    assignment("Layers", ["language_model.model.layers", "model.language_model.layers"], 1, 1, 2),
    assignment("Norm", ["model.language_model.norm"], 1),
    assignment("Head", ["lm_head"], 1),
]


def model(layers=3, big=1000):
    sizes = {"model.visual.blocks.%d.w" % i: big for i in range(4)}
    sizes["model.language_model.embed_tokens.weight"] = big
    sizes.update({"model.language_model.layers.%d.mlp.w" % i: big for i in range(layers)})
    sizes.update({"model.language_model.norm.weight": 1, "lm_head.weight": big,
                  "model.language_model.rotary_emb.inv_freq": 1})
    return sizes


class ResolveTest(unittest.TestCase):

    def refused(self, expected, policy_, sizes):
        with self.assertRaises(StageFailure) as raised:
            policy_.resolve(sizes)
        self.assertEqual("SplitNotApplicable", raised.exception.cause)
        self.assertIn(expected, raised.exception.message)

    def test_aliases_become_the_models_own_names(self):
        self.assertEqual({
            "model.visual": 0, "model.language_model.embed_tokens": 0,
            "model.language_model.layers.0": 0, "model.language_model.layers.1": 1,
            "model.language_model.layers.2": 1, "model.language_model.norm": 1, "lm_head": 1,
            "model.language_model.rotary_emb": 0}, policy(PLAN).resolve(model()))

    def test_every_tensor_is_covered_on_a_device_of_ours(self):
        sizes = model()
        result = policy(PLAN).resolve(sizes)
        self.assertTrue(all(covered(result, name) for name in sizes))
        self.assertEqual({0, 1}, set(result.values()))

    def test_more_or_fewer_layers_than_planned_are_refused(self):
        self.refused("leaves out 2 tensors of 1001 bytes (model.language_model.layers.3.mlp.w)", policy(PLAN), model(4))
        self.refused("has only 2 blocks", policy(PLAN), model(2))

    def test_layer_1_does_not_stand_for_layer_10(self):
        sizes = {"layers.1.w": 1000, "layers.10.w": 1000}
        self.refused("leaves out", policy([assignment("Layers", ["layers"], 0, 1, 1)]), sizes)

    def test_a_missing_module_is_named_with_what_is_there(self):
        sizes = {"other.w": 10}
        self.refused("no module for Vision: looked for vision_model, model.visual, the model has "
                     "other.w", policy(PLAN), sizes)

    def test_a_device_out_of_range_is_refused(self):
        self.refused("is on device 1 and this process has 0 to 0", policy(PLAN, 1), model())

    def test_a_cut_tower_takes_its_rest_along(self):
        plan = [assignment("Vision", ["model.visual"], 0, 0, 2),
                assignment("Vision", ["model.visual"], 1, 2, 2)] + PLAN[2:]
        sizes = dict(model(), **{"model.visual.patch_embed.w": 5000})
        result = policy(plan).resolve(sizes)
        self.assertEqual(1, result["model.visual.blocks.3"])
        self.assertEqual(0, result["model.visual.patch_embed"])

    def test_a_literal_map_is_checked(self):
        def literal(device_map, devices=2):
            return policy([], devices, strategy="DeviceMap", deviceMap=device_map)
        self.assertEqual({"model": 0, "lm_head": 1},
                         literal({"model": 0, "lm_head": 1}).resolve(model()))
        self.refused("names vision", literal({"model": 0, "vision": 1}), model())
        self.refused("leaves out", literal({"model": 0}), model())
        self.refused("device 2", literal({"model": 0, "lm_head": 2}), model())

    def test_tied_weights_stay_together(self):
        tied = [["model.language_model.embed_tokens.weight", "lm_head.weight"]]
        self.assertEqual(0, policy(PLAN).resolve(model(), tied)["lm_head"])
        with self.assertRaises(StageFailure) as raised:
            policy([], strategy="DeviceMap", deviceMap={"model": 0, "lm_head": 1}).resolve(
                model(), tied)
        self.assertIn("lm_head.weight on 1, model.language_model.embed_tokens.weight on 0",
                      raised.exception.message)

    def test_a_tied_head_inside_a_module_of_the_map_is_taken_out_of_it(self):
        sizes = {"text.embed.weight": 10, "text.layers.0.w": 10, "out.head.weight": 10,
                 "out.norm.weight": 1}
        plan = policy([assignment("Embedding", ["text.embed"], 0),
                       assignment("Layers", ["text.layers"], 1, 0, 1),
                       assignment("Head", ["out"], 1)])
        result = plan.resolve(sizes, [["text.embed.weight", "out.head.weight"]])
        self.assertEqual((0, 1), (device_of(result, "out.head.weight"),
                                  device_of(result, "out.norm.weight")))

    def test_what_takes_the_inputs_is_on_device_0(self):
        with self.assertRaises(StageFailure) as raised:
            policy([], strategy="DeviceMap", deviceMap={"model": 1, "lm_head": 0}).resolve(
                model(), (), ["model.language_model.embed_tokens"])
        self.assertIn("is on device 1, and the harness gives its inputs to device 0",
                      raised.exception.message)

    def test_what_splits_itself_has_no_policy(self):
        self.assertIsNone(policy(PLAN, loader="VLLM"))
        self.assertIsNone(policy(PLAN, strategy="TensorParallel"))
        self.assertIsNone(policy(PLAN, strategy="None"))


class FakeTensor:

    def __init__(self, device="cuda", index=0):
        self.device = types.SimpleNamespace(type=device, index=index)

    def numel(self):
        return 10

    def element_size(self):
        return 2


class FakePreTrainedModel:
    """What the wrapper touches of transformers' class."""

    config_class = types.SimpleNamespace(from_pretrained=lambda path, **keywords: "config")
    loads = []
    device = "cuda"

    @classmethod
    def _from_config(cls, config):
        return cls()

    @classmethod
    def from_pretrained(cls, path, *arguments, **keywords):
        cls.loads.append((str(path), keywords.get("device_map")))
        if path == "weights":
            FakePreTrainedModel.from_pretrained("tower", device_map="cpu")
        return cls()

    def named_parameters(self, remove_duplicate=True):
        return [("a.w", FakeTensor(self.device, 0)), ("b.w", FakeTensor(self.device, 1))]

    def named_buffers(self, remove_duplicate=True):
        return []

    def modules(self):
        return [self]

    def _apply(self, function):
        return self

    def to(self, *arguments, **keywords):
        self.moved = keywords
        return self

    def cuda(self):
        raise AssertionError("moved")


class LoadTest(unittest.TestCase):

    def setUp(self):
        meta = types.SimpleNamespace(__enter__=None)

        class Device:
            def __init__(self, name):
                assert name == "meta"

            def __enter__(self):
                return meta

            def __exit__(self, *exception):
                return False

        before = sys.modules.get("torch")
        sys.modules["torch"] = types.SimpleNamespace(device=Device)
        self.addCleanup(lambda: sys.modules.update(torch=before) if before
                        else sys.modules.pop("torch"))
        self.model_class = type("Model", (FakePreTrainedModel,), {"loads": []})
        FakePreTrainedModel.loads = self.model_class.loads
        self.notes = []
        self.loader = ModelLoad(
            policy([], strategy="DeviceMap", deviceMap={"a": 0, "b": 1}), 2, 10, "./weights",
            self.notes.append)
        self.module = types.SimpleNamespace(PreTrainedModel=FakePreTrainedModel)
        original = FakePreTrainedModel.__dict__["from_pretrained"]
        self.addCleanup(setattr, FakePreTrainedModel, "from_pretrained", original)
        self.loader._patch(self.module)

    def test_the_outermost_load_of_the_models_path_is_split_and_no_other(self):
        self.model_class.from_pretrained("weights", device_map="auto")
        self.loader.start()
        self.model_class.from_pretrained("other", device_map="auto")
        loaded = self.model_class.from_pretrained("weights", device_map="auto", max_memory={0: 1})
        self.loader.built()
        self.assertEqual(
            [("weights", "auto"), ("tower", "cpu"), ("other", "auto"),
             ("weights", {"a": 0, "b": 1}), ("tower", "cpu")], self.model_class.loads)
        self.assertEqual([{"0": 20, "1": 20}], self.notes)
        self.assertIs(loaded, loaded.cuda())

    def test_a_snapshot_of_the_repository_is_the_same_model(self):
        self.loader._path = "org/model"
        self.loader.start()
        self.assertTrue(self.loader._wanted("/cache/models--org--model/snapshots/abc"))
        self.assertTrue(self.loader._wanted("org/model"))
        self.assertFalse(self.loader._wanted("/cache/models--org--tower/snapshots/abc"))

    def test_a_model_loaded_elsewhere_is_refused(self):
        self.loader.start()
        with self.assertRaises(StageFailure) as raised:
            self.loader.built()
        self.assertIn("not loaded through transformers", raised.exception.message)

    def others(self):
        """The loader of weights that are on the disk, with a tower beside them; modules that read."""
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        for name, size in (("model/a.safetensors", 600), ("model/b.safetensors", 400),
                           ("model/projector.bin", 90), ("tower/model.safetensors", 500),
                           ("other/model.safetensors", 900)):
            os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
            with open(os.path.join(folder, name), "wb") as out:
                out.write(bytes(size))
        self.loader = ModelLoad(
            policy([], strategy="DeviceMap", deviceMap={"a": 0, "b": 1}), 2, 10,
            os.path.join(folder, "model"), self.notes.append, 1000)
        self.loader._patch(self.module)
        read = []
        modules = {name: types.SimpleNamespace(**{function: lambda *arguments: read.append(
            os.path.basename(arguments[0])) or "read"}) for name, function in (
                ("vllm", "LLM"), ("lmdeploy", "pipeline"), ("safetensors", "safe_open"),
                ("torch", "load"))}
        self.loader._others.install(
            types.SimpleNamespace(after=lambda name, callback: callback(modules[name])))
        return folder, modules, read

    def test_weights_that_are_read_another_way_are_refused_before_they_are(self):
        folder, modules, read = self.others()
        weights = os.path.join(folder, "model", "a.safetensors")
        self.assertEqual("read", modules["safetensors"].safe_open(weights))  # nothing is built yet
        self.loader.start()
        # A projector of the model, and a tower from elsewhere, are the class's own affair.
        modules["torch"].load(os.path.join(folder, "model", "projector.bin"))
        modules["safetensors"].safe_open(os.path.join(folder, "tower", "model.safetensors"))
        self.model_class.from_pretrained(os.path.join(folder, "tower"))
        for module, function in (("safetensors", "safe_open"), ("torch", "load")):
            with self.assertRaises(StageFailure) as raised:
                getattr(modules[module], function)(weights)
            self.assertEqual("SplitNotApplicable", raised.exception.cause)
            self.assertIn("its class reads the weights itself (a.safetensors) and not through "
                          "transformers' from_pretrained, so no split reaches it; set "
                          "spec.split.strategy: None", raised.exception.message)
        self.assertEqual(["a.safetensors", "projector.bin", "model.safetensors"], read)
        self.loader._loads = 1  # transformers itself, in whatever thread
        self.assertEqual("read", modules["safetensors"].safe_open(weights))

    def test_an_engine_of_its_own_is_refused_before_it_begins(self):
        _, modules, read = self.others()
        self.loader.start({"model_path": "weights", "use_vllm": False})
        for module, function, loader in (("vllm", "LLM", "VLLM"),
                                         ("lmdeploy", "pipeline", "LMDeploy")):
            with self.assertRaises(StageFailure) as raised:
                getattr(modules[module], function)("weights")
            self.assertIn("set loader: %s in its profile" % loader, raised.exception.message)
        self.assertEqual([], read)
        with self.assertRaises(StageFailure) as raised:
            self.loader.start({"use_lmdeploy": True})
        self.assertIn("LMDeploy loads this model", raised.exception.message)
        self.loader.stop()
        self.assertEqual("read", modules["vllm"].LLM("judge"))

    def test_a_model_of_that_size_from_elsewhere_is_refused_before_it_is_loaded(self):
        folder, _, _ = self.others()
        self.loader.start()
        del self.model_class.loads[:]
        with self.assertRaises(StageFailure) as raised:
            self.model_class.from_pretrained(os.path.join(folder, "other"))
        self.assertIn("other and the plan is about", raised.exception.message)
        self.assertEqual([], self.model_class.loads)

    def test_a_tensor_on_the_host_is_refused(self):
        self.loader.start()
        self.model_class.device = "cpu"
        with self.assertRaises(StageFailure) as raised:
            self.model_class.from_pretrained("weights", device_map="auto")
        self.assertIn("2 tensors were loaded elsewhere than on a device (a.w, b.w)", raised.exception.message)

    def test_a_move_keeps_the_cast(self):
        dtype = type("dtype", (), {})()
        instance = self.model_class()
        keep_in_place(instance)
        self.assertIs(instance, instance.to("cuda"))
        self.assertFalse(hasattr(instance, "moved"))
        instance.to("cuda", dtype)
        self.assertEqual({"dtype": dtype}, instance.moved)


class CpuTest(unittest.TestCase):

    def test_devices_become_the_host(self):
        self.assertEqual("cpu", rank_cpu.on_cpu("cuda:1"))
        self.assertEqual("cpu", rank_cpu.on_cpu(0))
        self.assertEqual("float16", rank_cpu.on_cpu("float16"))
        self.assertTrue(rank_cpu.on_cpu(True))

    def test_loading_asks_for_no_device(self):
        self.assertEqual(
            {"device_map": "cpu", "attn_implementation": "sdpa", "x": 1},
            rank_cpu.without_devices({"device_map": "auto", "x": 1,
                                      "attn_implementation": "flash_attention_2"}))
        self.assertEqual({"device_map": {"": "cpu"}},
                         rank_cpu.without_devices({"device_map": {"": 0}}))
        self.assertEqual({}, rank_cpu.without_devices({}))


class CatalogueTest(unittest.TestCase):

    class Model:
        def __init__(self, ckpt, beams=1):
            self.ckpt, self.beams = ckpt, beams

    class Fixed:
        def __init__(self):
            pass

    def test_the_weights_go_to_the_argument_that_names_them(self):
        build = rank_model.resolve("Model", {}, (CatalogueTest,), "/w", {"beams": "4"})
        self.assertEqual(("/w", 4), (build().ckpt, build().beams))

    def test_a_class_without_weights_cannot_be_given_others(self):
        with self.assertRaises(StageFailure):
            rank_model.resolve("Fixed", {}, (CatalogueTest,), "/w", {})

    def test_parameters_are_json_or_text(self):
        self.assertEqual({"a": 1, "b": True, "c": "text", "d": [1]}, rank_model.parameters(
            {"a": "1", "b": "true", "c": "text", "d": "[1]"}))


class ImportHookTest(Container):

    def test_a_module_is_seen_after_its_import_and_keeps_its_loader(self):
        self.write("value = 1\n", "python", "evaljob_hooked.py")
        sys.path.insert(0, self.path("python"))
        self.addCleanup(sys.path.remove, self.path("python"))
        self.addCleanup(sys.modules.pop, "evaljob_hooked", None)
        seen = []
        hooks = ImportHooks().install()
        self.addCleanup(sys.meta_path.remove, hooks)
        hooks.after("evaljob_hooked", lambda module: seen.append(module.value))
        hooks.after("os", lambda module: seen.append(module is os))
        self.assertEqual([True], seen)
        import evaljob_hooked
        self.assertEqual([True, 1], seen)
        self.assertEqual("SourceFileLoader", type(evaljob_hooked.__loader__).__name__)


if __name__ == "__main__":
    unittest.main()
