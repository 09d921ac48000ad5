package io.evaljob.operator.quota;

import java.time.Duration;
import java.util.Map;

/**
 * How much may be charged.
 *
 * @param hard devices of all namespaces together, by extended resource; one that is not named is
 *     not limited
 * @param perNamespace devices of each namespace, by extended resource of {@code hard}
 * @param patience how long a demand may be overtaken by others behind it
 */
public record Limits(
    Map<String, Integer> hard, Map<String, Integer> perNamespace, Duration patience) {

  /** Copies its maps. */
  public Limits {
    hard = Map.copyOf(hard);
    perNamespace = Map.copyOf(perNamespace);
  }

  /**
   * Whether devices of this resource are charged at all.
   *
   * @param resource extended resource
   */
  public boolean covers(String resource) {
    return hard.containsKey(resource);
  }

  /**
   * The most that one demand can ever be granted.
   *
   * @param resource an extended resource that is covered
   */
  public int most(String resource) {
    return Math.min(hard.get(resource), inNamespace(resource));
  }

  /**
   * Whether one namespace can hold less than all together.
   *
   * @param resource an extended resource that is covered
   */
  boolean narrowsNamespaces(String resource) {
    return inNamespace(resource) < hard.get(resource);
  }

  /**
   * The most that one namespace can hold.
   *
   * @param resource an extended resource that is covered
   */
  public int inNamespace(String resource) {
    return Math.min(hard.get(resource), perNamespace.getOrDefault(resource, Integer.MAX_VALUE));
  }
}
