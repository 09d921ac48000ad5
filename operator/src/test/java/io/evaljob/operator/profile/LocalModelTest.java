package io.evaljob.operator.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evaljob.api.v1alpha1.BlockProfile;
import io.evaljob.api.v1alpha1.BlockRole;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LocalModelTest {

  private static final String QWEN =
      "{'num_hidden_layers':3,'num_attention_heads':8,'num_key_value_heads':2,'hidden_size':64}";

  @TempDir private Path folder;

  private static Tensors qwen() {
    return new Tensors()
        .add("lm_head.weight", 100, 64)
        .add("model.embed_tokens.weight", 100, 64)
        .layers(3, "model.layers.%d.self_attn.k_proj.weight", 16, 64)
        .layers(3, "model.layers.%d.mlp.up_proj.weight", 64, 64)
        .add("model.norm.weight", 64)
        .layers(5, "visual.blocks.%d.attn.qkv.weight", 32, 32)
        .add("visual.merger.mlp.0.weight", 32, 64)
        .add("visual.merger.mlp.2.weight", 64, 64)
        .add("visual.patch_embed.proj.weight", 32, 3);
  }

  private LocalModel read(Tensors tensors, String config) {
    tensors.write(folder.resolve("model.safetensors"));
    return config(config);
  }

  private LocalModel config(String config) {
    Tensors.text(folder.resolve("config.json"), config.replace('\'', '"'));
    return LocalModel.read(folder);
  }

  private static BlockProfile block(BlockRole role, Integer count, long bytes, String... names) {
    return new BlockProfile(role, count, bytes, null, List.of(names));
  }

  @Test
  void rolesBytesAndAliasesComeFromNames() {
    LocalModel model = read(qwen(), QWEN);

    assertThat(model.blocks())
        .containsExactly(
            block(BlockRole.Vision, null, 32 * 3 * 2, "visual", "model.visual"),
            block(BlockRole.Vision, 5, 32 * 32 * 2, "visual.blocks", "model.visual.blocks"),
            block(
                BlockRole.Connector,
                null,
                (32 * 64 + 64 * 64) * 2,
                "visual.merger",
                "model.visual.merger"),
            block(
                BlockRole.Embedding,
                null,
                100 * 64 * 2,
                "model.embed_tokens",
                "model.language_model.embed_tokens"),
            new BlockProfile(
                BlockRole.Layers,
                3,
                (16 * 64 + 64 * 64) * 2,
                2L * 2 * 8 * 2,
                List.of("model.layers", "model.language_model.layers")),
            block(BlockRole.Norm, null, 64 * 2, "model.norm", "model.language_model.norm"),
            block(BlockRole.Head, null, 100 * 64 * 2, "lm_head", "language_model.lm_head"));
    assertThat(model.tiedHead()).isFalse();
    assertThat(model.attentionHeads()).hasValue(8);
    assertThat(model.keyValueHeads()).hasValue(2);
    assertThat(model.bytes()).isEqualTo(qwen().bytes());
    assertThat(model.notes()).isEmpty();
  }

  @Test
  void severalFilesMakeTheSameAsOne() {
    LocalModel one = read(qwen(), QWEN);
    folder.resolve("model.safetensors").toFile().delete();
    qwen().shards(folder, 4);

    assertThat(LocalModel.read(folder).blocks()).isEqualTo(one.blocks());
    assertThat(LocalModel.read(folder).files()).isEqualTo(4);

    folder.resolve("model.safetensors.index.json").toFile().delete();
    assertThat(LocalModel.read(folder).blocks()).isEqualTo(one.blocks());

    folder.resolve("model-00003-of-00004.safetensors").toFile().delete();
    assertThatThrownBy(() -> LocalModel.read(folder))
        .hasMessageContaining("lacks model-00003-of-00004.safetensors");
  }

  @Test
  void ofSeveralBrokenFilesTheFirstIsTold() {
    qwen().shards(folder, 16);
    Tensors.text(folder.resolve("config.json"), QWEN.replace('\'', '"'));
    for (int number = 3; number <= 16; number++) {
      Tensors.text(folder.resolve("model-%05d-of-00016.safetensors".formatted(number)), "x");
    }
    for (int time = 0; time < 20; time++) {
      assertThatThrownBy(() -> LocalModel.read(folder))
          .hasMessageContaining("model-00003-of-00016.safetensors, byte 1");
    }
  }

  @Test
  void aFileOfTheIndexThatIsNotThereIsNamedWithItsPlace() throws IOException {
    qwen().shards(folder, 4);
    Tensors.text(folder.resolve("config.json"), QWEN.replace('\'', '"'));
    folder.resolve("model-00003-of-00004.safetensors").toFile().delete();
    Path index = folder.resolve("model.safetensors.index.json");
    long place = Files.readString(index).indexOf("\"model-00003");

    assertThatThrownBy(() -> LocalModel.read(folder))
        .hasMessageStartingWith(index + ", byte " + place + ": ")
        .hasMessageContaining("model-00003-of-00004.safetensors, which does not exist")
        .hasMessageContaining("fetch");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "{}|has no weight_map",
        "{'weight_map':[]}|must be an object",
        "{'weight_map':{'a':'../../etc/passwd'}}|not a name within the folder",
        "{'weight_map':{'lm_head.weight':'model.safetensors','more':'model.safetensors'}}"
            + "|says that model.safetensors has tensor more",
        "{'weight_map':{'a':'x','a':'x'}}|which does not exist",
      })
  void aBrokenIndexIsTold(String index, String why) {
    qwen().write(folder.resolve("model.safetensors"));
    Path file =
        Tensors.text(folder.resolve("model.safetensors.index.json"), index.replace('\'', '"'));

    assertThatThrownBy(() -> LocalModel.read(folder))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContaining(why);
  }

  /** The head of a tied model is in no file, and the runner must find it all the same. */
  @Test
  void aHeadThatIsNotThereIsTheEmbedding() {
    Tensors tensors =
        new Tensors()
            .add("model.embed_tokens.weight", 100, 64)
            .layers(3, "model.layers.%d.mlp.up_proj.weight", 64, 64)
            .add("model.norm.weight", 64);

    LocalModel model = read(tensors, QWEN);

    assertThat(model.tiedHead()).isTrue();
    assertThat(model.blocks())
        .last()
        .isEqualTo(block(BlockRole.Head, null, 100 * 64 * 2, "lm_head", "language_model.lm_head"));
    assertThat(model.vision()).isFalse();
  }

  @Test
  void aHeadThatTheConfigurationTiesIsTied() {
    assertThat(read(qwen(), QWEN).tiedHead()).isFalse();
    assertThat(config(QWEN.replace("{", "{'tie_word_embeddings':true,")).tiedHead()).isTrue();
  }

  @Test
  void layersOfUnequalBytesOrCacheAreSeveralEntries() {
    Tensors tensors =
        new Tensors()
            .add("model.embed_tokens.weight", 100, 64)
            .layers(2, "model.layers.%d.self_attn.kv_proj.weight", 8, 8)
            .add("model.layers.2.linear_attn.in_proj_qkvz.weight", 8, 8)
            .add("model.layers.3.self_attn.kv_proj.weight", 8, 8)
            .add("model.layers.3.mlp.experts.0.up.weight", 8, 8)
            .add("model.layers.3.mlp.experts.1.up.weight", 8, 8)
            .add("model.norm.weight", 64);

    LocalModel model =
        read(tensors, QWEN.replace("'num_hidden_layers':3", "'num_hidden_layers':4"));

    assertThat(model.blocks())
        .filteredOn(each -> each.role() == BlockRole.Layers)
        .containsExactly(
            new BlockProfile(BlockRole.Layers, 2, 128, 64L, List.of("model.layers")),
            new BlockProfile(BlockRole.Layers, null, 128, null, List.of("model.layers")),
            new BlockProfile(BlockRole.Layers, null, 384, 64L, List.of("model.layers")));
  }

  @Test
  void theConfigurationTellsWhichLayersKeepAState() {
    String config =
        QWEN.replace("{", "{'layer_types':['full_attention','linear_attention','full_attention'],");

    assertThat(read(qwen(), config).blocks())
        .filteredOn(each -> each.role() == BlockRole.Layers)
        .extracting(BlockProfile::keyValueBytesPerToken)
        .containsExactly(64L, null, 64L);
  }

  /** Packed weights, scales and zeros are all part of the layer. */
  @Test
  void quantisedLayersCountWhatIsStored() {
    Tensors tensors = new Tensors().add("model.embed_tokens.weight", 100, 64);
    for (int layer = 0; layer < 3; layer++) {
      String name = "model.layers." + layer + ".mlp.up_proj.";
      tensors
          .add(name + "qweight", "I32", 32, 64, 8)
          .add(name + "qzeros", "I32", 32, 1, 8)
          .add(name + "scales", "F16", 16, 1, 64);
    }
    String config = QWEN.replace("{", "{'quantization_config':{'quant_method':'awq'},");

    LocalModel model = read(tensors.add("model.norm.weight", 64), config);

    assertThat(model.blocks().get(1).bytes()).isEqualTo(64 * 8 * 4 + 8 * 4 + 64 * 2);
    assertThat(model.quantisation()).contains("awq");
  }

  @Test
  void predictorLayersAreLeftOutAndSaid() {
    Tensors tensors = qwen().add("model.layers.3.eh_proj.weight", 64, 64);

    assertThatThrownBy(() -> read(tensors, QWEN))
        .hasMessageContaining("says that the model has 3 layers, and the files have 4");
    LocalModel model = config(QWEN.replace("{", "{'num_nextn_predict_layers':1,"));
    assertThat(model.blocks())
        .filteredOn(each -> each.role() == BlockRole.Layers)
        .extracting(BlockProfile::count)
        .containsExactly(3);
    assertThat(model.notes()).anyMatch(note -> note.startsWith("1 further layers"));
  }

  @Test
  void aModelWithoutAllItsLayersIsRefused() {
    assertThatThrownBy(
            () -> read(qwen(), QWEN.replace("'num_hidden_layers':3", "'num_hidden_layers':9")))
        .hasMessageStartingWith(folder.resolve("config.json").toString())
        .hasMessageContaining("9 layers, and the files have 3 of model.layers");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'num_attention_heads':16,'hidden_size':64|256",
        "'num_attention_heads':16,'num_key_value_heads':4,'head_dim':128|2048",
        "'num_attention_heads':16,'num_key_value_heads':4,'head_dim':128,'dtype':'float32'|4096",
        "'num_attention_heads':4,'kv_lora_rank':8,'qk_nope_head_dim':16,'qk_rope_head_dim':8,"
            + "'v_head_dim':16|320",
      })
  void aTokenOfCacheFollowsFromHeads(String numbers, long bytes) {
    LocalModel nested = read(qwen(), "{'text_config':{" + numbers + "}}");
    LocalModel flat = config("{" + numbers + "}");

    assertThat(flat.blocks())
        .isEqualTo(nested.blocks())
        .filteredOn(each -> each.role() == BlockRole.Layers)
        .extracting(BlockProfile::keyValueBytesPerToken)
        .containsExactly(bytes);
  }

  @Test
  void withoutHeadsTheCacheIsNotCountedAndThatIsSaid() {
    LocalModel model = read(qwen(), "{}");

    assertThat(model.blocks())
        .filteredOn(each -> each.role() == BlockRole.Layers)
        .extracting(BlockProfile::keyValueBytesPerToken)
        .containsExactly((Long) null);
    assertThat(model.notes()).anyMatch(note -> note.contains("the KV cache is not counted"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'num_hidden_layers':'three'}|num_hidden_layers is \"three\" and must be a whole number",
        "{'num_hidden_layers':0}|from 1 to 1024",
        "{'num_attention_heads':1e9}|num_attention_heads is",
        "[]|is not a JSON object",
        "{'a':|, byte 5: is not valid JSON",
      })
  void aBrokenConfigurationIsTold(String config, String why) {
    assertThatThrownBy(() -> read(qwen(), config))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(folder.resolve("config.json").toString())
        .hasMessageContaining(why);
  }

  @Test
  void whatPythonReadsIsRead() {
    assertThat(read(qwen(), QWEN.replace("{", "{'scale':NaN,'scale':Infinity,")).notes()).isEmpty();
  }

  @Test
  void modulesOfNoKnownKindAreSaid() {
    assertThat(read(qwen().add("strange.thing.weight", 2), QWEN).notes())
        .containsExactly(
            "1 modules are of no known kind and are planned on device 0: strange.thing");
  }

  @Test
  void aHubCacheIsReadAtItsMainRevision() throws IOException {
    Path model = folder.resolve("models--Org--Model");
    Path revision = Files.createDirectories(model.resolve("snapshots/0123abc"));
    Files.createDirectories(model.resolve("snapshots/older"));
    Files.createDirectories(model.resolve("refs"));
    qwen().write(revision.resolve("model.safetensors"));
    Tensors.text(revision.resolve("config.json"), QWEN.replace('\'', '"'));

    assertThatThrownBy(() -> LocalModel.read(model)).hasMessageContaining("2 revisions");
    Tensors.text(model.resolve("refs/main"), "0123abc\n");
    assertThat(LocalModel.read(model).folder()).isEqualTo(revision);
    assertThat(LocalModel.read(revision.resolve("model.safetensors")).folder()).isEqualTo(revision);
  }

  @Test
  void aFolderWithoutWeightsSaysWhatItHas() {
    assertThatThrownBy(() -> LocalModel.read(folder))
        .hasMessageContaining("holds no safetensors file");
    Tensors.text(folder.resolve("pytorch_model-00001-of-00002.bin"), "");
    assertThatThrownBy(() -> LocalModel.read(folder))
        .hasMessageContaining("pickle")
        .hasMessageContaining("safe_serialization");
    Tensors.text(folder.resolve("a.safetensors"), "");
    Tensors.text(folder.resolve("b.safetensors"), "");
    assertThatThrownBy(() -> LocalModel.read(folder)).hasMessageContaining("no index");
    assertThatThrownBy(() -> LocalModel.read(folder.resolve("nothing")))
        .hasMessageContaining("does not exist");
  }
}
