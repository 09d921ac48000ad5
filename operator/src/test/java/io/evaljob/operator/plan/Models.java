package io.evaljob.operator.plan;

import java.util.List;
import java.util.OptionalInt;

/** Facts for tests. */
final class Models {

  static final long GIB = 1L << 30;

  private Models() {}

  /** A 78B model: a heavy vision tower, 80 layers, device counts 2, 4 and 8. */
  static ModelFacts large() {
    return new ModelFacts(
        "internvl3-78b",
        List.of(
            new Block(Role.Vision, 1, 11_072_992_000L, 0, List.of("vision_model", "visual")),
            new Block(Role.Connector, 1, 344_016_896L, 0, List.of("mlp1")),
            new Block(
                Role.Embedding, 1, 2_485_026_816L, 0, List.of("language_model.model.embed_tokens")),
            new Block(
                Role.Layers, 80, 1_755_369_472L, 4096, List.of("language_model.model.layers")),
            new Block(Role.Norm, 1, 16_384, 0, List.of("language_model.model.norm")),
            new Block(Role.Head, 1, 2_485_026_816L, 0, List.of("language_model.lm_head"))),
        OptionalInt.of(64),
        OptionalInt.of(8),
        List.of(2, 4, 8),
        false,
        new Activations(3 * GIB, 608_256, GIB));
  }

  /** The same facts with other device counts. */
  static ModelFacts allowing(ModelFacts facts, Integer... counts) {
    return new ModelFacts(
        facts.profileName(),
        facts.blocks(),
        facts.attentionHeads(),
        facts.keyValueHeads(),
        List.of(counts),
        facts.tiedHead(),
        facts.activations());
  }

  /** The same facts with other heads. */
  static ModelFacts heads(ModelFacts facts, int attention, int keyValue) {
    return new ModelFacts(
        facts.profileName(),
        facts.blocks(),
        OptionalInt.of(attention),
        OptionalInt.of(keyValue),
        facts.allowedDeviceCounts(),
        facts.tiedHead(),
        facts.activations());
  }

  /** The same facts with other blocks. */
  static ModelFacts blocks(ModelFacts facts, List<Block> blocks) {
    return new ModelFacts(
        facts.profileName(),
        blocks,
        facts.attentionHeads(),
        facts.keyValueHeads(),
        facts.allowedDeviceCounts(),
        facts.tiedHead(),
        facts.activations());
  }
}
