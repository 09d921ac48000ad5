package io.evaljob.operator.sandbox.apiserver;

/** A selector that cannot be understood or is not supported; the message says which and why. */
final class SelectorException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  SelectorException(String message) {
    super(message);
  }
}
