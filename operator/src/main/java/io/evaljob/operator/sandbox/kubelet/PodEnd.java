package io.evaljob.operator.sandbox.kubelet;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes down how a pod ended, and clears its folder. */
final class PodEnd {

  private static final Logger LOG = LoggerFactory.getLogger(PodEnd.class);
  private static final int MESSAGE_LIMIT = 4096;

  /** Why a pod is ended from outside. */
  enum Reason {
    /** It was deleted; its end is written down and the finalizer taken off. */
    Deleted,
    /** The machine stops; a pod that never started may start next time. */
    NodeStops,
    /** It is not in the API server any more. */
    Vanished
  }

  private final Pod pod;
  private final Node node;
  private final PodFolder folder;
  private final PathMapping paths;

  PodEnd(Pod pod, Node node, PodFolder folder, PathMapping paths) {
    this.pod = pod;
    this.node = node;
    this.folder = folder;
    this.paths = paths;
  }

  /**
   * The container's process ended.
   *
   * @param code its exit code; 128 + n after signal n
   * @param outOfMemory true when the kernel killed for memory meanwhile
   * @param started when it had started
   * @param why empty when it ended by itself
   */
  void ended(int code, boolean outOfMemory, String started, Optional<Reason> why)
      throws IOException {
    if (why.filter(Reason.Vanished::equals).isPresent()) {
      folder.delete();
      return;
    }
    boolean byKernel = code == 137 && outOfMemory && why.isEmpty();
    String reason = code == 0 ? "Completed" : byKernel ? "OOMKilled" : "Error";
    String message = terminationMessage(code);
    node.writer()
        .editPod(
            pod,
            current ->
                released(
                    ContainerStatuses.terminated(
                        current, code, reason, message, started, node.writer().now()),
                    why));
    folder.delete();
  }

  /** The pod is ended before its container started. */
  void neverStarted(Optional<Reason> why) {
    try {
      if (why.filter(Reason.Deleted::equals).isPresent()) {
        node.writer()
            .editPod(
                pod,
                current -> {
                  String now = node.writer().now();
                  return released(
                      ContainerStatuses.terminated(
                          current, 137, "ContainerStatusUnknown", "", now, now),
                      why);
                });
      }
      folder.delete();
    } catch (IOException | RuntimeException e) {
      LOG.warn("pod {} was not cleaned up", pod.getMetadata().getName(), e);
    }
  }

  /** The container cannot be run here at all. */
  void brokenDown(Exception failure) {
    try {
      String now = node.writer().now();
      String message = String.valueOf(failure.getMessage());
      node.writer()
          .editPod(
              pod,
              current ->
                  released(
                      ContainerStatuses.terminated(current, 128, "StartError", message, now, now),
                      Optional.empty()));
    } catch (RuntimeException e) {
      LOG.error("the end of pod {} was not written", pod.getMetadata().getName(), e);
    }
  }

  private Pod released(Pod ended, Optional<Reason> why) {
    if (why.filter(Reason.NodeStops::equals).isPresent()) {
      ContainerStatuses.disrupted(
          ended,
          "Terminated",
          "Pod was terminated because the evaljob process of this machine was stopped.",
          "TerminationByKubelet",
          node.writer().now());
    }
    return new PodBuilder(ended)
        .editMetadata()
        .removeFromFinalizers(Kubelet.FINALIZER)
        .endMetadata()
        .build();
  }

  private String terminationMessage(int code) throws IOException {
    Container container = pod.getSpec().getContainers().get(0);
    String text = BoundedLog.tail(paths.local(PodFolder.terminationPath(container)), MESSAGE_LIMIT);
    if (text.isEmpty()
        && code != 0
        && "FallbackToLogsOnError".equals(container.getTerminationMessagePolicy())) {
      return BoundedLog.tail(folder.log(), MESSAGE_LIMIT / 2);
    }
    return text;
  }
}
