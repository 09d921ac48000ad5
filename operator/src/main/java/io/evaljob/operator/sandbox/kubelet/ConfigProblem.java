package io.evaljob.operator.sandbox.kubelet;

/**
 * A pod that names something which is not there yet; it is tried again when the cluster changes.
 */
final class ConfigProblem extends Exception {

  private static final long serialVersionUID = 1L;

  ConfigProblem(String message) {
    super(message);
  }
}
