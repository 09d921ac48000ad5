package io.evaljob.operator.plan;

import java.util.List;

/**
 * Blocks that go to one device.
 *
 * @param role what they do
 * @param moduleNames their module, by each name it may have. For Layers, and for any module that
 *     has several assignments, the blocks are {@code name.first} to {@code name.(first + count -
 *     1)}; else the assignment is the module itself
 * @param first index of the first block, 0 for a whole module
 * @param count number of blocks, 1 for a whole module
 * @param device logical device, from 0
 * @param bytes weights of these blocks together
 */
public record Assignment(
    Role role, List<String> moduleNames, int first, int count, int device, long bytes) {
  public Assignment {
    moduleNames = List.copyOf(moduleNames);
  }
}
