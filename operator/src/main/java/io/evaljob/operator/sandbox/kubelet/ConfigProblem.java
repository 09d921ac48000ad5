package io.evaljob.operator.sandbox.kubelet;

/**
 * A pod that names something which is not there yet; it is tried again when the cluster changes.
 */
public final class ConfigProblem extends Exception {

  private static final long serialVersionUID = 1L;

  /** A pod that waits, and for what. */
  public ConfigProblem(String message) {
    super(message);
  }
}
