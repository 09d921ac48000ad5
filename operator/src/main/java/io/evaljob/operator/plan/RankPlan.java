package io.evaljob.operator.plan;

import java.util.List;

/**
 * One process of a model.
 *
 * @param rank from 0
 * @param visibleDevices entries of the process variable, in logical order; empty on CPU
 */
public record RankPlan(int rank, List<String> visibleDevices) {
  public RankPlan {
    visibleDevices = List.copyOf(visibleDevices);
  }
}
