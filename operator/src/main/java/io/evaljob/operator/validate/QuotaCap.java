package io.evaljob.operator.validate;

import java.util.Map;

/**
 * The most that an EvalQuota can ever grant to one model.
 *
 * @param quota name of the EvalQuota
 * @param most devices, by extended resource; one that is not named is not limited
 */
public record QuotaCap(String quota, Map<String, Integer> most) {

  /** Copies its map. */
  public QuotaCap {
    most = Map.copyOf(most);
  }
}
