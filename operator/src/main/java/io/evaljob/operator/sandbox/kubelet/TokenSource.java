package io.evaljob.operator.sandbox.kubelet;

import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.time.Duration;

/** Issues the tokens of service accounts that are projected into pods. */
public interface TokenSource {

  /**
   * A new token, bound to the pod.
   *
   * @param audience for whom it is; empty: for the API server
   * @param life how long it shall be good
   * @throws IOException when none can be had now
   */
  String issue(Pod pod, String audience, Duration life) throws IOException;

  /** Ends what can be ended of the tokens of a pod that has ended. */
  void revoke(Pod pod);
}
