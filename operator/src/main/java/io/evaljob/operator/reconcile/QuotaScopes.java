package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalQuota;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Which quota admits in which namespace: of those that select it, the oldest. */
final class QuotaScopes {

  private static final Comparator<EvalQuota> OLDEST =
      Comparator.comparing((EvalQuota quota) -> text(quota.getMetadata().getCreationTimestamp()))
          .thenComparing(quota -> quota.getMetadata().getName());

  private final List<EvalQuota> quotas;
  private final Map<String, Map<String, String>> namespaces;

  /**
   * Of quotas and namespaces as they are.
   *
   * @param quotas all quotas
   * @param namespaces labels of all namespaces, by name
   */
  QuotaScopes(Collection<EvalQuota> quotas, Map<String, Map<String, String>> namespaces) {
    this.quotas = quotas.stream().sorted(OLDEST).toList();
    this.namespaces = namespaces;
  }

  /** The quota that admits in a namespace. */
  Optional<EvalQuota> of(String namespace) {
    Map<String, String> labels = namespaces.get(namespace);
    return labels == null
        ? Optional.empty()
        : quotas.stream()
            .filter(quota -> quota.getSpec().namespaceSelector().selects(labels))
            .findFirst();
  }

  /** The namespaces in which a quota admits. */
  Set<String> namespacesOf(EvalQuota quota) {
    Set<String> own = new TreeSet<>();
    for (String namespace : namespaces.keySet()) {
      if (of(namespace).filter(found -> isSame(found, quota)).isPresent()) {
        own.add(namespace);
      }
    }
    return own;
  }

  /** The namespaces that a quota selects and an older one admits in, with its name. */
  Map<String, String> overlaps(EvalQuota quota) {
    Map<String, String> others = new TreeMap<>();
    namespaces.forEach(
        (namespace, labels) -> {
          if (quota.getSpec().namespaceSelector().selects(labels)) {
            of(namespace)
                .filter(found -> !isSame(found, quota))
                .ifPresent(found -> others.put(namespace, found.getMetadata().getName()));
          }
        });
    return others;
  }

  private static boolean isSame(EvalQuota one, EvalQuota other) {
    return one.getMetadata().getName().equals(other.getMetadata().getName());
  }

  private static String text(String value) {
    return value == null ? "" : value;
  }
}
