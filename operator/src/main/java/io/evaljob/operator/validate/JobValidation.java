package io.evaljob.operator.validate;

/** One validation of one job. */
final class JobValidation {
  private final JobInputs inputs;

  JobValidation(JobInputs inputs) {
    this.inputs = inputs;
  }

  Validation run() {
    throw new UnsupportedOperationException("validation of " + inputs.namespace());
  }
}
