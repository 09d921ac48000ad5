package io.evaljob.operator.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Copies of a finished EvalJob with its Jobs, pods and ConfigMaps, written as the API server stores
 * them. In a copy, names and UIDs are others of the same length, so that whatever counts bytes in
 * the stored form counts right.
 */
final class Population {

  private static final List<String> KINDS = List.of("evaljob.io/evaljobs", "jobs", "configmaps");

  private static final String PODS = "pods";

  /** A cluster's own collector deletes ended pods beyond 12,500. */
  private static final int MOST_PODS = 12_000;

  private final KubernetesClient client;
  private final Etcd etcd;

  /** UIDs of the EvalJob, and of its Jobs and pods: they name each other by them. */
  private final List<String> uids;

  private final String namespace;
  private final String name;
  private final Map<String, String> objects = new LinkedHashMap<>();
  private final Map<String, String> pods = new LinkedHashMap<>();

  /** Copies will be made of this EvalJob, once its Jobs and pods have ended too. */
  Population(KubernetesClient client, Etcd etcd, HasMetadata finished)
      throws IOException, InterruptedException {
    this.client = client;
    this.etcd = etcd;
    namespace = finished.getMetadata().getNamespace();
    name = finished.getMetadata().getName();
    // The last pod reports before it ends. Copies of one that runs would be followed up.
    Wait.until("every Job of " + name + " is complete", this::isOver);
    uids = new ArrayList<>(List.of(finished.getMetadata().getUid()));
    itsJobs().forEach(job -> uids.add(job.getMetadata().getUid()));
    itsPods().forEach(pod -> uids.add(pod.getMetadata().getUid()));
    for (String kind : KINDS) {
      objects.putAll(stored(kind));
    }
    pods.putAll(stored(PODS));
  }

  private boolean isOver() {
    return itsJobs().allMatch(job -> job.getStatus().getCompletionTime() != null)
        && itsPods().allMatch(pod -> "Succeeded".equals(pod.getStatus().getPhase()));
  }

  private Stream<Job> itsJobs() {
    return client.batch().v1().jobs().inNamespace(namespace).list().getItems().stream()
        .filter(this::isOfModel);
  }

  private Stream<Pod> itsPods() {
    return client.pods().inNamespace(namespace).list().getItems().stream().filter(this::isOfModel);
  }

  private boolean isOfModel(HasMetadata child) {
    return name.equals(child.getMetadata().getLabels().get("evaljob.io/job"));
  }

  /** What is stored of the EvalJob: it alone names its UID. */
  private Map<String, String> stored(String kind) throws IOException, InterruptedException {
    Map<String, String> found = new LinkedHashMap<>();
    etcd.read("/registry/" + kind + "/" + namespace + "/")
        .forEach(
            (key, value) -> {
              // One character a byte, whatever the form.
              String text = new String(value, ISO_8859_1);
              if (text.contains(uids.get(0))) {
                found.put(key, text);
              }
            });
    return found;
  }

  /**
   * Makes so many copies in a new namespace.
   *
   * @param prefix of the names, as long as the original's
   */
  void copy(String prefix, int count) throws IOException, InterruptedException {
    // As long as the original's, and not taken.
    String other = "z" + namespace.substring(1);
    client
        .resource(new NamespaceBuilder().withNewMetadata().withName(other).endMetadata().build())
        .create();
    int withPods = pods.isEmpty() ? 0 : Math.max(0, MOST_PODS - presentPods()) / pods.size();
    Map<String, byte[]> batch = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      Map<String, String> words = new LinkedHashMap<>();
      words.put(namespace, other);
      words.put(name, Jobs.name(prefix, i));
      uids.forEach(uid -> words.put(uid, UUID.randomUUID().toString()));
      objects.forEach((key, value) -> put(batch, words, key, value));
      if (i < withPods) {
        pods.forEach((key, value) -> put(batch, words, key, value));
      }
      if (batch.size() > 1_000) {
        etcd.write(batch);
        batch.clear();
      }
    }
    etcd.write(batch);
  }

  private int presentPods() {
    return client.pods().inAnyNamespace().list().getItems().size();
  }

  private static void put(
      Map<String, byte[]> batch, Map<String, String> words, String key, String value) {
    batch.put(with(words, key), with(words, value).getBytes(ISO_8859_1));
  }

  private static String with(Map<String, String> words, String text) {
    String replaced = text;
    for (Map.Entry<String, String> word : words.entrySet()) {
      if (word.getKey().length() != word.getValue().length()) {
        throw new IllegalStateException(word + " differ in length");
      }
      replaced = replaced.replace(word.getKey(), word.getValue());
    }
    return replaced;
  }
}
