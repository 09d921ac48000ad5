package io.evaljob.operator.bench;

import io.evaljob.api.v1alpha1.EvalJob;

/** Tells whether an EvalJob is at its end. */
final class Finished {

  private Finished() {}

  static boolean test(EvalJob job) {
    return job != null
        && job.getStatus() != null
        && job.getStatus().conditions().stream()
            .anyMatch(now -> now.type().equals("Finished") && now.status().equals("True"));
  }
}
