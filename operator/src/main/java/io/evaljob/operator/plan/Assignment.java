package io.evaljob.operator.plan;

import java.util.List;

/**
 * Blocks that go to one device.
 *
 * @param role what they do
 * @param moduleNames their module, by each name it may have. For Layers the blocks are {@code
 *     name.first} to {@code name.(first + count - 1)}; for every other role the module itself
 * @param first index of the first block for Layers, else 0
 * @param count number of blocks for Layers, else 1
 * @param device logical device, from 0
 * @param bytes weights of these blocks together
 */
public record Assignment(
    Role role, List<String> moduleNames, int first, int count, int device, long bytes) {
  public Assignment {
    moduleNames = List.copyOf(moduleNames);
  }
}
