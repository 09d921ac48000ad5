package io.evaljob.operator.sandbox.kubelet;

import io.fabric8.kubernetes.api.model.Pod;
import java.util.function.UnaryOperator;

/** Tells a cluster how its pods are. */
public interface PodWriter {

  /** Changes the status of a pod wherever it stands now; one that is gone is left so. */
  void edit(Pod pod, UnaryOperator<Pod> change);

  /** The same for its last change: nothing of it runs any more, and if deleted it may go. */
  void end(Pod pod, UnaryOperator<Pod> change);

  /** Lets a deleted pod go whose end is written; without effect where that was done. */
  void release(Pod pod);

  /** Warns about a pod. */
  void warning(Pod pod, String reason, String message);

  /** Says how a pod gets on; may be dropped. */
  void milestone(Pod pod, String reason, String message);

  /** The time now, as Kubernetes writes it: seconds, UTC. */
  String now();
}
