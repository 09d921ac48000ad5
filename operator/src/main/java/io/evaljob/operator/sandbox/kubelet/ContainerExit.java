package io.evaljob.operator.sandbox.kubelet;

/**
 * How a container ended.
 *
 * @param code exit code; 128 + n after signal n
 * @param reason one word
 * @param message its termination message; may be empty
 * @param started when it had started, as Kubernetes writes times
 */
record ContainerExit(int code, String reason, String message, String started) {

  /** A container of which nobody saw the end. */
  static ContainerExit unseen(String message, String started) {
    return new ContainerExit(137, "ContainerStatusUnknown", message, started);
  }

  /** A container that could not be started. */
  static ContainerExit notStarted(String message, String now) {
    return new ContainerExit(128, "StartError", message, now);
  }
}
