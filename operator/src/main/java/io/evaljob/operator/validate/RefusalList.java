package io.evaljob.operator.validate;

import io.evaljob.operator.plan.Refusal;
import io.evaljob.operator.plan.RefusalReason;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Collects violations and gives them back once each, in the order of the spec's fields. */
final class RefusalList {
  private static final List<String> FIELDS =
      List.of(
          "metadata",
          "spec.runID",
          "spec.runtimeRef",
          "spec.models",
          "spec.datasets",
          "spec.accelerator",
          "spec.split",
          "spec.smokeTest",
          "spec.scoring",
          "spec.storage",
          "spec.hubTokenSecretRef",
          "spec.env",
          "spec.retryLimit",
          "spec.maxConcurrentModels",
          "spec.stallSeconds",
          "spec.resources",
          "spec.placement");

  private final Set<Refusal> refusals = new LinkedHashSet<>();

  void add(RefusalReason reason, String field, String value, String why, String remedy) {
    refusals.add(new Refusal(reason, field, value, why, remedy));
  }

  void addAll(List<Refusal> more) {
    refusals.addAll(more);
  }

  boolean isEmpty() {
    return refusals.isEmpty();
  }

  /** Stable: violations of one field stay in the order in which they were found. */
  List<Refusal> inFieldOrder() {
    List<Refusal> sorted = new ArrayList<>(refusals);
    sorted.sort(Comparator.comparingInt(refusal -> position(refusal.field())));
    return sorted;
  }

  private static int position(String field) {
    for (int i = 0; i < FIELDS.size(); i++) {
      if (field.startsWith(FIELDS.get(i))) {
        return i;
      }
    }
    return FIELDS.size();
  }
}
