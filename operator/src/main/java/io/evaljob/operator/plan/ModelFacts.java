package io.evaljob.operator.plan;

import java.util.List;
import java.util.OptionalInt;

/**
 * What a profile says about a model.
 *
 * @param profileName name of the profile, for messages
 * @param blocks blocks in execution order; may be empty, then memory fit is not checked
 * @param attentionHeads attention heads of the language model, when known
 * @param keyValueHeads key-value heads of the language model, when known
 * @param allowedDeviceCounts device counts per process that this model can use; empty allows any
 * @param tiedHead whether the head is the embedding: costs nothing and stays with it
 * @param activations memory besides weights and KV cache
 */
public record ModelFacts(
    String profileName,
    List<Block> blocks,
    OptionalInt attentionHeads,
    OptionalInt keyValueHeads,
    List<Integer> allowedDeviceCounts,
    boolean tiedHead,
    Activations activations) {
  public ModelFacts {
    blocks = List.copyOf(blocks);
    allowedDeviceCounts = allowedDeviceCounts.stream().distinct().sorted().toList();
  }
}
