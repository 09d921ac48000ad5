package io.evaljob.operator.validate;

import io.evaljob.api.v1alpha1.WaitingReason;
import java.util.List;

/** One validation of one job. */
final class JobValidation {
  private final JobInputs inputs;

  JobValidation(JobInputs inputs) {
    this.inputs = inputs;
  }

  Validation run() {
    return inputs
        .runtime()
        .<Validation>map(
            runtime ->
                new Validation.Valid(
                    new ResolvedJob(inputs.job(), runtime, List.of(), inputs.devices())))
        .orElse(new Validation.Missing(WaitingReason.RuntimeNotFound, "no runtime"));
  }
}
