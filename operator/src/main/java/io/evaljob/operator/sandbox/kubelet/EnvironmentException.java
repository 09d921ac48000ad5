package io.evaljob.operator.sandbox.kubelet;

/** A pod's Python environment could not be made; the message says why and what helps. */
public final class EnvironmentException extends Exception {

  private static final long serialVersionUID = 1L;

  /** With a message for people. */
  public EnvironmentException(String message) {
    super(message);
  }

  /** With a message for people and the failure below it. */
  public EnvironmentException(String message, Throwable cause) {
    super(message, cause);
  }
}
