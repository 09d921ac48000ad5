package io.evaljob.operator.validate;

/** Checks a job against its runtime and plans its models. */
public final class Validator {
  private Validator() {}

  /** Every input gives an answer, never an exception. */
  public static Validation validate(JobInputs inputs) {
    return new JobValidation(inputs).run();
  }
}
