package io.evaljob.operator.sandbox.kubelet;

import io.fabric8.kubernetes.api.model.Pod;

/** Gives a pod that was bound to this node what only the node can give. */
public interface PodAdmission {

  /**
   * Takes the pod; always called before it is started, and by one thread.
   *
   * @throws PodRejection when the pod must not run here
   */
  PodGrant admit(Pod pod) throws PodRejection;

  /** Takes back what a pod had; its processes have ended. May be called more than once. */
  void free(Pod pod);
}
