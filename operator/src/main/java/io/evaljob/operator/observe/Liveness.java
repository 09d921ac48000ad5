package io.evaljob.operator.observe;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;

/** Whether a Job or a pod can still hold devices. */
public final class Liveness {

  private Liveness() {}

  /**
   * Whether a Job may still make pods.
   *
   * @param job any Job
   * @return false once it says that it is complete or has failed
   */
  public static boolean mayMakePods(Job job) {
    return !JobReading.hasCondition(job, "Complete") && !JobReading.hasCondition(job, "Failed");
  }

  /**
   * Whether a pod may hold devices.
   *
   * @param pod any pod
   * @return false once it has succeeded or failed; one that is being deleted holds them
   */
  public static boolean mayHoldDevices(Pod pod) {
    return !PodReading.hasEnded(pod);
  }
}
