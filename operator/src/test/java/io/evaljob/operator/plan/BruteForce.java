package io.evaljob.operator.plan;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The definition of the split, tried out over every cut. Written from the definition alone: it
 * shares no code with the planner and is used only where there are few cuts.
 */
final class BruteForce {

  /**
   * A cut and what it is judged by.
   *
   * @param cuts start of the part of each device but the first
   * @param head device of norm and head
   * @param loads load of each device
   * @param least least headroom
   * @param squares sum of squared loads
   */
  record Cut(List<Integer> cuts, int head, List<Long> loads, long least, BigInteger squares) {

    boolean betterThan(Cut other) {
      if (least != other.least) {
        return least > other.least;
      }
      if (!loads.get(0).equals(other.loads.get(0))) {
        return loads.get(0) < other.loads.get(0);
      }
      if (!squares.equals(other.squares)) {
        return squares.compareTo(other.squares) < 0;
      }
      for (int at = 0; at < cuts.size(); at++) {
        if (!cuts.get(at).equals(other.cuts.get(at))) {
          return cuts.get(at) < other.cuts.get(at);
        }
      }
      return head < other.head;
    }
  }

  private final SmallModel model;
  private final List<Long> capacities;

  BruteForce(SmallModel model, List<Long> capacities) {
    this.model = model;
    this.capacities = capacities;
  }

  /** The best cut; empty when there are not enough blocks for the devices. */
  Optional<Cut> best() {
    return all(0, new ArrayList<>()).stream().reduce((a, b) -> b.betterThan(a) ? b : a);
  }

  /** Number of tower blocks that join the chain: all but the first, where the tower is cut. */
  int towerBlocksInChain() {
    long fixed =
        sum(model.vision())
            + model.connector()
            + model.embedding()
            + model.visionActivations()
            + model.workspace()
            + (model.tied() ? model.norm() + model.logits() : 0);
    return fixed > capacities.get(0) && !model.vision().isEmpty() ? model.vision().size() - 1 : 0;
  }

  private List<Long> chain() {
    List<Long> chain = new ArrayList<>();
    int moved = towerBlocksInChain();
    chain.addAll(model.vision().subList(model.vision().size() - moved, model.vision().size()));
    chain.addAll(model.layers());
    return chain;
  }

  private List<Cut> all(int from, List<Integer> cuts) {
    int devices = capacities.size();
    int blocks = chain().size();
    List<Cut> found = new ArrayList<>();
    if (cuts.size() == devices - 1) {
      if (devices == 1 || cuts.get(devices - 2) < blocks) {
        found.add(judge(cuts, 0));
        if (!model.tied()) {
          found.add(judge(cuts, devices - 1));
        }
      }
      return found;
    }
    for (int cut = from; cut <= blocks; cut++) {
      List<Integer> longer = new ArrayList<>(cuts);
      longer.add(cut);
      // The next device starts at least one block later: this one must not be empty.
      found.addAll(all(cut + 1, longer));
    }
    return found;
  }

  private Cut judge(List<Integer> cuts, int head) {
    List<Long> chain = chain();
    List<Long> loads = new ArrayList<>();
    for (int device = 0; device < capacities.size(); device++) {
      int start = device == 0 ? 0 : cuts.get(device - 1);
      int end = device == capacities.size() - 1 ? chain.size() : cuts.get(device);
      long load = model.workspace() + sum(chain.subList(start, end));
      if (device == 0) {
        load +=
            sum(model.vision().subList(0, model.vision().size() - towerBlocksInChain()))
                + model.connector()
                + model.embedding()
                + model.visionActivations();
      }
      if (device == head) {
        load += model.norm() + (model.tied() ? 0 : model.head()) + model.logits();
      }
      loads.add(load);
    }
    long least =
        IntStream.range(0, loads.size())
            .mapToLong(device -> capacities.get(device) - loads.get(device))
            .min()
            .orElseThrow();
    BigInteger squares =
        loads.stream()
            .map(load -> BigInteger.valueOf(load).pow(2))
            .reduce(BigInteger.ZERO, BigInteger::add);
    return new Cut(cuts, head, loads, least, squares);
  }

  private static long sum(List<Long> loads) {
    return loads.stream().mapToLong(Long::longValue).sum();
  }
}
