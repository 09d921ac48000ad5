package io.evaljob.operator.plan;

import java.util.OptionalInt;

/**
 * A count that a job may set, and the field that set it.
 *
 * @param value the count; empty when left out
 * @param path the field that set it, or where to set it, such as {@code
 *     spec.models[base].devicesPerProcess}
 */
public record RequestedCount(OptionalInt value, String path) {

  /** A count that the field at {@code path} sets. */
  public static RequestedCount of(int value, String path) {
    return new RequestedCount(OptionalInt.of(value), path);
  }

  /** A count that is left out and could be set at {@code path}. */
  public static RequestedCount unset(String path) {
    return new RequestedCount(OptionalInt.empty(), path);
  }
}
