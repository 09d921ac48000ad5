package io.evaljob.operator.quota;

import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A quota as one of its EvalJobs sees it: what was written last.
 *
 * @param name name of the quota
 * @param limits how much may be charged
 * @param used devices charged in all its namespaces, by extended resource
 * @param usedHere devices charged in the EvalJob's namespace, by extended resource
 * @param reserved attempts of the EvalJob that are charged
 * @param positions places of the EvalJob's models at the head of the queue, from 1, by name
 */
public record QuotaView(
    String name,
    Limits limits,
    Map<String, Integer> used,
    Map<String, Integer> usedHere,
    Set<AttemptKey> reserved,
    Map<String, Integer> positions) {

  /** Copies its collections. */
  public QuotaView {
    used = Map.copyOf(used);
    usedHere = Map.copyOf(usedHere);
    reserved = Set.copyOf(reserved);
    positions = Map.copyOf(positions);
  }

  /**
   * Where a model is in the queue.
   *
   * @param model name of the model
   * @return empty where it is behind the head that the quota shows
   */
  public OptionalInt position(String model) {
    Integer place = positions.get(model);
    return place == null ? OptionalInt.empty() : OptionalInt.of(place);
  }

  /**
   * Why a demand has to wait, in one sentence.
   *
   * @param model name of the model
   * @param resource an extended resource that the limits cover
   * @param devices how many it needs
   */
  public String explain(String model, String resource, int devices) {
    if (devices > limits.most(resource)) {
      boolean here = limits.inNamespace(resource) < limits.hard().get(resource);
      return "Model "
          + model
          + " needs "
          + devices
          + " "
          + resource
          + ", and EvalQuota "
          + name
          + " allows no more than "
          + limits.most(resource)
          + (here ? " in a namespace" : "")
          + "; ask for fewer devices, or have the quota raised.";
    }
    OptionalInt position = position(model);
    if (position.isEmpty()) {
      return "In the queue of EvalQuota "
          + name
          + ", behind the models that it lists; needs "
          + devices
          + " "
          + resource
          + ".";
    }
    return ordinal(position.getAsInt())
        + " in quota "
        + name
        + ", needs "
        + devices
        + ", "
        + free(resource)
        + "; it starts when devices are released to it.";
  }

  private String free(String resource) {
    int hard = limits.hard().get(resource);
    int here = limits.inNamespace(resource);
    int freeInAll = Math.max(0, hard - used.getOrDefault(resource, 0));
    int freeHere = Math.max(0, here - usedHere.getOrDefault(resource, 0));
    return freeHere < freeInAll
        ? freeHere + " of " + here + " " + resource + " free for its namespace"
        : freeInAll + " of " + hard + " " + resource + " free";
  }

  private static String ordinal(int position) {
    return switch (position) {
      case 1 -> "1st";
      case 2 -> "2nd";
      case 3 -> "3rd";
      default -> position + "th";
    };
  }
}
