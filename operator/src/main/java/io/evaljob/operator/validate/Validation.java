package io.evaljob.operator.validate;

import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.plan.Refusal;
import java.util.List;

/** What validation says of a job. */
public sealed interface Validation {

  /** Every model has a plan. */
  record Valid(ResolvedJob job) implements Validation {}

  /**
   * The spec has to change.
   *
   * @param refusals every violation, at least one, in the order of the fields
   */
  record Invalid(List<Refusal> refusals) implements Validation {
    public Invalid {
      refusals = List.copyOf(refusals);
    }
  }

  /**
   * Something the spec names is not there yet; it may come without a change of the spec.
   *
   * @param reason what is missing
   * @param message what is missing and what to do, one sentence
   */
  record Missing(WaitingReason reason, String message) implements Validation {}
}
