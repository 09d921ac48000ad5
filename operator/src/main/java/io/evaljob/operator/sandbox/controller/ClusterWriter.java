package io.evaljob.operator.sandbox.controller;

import io.evaljob.operator.sandbox.apiserver.ObjectPath;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes of the sandbox's controllers: whole objects, locked to the version they were read at. */
public final class ClusterWriter {

  private static final Logger LOG = LoggerFactory.getLogger(ClusterWriter.class);
  private static final int CONFLICTS = 20;

  private final KubernetesClient client;
  private final Clock clock;

  /** Writes through {@code client}, dated by {@code clock}. */
  public ClusterWriter(KubernetesClient client, Clock clock) {
    this.client = client;
    this.clock = clock;
  }

  /** Stores a new object; one that is there already is left as it is. */
  public void create(HasMetadata object) {
    try {
      client.resource(object).create();
    } catch (KubernetesClientException e) {
      if (e.getCode() != 409) {
        throw e;
      }
    }
  }

  /** Replaces the object at {@code path}; fails with 409 when it has changed since it was read. */
  public void replace(ObjectPath path, HasMetadata object) {
    client.raw(path.url(), "PUT", Serialization.asJson(object));
  }

  /** Replaces the status of the object at {@code path}; fails with 409 as above. */
  public void replaceStatus(ObjectPath path, HasMetadata object) {
    client.raw(path.url() + "/status", "PUT", Serialization.asJson(object));
  }

  /** Deletes the object at {@code path} if it is still the one with this UID. */
  public void delete(ObjectPath path, String uid) {
    try {
      client.raw(
          path.url(),
          "DELETE",
          Map.of(
              "apiVersion", "v1",
              "kind", "DeleteOptions",
              "propagationPolicy", "Background",
              "preconditions", Map.of("uid", uid)));
    } catch (KubernetesClientException e) {
      if (e.getCode() != 404) {
        throw e;
      }
    }
  }

  /**
   * Changes a pod wherever it stands now, metadata and status alike.
   *
   * @return the pod as stored; empty when it is gone or another one has its name
   */
  public Optional<Pod> editPod(Pod pod, UnaryOperator<Pod> change) {
    ObjectPath path = path(pod);
    for (int i = 0; i < CONFLICTS; i++) {
      Pod current = client.resource(pod).get();
      if (current == null || !current.getMetadata().getUid().equals(pod.getMetadata().getUid())) {
        return Optional.empty();
      }
      try {
        Pod before = Serialization.clone(current);
        Pod changed = change.apply(current);
        if (!changed.equals(before)) {
          replace(path, changed);
        }
        return Optional.of(changed);
      } catch (KubernetesClientException e) {
        if (e.getCode() == 404) {
          return Optional.empty();
        }
        if (e.getCode() != 409) {
          throw e;
        }
      }
    }
    throw new IllegalStateException(path.url() + " changed all the time");
  }

  /** Tells about {@code about}; an event that cannot be stored is only logged. */
  public void event(HasMetadata about, String type, String reason, String message, String by) {
    String now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
    try {
      client
          .resource(
              new EventBuilder()
                  .withNewMetadata()
                  .withGenerateName(about.getMetadata().getName() + ".")
                  .withNamespace(about.getMetadata().getNamespace())
                  .endMetadata()
                  .withNewInvolvedObject()
                  .withApiVersion(about.getApiVersion())
                  .withKind(about.getKind())
                  .withName(about.getMetadata().getName())
                  .withNamespace(about.getMetadata().getNamespace())
                  .withUid(about.getMetadata().getUid())
                  .endInvolvedObject()
                  .withType(type)
                  .withReason(reason)
                  .withMessage(message)
                  .withFirstTimestamp(now)
                  .withLastTimestamp(now)
                  .withCount(1)
                  .withNewSource()
                  .withComponent(by)
                  .endSource()
                  .build())
          .create();
    } catch (KubernetesClientException e) {
      LOG.warn("event {} about {} was not stored", reason, about.getMetadata().getName(), e);
    }
  }

  /** The time now, as Kubernetes writes it: seconds, UTC. */
  public String now() {
    return clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** The address of a pod. */
  public static ObjectPath path(Pod pod) {
    return new ObjectPath(
        "", "v1", "pods", pod.getMetadata().getNamespace(), pod.getMetadata().getName());
  }
}
