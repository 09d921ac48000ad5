package io.evaljob.operator.cli;

/** Something the user can put right; its message is all they need to see. */
final class UsageProblem extends RuntimeException {

  private static final long serialVersionUID = 1L;

  UsageProblem(String message) {
    super(message);
  }
}
