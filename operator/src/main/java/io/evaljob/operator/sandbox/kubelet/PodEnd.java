package io.evaljob.operator.sandbox.kubelet;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes down how a pod ended, and clears its folder. */
final class PodEnd {

  private static final Logger LOG = LoggerFactory.getLogger(PodEnd.class);
  private static final int MESSAGE_LIMIT = 4096;
  private static final int DEFAULT_GRACE_SECONDS = 30;

  /** Why a pod is ended from outside. */
  enum Reason {
    /** It was deleted; its end is written down and it is let go. */
    Deleted,
    /** It was active for longer than it may be. */
    DeadlineExceeded,
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

  /** The grace that a pod asks for itself. */
  static Duration ownGrace(Pod pod) {
    Long own = pod.getSpec().getTerminationGracePeriodSeconds();
    return Duration.ofSeconds(own == null ? DEFAULT_GRACE_SECONDS : own);
  }

  /**
   * How the container's process ended.
   *
   * @param code its exit code; 128 + n after signal n
   * @param outOfMemory true when the kernel killed for memory meanwhile
   * @param started when it had started
   * @param why empty when it ended by itself
   */
  ContainerExit exit(int code, boolean outOfMemory, String started, Optional<Reason> why)
      throws IOException {
    boolean byKernel = code == 137 && outOfMemory && why.isEmpty();
    String reason = code == 0 ? "Completed" : byKernel ? "OOMKilled" : "Error";
    return new ContainerExit(code, reason, terminationMessage(code), started);
  }

  /** The container's last process has ended. */
  void ended(ContainerExit exit, Optional<Reason> why) throws IOException {
    node.admission().free(pod);
    if (why.filter(Reason.Vanished::equals).isEmpty()) {
      node.writer()
          .end(
              pod,
              current ->
                  marked(ContainerStatuses.terminated(current, node.writer().now(), exit), why));
    }
    folder.delete();
  }

  /** The pod is ended before its container started. */
  void neverStarted(Optional<Reason> why) {
    try {
      node.admission().free(pod);
      if (why.filter(r -> r == Reason.Deleted || r == Reason.DeadlineExceeded).isPresent()) {
        node.writer()
            .end(
                pod,
                current -> {
                  String now = node.writer().now();
                  ContainerExit exit = ContainerExit.unseen("", now);
                  return marked(ContainerStatuses.terminated(current, now, exit), why);
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
      node.admission().free(pod);
      String now = node.writer().now();
      ContainerExit exit = ContainerExit.notStarted(String.valueOf(failure.getMessage()), now);
      node.writer().end(pod, current -> ContainerStatuses.terminated(current, now, exit));
    } catch (RuntimeException e) {
      LOG.error("the end of pod {} was not written", pod.getMetadata().getName(), e);
    }
  }

  private Pod marked(Pod ended, Optional<Reason> why) {
    if (why.isEmpty()) {
      return ended;
    }
    return switch (why.get()) {
      case NodeStops ->
          ContainerStatuses.disrupted(
              ended,
              "Terminated",
              "Pod was terminated because the evaljob process of this machine was stopped.",
              "TerminationByKubelet",
              node.writer().now());
      case DeadlineExceeded -> ContainerStatuses.overdue(ended);
      case Deleted, Vanished -> ended;
    };
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
