package io.evaljob.operator.validate;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.plan.Refusal;
import io.evaljob.operator.plan.RefusalReason;
import java.util.List;
import java.util.Objects;

/** The transition rule of the EvalJob CRD in Java, for where no API server evaluates it. */
public final class Immutability {
  private Immutability() {}

  /** One refusal for each field that changed although a run has started; empty when allowed. */
  public static List<Refusal> check(EvalJob before, EvalJob after) {
    boolean started = before.getStatus() != null && before.getStatus().run() != null;
    String runID = before.getSpec().runIDOrDefault();
    if (!started || !runID.equals(after.getSpec().runIDOrDefault())) {
      return List.of();
    }
    ObjectNode old = RunDefinition.of(before.getSpec());
    ObjectNode wanted = RunDefinition.of(after.getSpec());
    return RunDefinition.FIELDS.stream()
        .filter(field -> !Objects.equals(old.get(field), wanted.get(field)))
        .map(
            field ->
                new Refusal(
                    RefusalReason.Immutable,
                    "spec." + field,
                    "",
                    "cannot change because run " + runID + " has started",
                    "change spec.runID too to start a new run with it, or take the change back"))
        .toList();
  }
}
