package io.evaljob.operator.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * A model by its figures in bytes, one for each block; KV cache and context tokens are left out.
 */
record SmallModel(
    List<Long> vision,
    long connector,
    long embedding,
    List<Long> layers,
    long norm,
    long head,
    boolean tied,
    long visionActivations,
    long logits,
    long workspace) {

  /** The same model as a profile gives it; a logit is a byte and the context is one token. */
  ModelFacts facts() {
    List<Block> blocks = new ArrayList<>();
    for (int block = 0; block < vision.size(); block++) {
      blocks.add(block(Role.Vision, vision.get(block), "vision.part" + block));
    }
    blocks.add(block(Role.Connector, connector, "connector"));
    blocks.add(block(Role.Embedding, embedding, "embedding"));
    layers.forEach(bytes -> blocks.add(block(Role.Layers, bytes, "layers")));
    blocks.add(block(Role.Norm, norm, "norm"));
    blocks.add(block(Role.Head, head, "head"));
    return new ModelFacts(
        "small",
        blocks,
        OptionalInt.empty(),
        OptionalInt.empty(),
        List.of(),
        tied,
        new Activations(visionActivations, logits, workspace));
  }

  private static Block block(Role role, long bytes, String name) {
    // Half of a layer's load is KV cache of the one token.
    long cache = role == Role.Layers ? bytes / 2 : 0;
    return new Block(role, 1, bytes - cache, cache, List.of(name));
  }
}
