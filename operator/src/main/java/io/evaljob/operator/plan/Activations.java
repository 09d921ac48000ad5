package io.evaljob.operator.plan;

/**
 * Memory a model needs besides weights and KV cache, in bytes.
 *
 * @param visionBytes activations of the vision tower, on device 0
 * @param logitsBytesPerToken logits of one token of context, on the head's device; 0 where the
 *     harness does not keep all of them
 * @param workspaceBytes on every device
 */
public record Activations(long visionBytes, long logitsBytesPerToken, long workspaceBytes) {

  /** Nothing besides weights and KV cache. */
  public static final Activations NONE = new Activations(0, 0, 0);
}
