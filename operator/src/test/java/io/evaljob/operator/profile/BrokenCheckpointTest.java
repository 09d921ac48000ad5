package io.evaljob.operator.profile;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.BlockProfile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Whatever happened to a file, it is read, or refused by name: no other error, no endless work. */
class BrokenCheckpointTest {

  private static final String WEIGHTS = "model-00001-of-00001.safetensors";
  private static final String INDEX = "model.safetensors.index.json";
  private static final String CONFIG =
      "{\"num_hidden_layers\":2,\"num_attention_heads\":4,\"hidden_size\":8}";

  /** Bytes of all tensors. */
  private static final int DATA = 36;

  private static Path folder;
  private static byte[] weights;
  private static byte[] index;

  @BeforeContainer
  static void write() throws IOException {
    folder = Files.createTempDirectory("broken");
    new Tensors()
        .add("model.embed_tokens.weight", 4, 2)
        .layers(2, "model.layers.%d.mlp.weight", 2, 2)
        .add("vision_tower.patch.weight", 2)
        .shards(folder, 1);
    weights = Files.readAllBytes(folder.resolve(WEIGHTS));
    index = Files.readAllBytes(folder.resolve(INDEX));
  }

  @AfterContainer
  static void delete() throws IOException {
    for (String file : List.of(WEIGHTS, INDEX, "config.json")) {
      Files.deleteIfExists(folder.resolve(file));
    }
    Files.delete(folder);
  }

  /** A change of a file: bytes taken out at a place and others put there. */
  @SuppressWarnings("ArrayRecordComponent") // read only, never compared
  record Change(double place, int removed, byte[] added) {
    byte[] of(byte[] file) {
      int at = (int) (place * file.length);
      int rest = Math.min(file.length, at + removed);
      byte[] changed = new byte[at + added.length + file.length - rest];
      System.arraycopy(file, 0, changed, 0, at);
      System.arraycopy(added, 0, changed, at, added.length);
      System.arraycopy(file, rest, changed, at + added.length, file.length - rest);
      return changed;
    }
  }

  @Provide
  Arbitrary<Change> changes() {
    Arbitrary<byte[]> bytes = Arbitraries.bytes().array(byte[].class).ofMaxSize(12);
    Arbitrary<byte[]> words =
        Arbitraries.of(
                "{",
                "}",
                "[",
                "]",
                "\"",
                ":",
                ",",
                "-1",
                "0",
                "9223372036854775807",
                "1e99",
                "null",
                "\"a\":",
                "[[[[",
                "{\"\":",
                "BF16",
                "model.layers.7.",
                "\\ud800",
                "\\u0000",
                "999999.",
                "..",
                "visual.",
                "NaN",
                "true")
            .map(word -> word.getBytes(StandardCharsets.UTF_8));
    return Combinators.combine(
            Arbitraries.doubles().between(0, 1),
            Arbitraries.integers().between(0, 40),
            Arbitraries.oneOf(bytes, words))
        .as(Change::new);
  }

  @Property(tries = 3000)
  void weights(@ForAll("changes") Change first, @ForAll("changes") Change second)
      throws IOException {
    readOrRefused(second.of(first.of(weights)), index, CONFIG.getBytes(StandardCharsets.UTF_8));
  }

  /** The header's length stays right, so that what is in it is looked at. */
  @Property(tries = 3000)
  void header(@ForAll("changes") Change change) throws IOException {
    byte[] header = change.of(Arrays.copyOfRange(weights, 8, weights.length - DATA));
    Path file = folder.resolve(WEIGHTS);
    Tensors.write(file, header, DATA);
    readOrRefused(Files.readAllBytes(file), index, CONFIG.getBytes(StandardCharsets.UTF_8));
  }

  @Property(tries = 1500)
  void indexAndConfiguration(@ForAll("changes") Change first, @ForAll("changes") Change second)
      throws IOException {
    readOrRefused(weights, first.of(index), second.of(CONFIG.getBytes(StandardCharsets.UTF_8)));
  }

  private static void readOrRefused(byte[] data, byte[] names, byte[] config) throws IOException {
    Files.write(folder.resolve(WEIGHTS), data);
    Files.write(folder.resolve(INDEX), names);
    Files.write(folder.resolve("config.json"), config);
    try {
      List<BlockProfile> blocks = LocalModel.read(folder).blocks();
      assertThat(blocks).isNotEmpty().allMatch(block -> block.bytes() >= 0);
    } catch (CheckpointException refused) {
      assertThat(refused.getMessage())
          .startsWith(folder.toString())
          .contains("; ")
          .doesNotContainPattern("[\\p{Cntrl}]");
    }
  }
}
