package io.evaljob.operator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.evaljob.operator.profile.Tensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProfileCommandTest {

  @TempDir private Path temporary;
  private Path folder;

  /** A model of 400 GB, as far as its headers tell. */
  @BeforeEach
  void write() throws IOException {
    folder = Files.createDirectories(temporary.resolve("My_Model-v1.5"));
    Tensors.text(
        folder.resolve("config.json"),
        "{\"text_config\":{\"num_hidden_layers\":80,\"num_attention_heads\":64,"
            + "\"num_key_value_heads\":8,\"hidden_size\":8192}}");
    new Tensors()
        .add("vision_model.embeddings.weight", 3200, 600)
        .layers(45, "vision_model.encoder.layers.%d.weight", 3200, 38400)
        .add("mlp1.1.weight", 12800, 8192)
        .add("language_model.model.embed_tokens.weight", 150_000, 8192)
        .layers(80, "language_model.model.layers.%d.mlp.weight", 8192, 300_000)
        .add("language_model.model.norm.weight", 8192)
        .add("language_model.lm_head.weight", 150_000, 8192)
        .shards(folder, 40);
  }

  @Test
  void theProfileIsTakenByPlan() throws IOException {
    Invocation made =
        Invocation.of("profile", folder.toString(), "--catalog-entry", "InternVL3-78B");
    assertThat(made.exitCode()).as(made.err()).isZero();
    assertThat(made.out()).contains("name: my-model-v1-5", "kind: ModelProfile");
    assertThat(made.err())
        .contains("my-model-v1-5: ", " in 40 files: vision 10.3 GiB", "80 layers");
    Path profile = Tensors.text(temporary.resolve("profile.yaml"), made.out());
    Path job = temporary.resolve("job.yaml");
    Files.writeString(
        job,
        Files.readString(Path.of(Edit.example("split-78b")))
            .replace("devicesPerProcess: 4", "devicesPerProcess: 8")
            .replace("processes: 2", "processes: 1"));

    Invocation plan = Invocation.of("plan", job.toString(), profile.toString());

    assertThat(plan.exitCode()).as(plan.err()).isZero();
    assertThat(plan.out()).contains("profile: my-model-v1-5", "layers ", "vision");
    assertThat(Invocation.of("validate", profile.toString()).out())
        .contains("ModelProfile default/my-model-v1-5 is valid");
  }

  @Test
  void jsonHoldsTheSame() throws IOException {
    Invocation json = Invocation.of("profile", folder.toString(), "-o", "json", "--name", "mine");

    JsonNode profile = new ObjectMapper().readTree(json.out());
    assertThat(profile.at("/metadata/name").asText()).isEqualTo("mine");
    assertThat(profile.at("/spec/loaders/2/dialect").asText()).isEqualTo("StatusFile");
    assertThat(profile.at("/spec/blocks/0/moduleNames/0").asText()).isEqualTo("vision_model");
    assertThat(profile.at("/spec/attentionHeads").asInt()).isEqualTo(64);
    assertThat(json.err()).contains("transformers is taken to load it");
  }

  @Test
  void loadersOfAKnownEntryAreTakenOver() {
    Invocation made = Invocation.of("profile", folder.toString(), "--catalog-entry", "Ovis2-34B");

    assertThat(made.out()).contains("- Ovis2-34B", "loader: SingleDevice");
    assertThat(made.err()).doesNotContain("transformers is taken");
  }

  @Test
  void aBrokenFileIsNamedWithItsPlace() throws IOException {
    Path shard = folder.resolve("model-00007-of-00040.safetensors");
    Files.write(shard, new byte[] {1, 2, 3});

    Invocation failed = Invocation.of("profile", folder.toString());

    assertThat(failed.exitCode()).isEqualTo(1);
    assertThat(failed.out()).isEmpty();
    assertThat(failed.err())
        .startsWith("evaljob profile: " + shard + ", byte 3: the file ends within the 8 bytes")
        .doesNotContain("DEBUG");
  }

  @Test
  void aNameThatKubernetesDoesNotTakeIsRefusedWithOneThatItTakes() {
    Invocation failed = Invocation.of("profile", folder.toString(), "--name", "My_Model");

    assertThat(failed.exitCode()).isEqualTo(2);
    assertThat(failed.err()).contains("--name: My_Model", "such as my-model");
  }
}
