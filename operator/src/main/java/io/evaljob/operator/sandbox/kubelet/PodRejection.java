package io.evaljob.operator.sandbox.kubelet;

/** A pod that this node does not run; it fails without having started. */
public final class PodRejection extends Exception {

  private static final long serialVersionUID = 1L;

  private final String reason;

  /**
   * Says why.
   *
   * @param reason one word for the pod's status, such as {@code UnexpectedAdmissionError}
   * @param message what is wrong and what to do
   */
  public PodRejection(String reason, String message) {
    super(message);
    this.reason = reason;
  }

  /** One word for the pod's status. */
  public String reason() {
    return reason;
  }
}
