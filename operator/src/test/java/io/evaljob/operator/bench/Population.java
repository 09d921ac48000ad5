package io.evaljob.operator.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Copies of a finished EvalJob with its Jobs, pods and ConfigMaps. The copies of its Jobs are
 * managed by nobody, and their pods run on nothing.
 */
final class Population {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** A cluster's own collector deletes ended pods beyond 12,500. */
  private static final int PODS_OF = 3_500;

  private final KubernetesClient client;
  private final Captured.Identity model;
  private final ObjectNode evalJob;
  private final List<ObjectNode> jobs = new ArrayList<>();
  private final List<ObjectNode> pods = new ArrayList<>();
  private final List<ObjectNode> maps = new ArrayList<>();

  /** Copies will be made of this EvalJob. */
  Population(KubernetesClient client, HasMetadata finished) {
    this.client = client;
    String namespace = finished.getMetadata().getNamespace();
    String uid = finished.getMetadata().getUid();
    model = new Captured.Identity(namespace, finished.getMetadata().getName(), uid);
    evalJob = tree(finished);
    client
        .batch()
        .v1()
        .jobs()
        .inNamespace(namespace)
        .withLabel("evaljob.io/job-uid", uid)
        .list()
        .getItems()
        .forEach(job -> jobs.add(tree(job)));
    client
        .pods()
        .inNamespace(namespace)
        .withLabel("evaljob.io/job-uid", uid)
        .list()
        .getItems()
        .forEach(pod -> pods.add(tree(pod)));
    client
        .configMaps()
        .inNamespace(namespace)
        .withLabel("evaljob.io/job-uid", uid)
        .list()
        .getItems()
        .forEach(map -> maps.add(tree(map)));
  }

  /** Makes so many copies; the names must be as long as the original's. */
  void copy(String namespace, String prefix, int count) throws InterruptedException {
    ExecutorService pool = Executors.newFixedThreadPool(32);
    AtomicInteger failed = new AtomicInteger();
    for (int i = 0; i < count; i++) {
      int number = i;
      pool.execute(
          () -> {
            try {
              copy(namespace, Jobs.name(prefix, number), number < PODS_OF);
            } catch (RuntimeException | JsonProcessingException e) {
              if (failed.incrementAndGet() == 1) {
                e.printStackTrace();
              }
            }
          });
    }
    pool.shutdown();
    pool.awaitTermination(2, TimeUnit.HOURS);
    if (failed.get() > 0) {
      throw new IllegalStateException(failed + " copies could not be made");
    }
  }

  private void copy(String namespace, String name, boolean withPods)
      throws JsonProcessingException {
    Captured.Identity named = new Captured.Identity(namespace, name, model.uid());
    JsonNode made = create("/apis/evaljob.io/v1alpha1", "evaljobs", bare(evalJob, named), true);
    Captured.Identity now = new Captured.Identity(namespace, name, uid(made));
    for (ObjectNode map : maps) {
      create("/api/v1", "configmaps", bare(map, now), false);
    }
    for (ObjectNode job : jobs) {
      String oldUid = job.path("metadata").path("uid").asText();
      JsonNode madeJob = create("/apis/batch/v1", "jobs", unmanaged(bare(job, now)), true);
      for (ObjectNode pod : pods) {
        if (withPods && pod.toString().contains(oldUid)) {
          ObjectNode copy =
              (ObjectNode) JSON.readTree(bare(pod, now).toString().replace(oldUid, uid(madeJob)));
          ((ObjectNode) copy.path("metadata").path("labels")).remove("bench");
          create("/api/v1", "pods", copy, true);
        }
      }
    }
  }

  private JsonNode create(String api, String resource, ObjectNode object, boolean withStatus)
      throws JsonProcessingException {
    JsonNode status = object.remove("status");
    String namespace = object.path("metadata").path("namespace").asText();
    String path = api + "/namespaces/" + namespace + "/" + resource;
    JsonNode made = JSON.readTree(client.raw(path, "POST", object.toString()));
    if (withStatus && status != null) {
      ObjectNode whole = (ObjectNode) made.deepCopy();
      whole.set("status", status);
      String name = object.path("metadata").path("name").asText();
      client.raw(path + "/" + name + "/status", "PUT", whole.toString());
    }
    return made;
  }

  private ObjectNode bare(ObjectNode object, Captured.Identity now) throws JsonProcessingException {
    ObjectNode copy =
        (ObjectNode) JSON.readTree(new Captured("", "", object.toString()).with(model, now).body());
    ((ObjectNode) copy.path("metadata"))
        .remove(
            List.of(
                "uid",
                "resourceVersion",
                "creationTimestamp",
                "managedFields",
                "generation",
                "finalizers"));
    return copy;
  }

  private static ObjectNode unmanaged(ObjectNode job) {
    ObjectNode spec = (ObjectNode) job.path("spec");
    spec.remove("selector");
    spec.put("managedBy", "bench.evaljob.io/nobody");
    JsonNode template = spec.path("template").path("metadata").path("labels");
    for (JsonNode labels : List.of(template, job.path("metadata").path("labels"))) {
      for (Iterator<String> keys = labels.fieldNames(); keys.hasNext(); ) {
        String key = keys.next();
        if (key.contains("controller-uid") || key.contains("job-name")) {
          keys.remove();
        }
      }
    }
    return job;
  }

  private static String uid(JsonNode made) {
    return made.path("metadata").path("uid").asText();
  }

  private static ObjectNode tree(Object object) {
    try {
      return (ObjectNode) JSON.readTree(Serialization.asJson(object));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
