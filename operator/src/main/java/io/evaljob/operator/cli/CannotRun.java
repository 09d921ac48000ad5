package io.evaljob.operator.cli;

/** This machine cannot do what was asked; the message says why and what to do. */
final class CannotRun extends RuntimeException {

  private static final long serialVersionUID = 1L;

  CannotRun(String message, Throwable cause) {
    super(message, cause);
  }
}
