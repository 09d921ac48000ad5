package io.evaljob.operator.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A model's blocks one by one, in execution order, with what each weighs and what each costs at a
 * given context length. Built only from facts that {@link ProfileCheck} accepts.
 */
final class ModelUnits {

  /**
   * One block.
   *
   * @param position its place among all blocks
   * @param entry the run it belongs to
   * @param index its number among the blocks of the same module names
   * @param indexed whether its module is {@code name.index}
   * @param weights its weights
   * @param load weights and KV cache
   */
  record Unit(int position, Block entry, int index, boolean indexed, long weights, long load) {
    Role role() {
      return entry.role();
    }

    /** Names of its module. */
    List<String> moduleNames() {
      return indexed
          ? entry.moduleNames().stream().map(name -> name + "." + index).toList()
          : entry.moduleNames();
    }
  }

  /** The blocks of a request's model; empty where nothing gives their sizes. */
  static Optional<ModelUnits> of(PlanRequest request) {
    return request
        .model()
        .filter(facts -> !facts.blocks().isEmpty())
        .map(facts -> new ModelUnits(facts, request.split().contextTokens()));
  }

  private final List<Unit> all = new ArrayList<>();
  private final boolean tiedHead;
  private final Activations activations;
  private final long logits;

  ModelUnits(ModelFacts facts, int contextTokens) {
    tiedHead = facts.tiedHead();
    activations = facts.activations();
    logits = contextTokens * activations.logitsBytesPerToken();
    Map<List<String>, Integer> lengths = new HashMap<>();
    for (Block block : facts.blocks()) {
      lengths.merge(block.moduleNames(), block.count(), Integer::sum);
    }
    Map<List<String>, Integer> next = new HashMap<>();
    for (Block block : facts.blocks()) {
      boolean free = tiedHead && block.role() == Role.Head;
      long weights = free ? 0 : block.bytes();
      long load = free ? 0 : weights + contextTokens * block.keyValueBytesPerToken();
      boolean indexed =
          block.role() == Role.Layers || lengths.getOrDefault(block.moduleNames(), 1) > 1;
      for (int number = 0; number < block.count(); number++) {
        int index = next.merge(block.moduleNames(), 1, Integer::sum) - 1;
        all.add(new Unit(all.size(), block, index, indexed, weights, load));
      }
    }
  }

  /** All blocks in execution order. */
  List<Unit> all() {
    return all;
  }

  /** The blocks of one role in execution order. */
  List<Unit> of(Role role) {
    return all.stream().filter(unit -> unit.role() == role).toList();
  }

  /** Weights and KV cache of the blocks of one role. */
  long load(Role role) {
    long load = 0;
    for (Unit unit : all) {
      load += unit.role() == role ? unit.load() : 0;
    }
    return load;
  }

  boolean tiedHead() {
    return tiedHead;
  }

  Activations activations() {
    return activations;
  }

  /** Logits that the head's device keeps. */
  long logits() {
    return logits;
  }

  /** Weights of the whole model. */
  long weights() {
    long weights = 0;
    for (Unit unit : all) {
      weights += unit.weights();
    }
    return weights;
  }

  /** KV cache of the whole model. */
  long keyValues() {
    long load = 0;
    for (Unit unit : all) {
      load += unit.load();
    }
    return load - weights();
  }

  /** Load of one device that carries the whole model. */
  long wholeLoad() {
    return weights()
        + keyValues()
        + activations.visionBytes()
        + logits
        + activations.workspaceBytes();
  }
}
