package io.evaljob.operator.plan;

import java.util.List;

/**
 * A run of equal blocks of a model, in execution order.
 *
 * @param role what they do
 * @param count how many, at least 1; Layers entries with the same names continue one numbering
 * @param bytes weights of one of them
 * @param keyValueBytesPerToken KV cache of one of them for one token of context
 * @param moduleNames names of the module under which they are found, one per library version; a
 *     block of Layers, or of a run longer than 1, is {@code name.index}
 */
public record Block(
    Role role, int count, long bytes, long keyValueBytesPerToken, List<String> moduleNames) {
  public Block {
    moduleNames = List.copyOf(moduleNames);
  }
}
