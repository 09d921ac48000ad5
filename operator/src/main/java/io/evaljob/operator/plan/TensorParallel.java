package io.evaljob.operator.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * Tensor-parallel sizes and their memory.
 *
 * <p>vLLM needs a size that divides the attention heads, and one that divides the key-value heads
 * or is a multiple of them (they are then repeated). VLMEvalKit rounds the number of visible
 * devices down to 8, 4, 2 or 1 for most of its vLLM models, so any other size leaves devices idle.
 */
final class TensorParallel {

  /** Sizes that the harness does not round down. */
  static final List<Integer> SIZES = List.of(1, 2, 4, 8);

  private TensorParallel() {}

  /** Why {@code size} cannot be used; empty when it can. */
  static List<Refusal> refusals(PlanRequest request, String field, String value, int size) {
    List<Refusal> refusals = new ArrayList<>();
    if (!SIZES.contains(size)) {
      int used = SIZES.stream().filter(other -> other < size).reduce(1, Math::max);
      refusals.add(
          new Refusal(
              RefusalReason.TensorParallelWasteful,
              field,
              value,
              "leaves devices idle, because the harness rounds the tensor-parallel size down to "
                  + used,
              "set 1, 2, 4 or 8"));
    }
    OptionalInt heads = request.model().map(ModelFacts::attentionHeads).orElse(OptionalInt.empty());
    OptionalInt groups = request.model().map(ModelFacts::keyValueHeads).orElse(OptionalInt.empty());
    if (heads.isPresent() && heads.getAsInt() % size != 0) {
      refusals.add(uneven(field, value, heads.getAsInt() + " attention heads"));
    } else if (groups.isPresent()
        && groups.getAsInt() % size != 0
        && size % groups.getAsInt() != 0) {
      refusals.add(uneven(field, value, groups.getAsInt() + " key-value heads"));
    }
    return refusals;
  }

  private static Refusal uneven(String field, String value, String heads) {
    return new Refusal(
        RefusalReason.TensorParallelHeads,
        field,
        value,
        "cannot be the tensor-parallel size of a model with " + heads,
        "set a size that divides them");
  }

  /**
   * Estimated load of each device: an even share of the weights and of the KV cache (key-value
   * heads are repeated on more devices than there are heads), and all of the rest.
   */
  static long load(ModelUnits units, OptionalInt keyValueHeads, int size) {
    int shares = Math.min(size, keyValueHeads.orElse(size));
    return share(units.weights(), size)
        + share(units.keyValues(), shares)
        + units.activations().visionBytes()
        + units.logits()
        + units.activations().workspaceBytes();
  }

  /** An even share, rounded up. */
  static long share(long bytes, int devices) {
    return (bytes + devices - 1) / devices;
  }
}
