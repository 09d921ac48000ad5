package io.evaljob.operator.validate;

import io.evaljob.api.v1alpha1.EvalQuota;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.HashMap;
import java.util.Map;

/**
 * The most that an EvalQuota can ever grant to one model.
 *
 * @param quota name of the EvalQuota
 * @param most devices, by extended resource; one that is not named is not limited
 */
public record QuotaCap(String quota, Map<String, Integer> most) {

  /**
   * The most that a quota grants.
   *
   * @param quota an EvalQuota
   */
  public static QuotaCap of(EvalQuota quota) {
    Map<String, Integer> most = new HashMap<>();
    Map<String, Quantity> here = quota.getSpec().hardPerNamespace();
    quota
        .getSpec()
        .hard()
        .forEach(
            (resource, hard) ->
                most.put(
                    resource, Math.min(number(hard), number(here.getOrDefault(resource, hard)))));
    return new QuotaCap(quota.getMetadata().getName(), most);
  }

  private static int number(Quantity devices) {
    return devices.getNumericalAmount().intValue();
  }

  /** Copies its map. */
  public QuotaCap {
    most = Map.copyOf(most);
  }
}
