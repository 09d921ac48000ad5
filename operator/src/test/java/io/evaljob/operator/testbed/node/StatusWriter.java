package io.evaljob.operator.testbed.node;

import io.evaljob.operator.sandbox.controller.ClusterWriter;
import io.evaljob.operator.sandbox.kubelet.PodWriter;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Clock;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the status of pods by its subresource, and deletes a pod for good when its end is written
 * and it was to be deleted. An API server that does not answer is tried again until it does.
 */
final class StatusWriter implements PodWriter {

  private static final Logger LOG = LoggerFactory.getLogger(StatusWriter.class);
  private static final long RETRY_MILLIS = 200;

  private final KubernetesClient client;
  private final ClusterWriter writer;
  private final String component;
  private volatile boolean closed;

  StatusWriter(KubernetesClient client, String component) {
    this.client = client;
    this.writer = new ClusterWriter(client, Clock.systemUTC());
    this.component = component;
  }

  /** Gives up on an API server that does not answer. */
  void close() {
    closed = true;
  }

  @Override
  public void edit(Pod pod, UnaryOperator<Pod> change) {
    write(pod, change, false);
  }

  @Override
  public void end(Pod pod, UnaryOperator<Pod> change) {
    write(pod, change, true);
  }

  @Override
  public void release(Pod pod) {
    Long grace = pod.getMetadata().getDeletionGracePeriodSeconds();
    if (grace == null || grace > 0) {
      delete(pod);
    }
  }

  private void write(Pod pod, UnaryOperator<Pod> change, boolean last) {
    while (true) {
      try {
        Pod now = client.resource(pod).get();
        if (now == null || !now.getMetadata().getUid().equals(pod.getMetadata().getUid())) {
          return;
        }
        Pod changed = change.apply(Serialization.clone(now));
        if (!changed.getStatus().equals(now.getStatus())) {
          client.resource(changed).updateStatus();
        }
        if (last && now.getMetadata().getDeletionTimestamp() != null) {
          delete(pod);
        }
        return;
      } catch (KubernetesClientException e) {
        if (e.getCode() == 404 || closed) {
          return;
        }
        if (e.getCode() == 400 || e.getCode() == 403 || e.getCode() == 422) {
          throw e;
        }
        LOG.debug("the status of pod {} is written again", pod.getMetadata().getName(), e);
      }
      pause();
    }
  }

  private void delete(Pod pod) {
    try {
      client.raw(
          ClusterWriter.path(pod).url(),
          "DELETE",
          Map.of(
              "apiVersion",
              "v1",
              "kind",
              "DeleteOptions",
              "gracePeriodSeconds",
              0,
              "preconditions",
              Map.of("uid", pod.getMetadata().getUid())));
    } catch (KubernetesClientException e) {
      if (e.getCode() != 404 && e.getCode() != 409) {
        throw e;
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(RETRY_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a status is written", e);
    }
  }

  @Override
  public void warning(Pod pod, String reason, String message) {
    event(pod, "Warning", reason, message);
  }

  @Override
  public void milestone(Pod pod, String reason, String message) {
    event(pod, "Normal", reason, message);
  }

  void event(HasMetadata about, String type, String reason, String message) {
    writer.event(about, type, reason, message, component);
  }

  @Override
  public String now() {
    return writer.now();
  }
}
