package io.evaljob.operator.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalQuota;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.ModelProfile;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Brings objects of files into an API server, as {@code kubectl apply} does. */
final class ClusterObjects {

  private final KubernetesClient client;
  private final KubernetesSerialization json = new KubernetesSerialization();

  ClusterObjects(KubernetesClient client) {
    this.client = client;
  }

  /**
   * Creates what is not there and changes what is different; what is equal is not written.
   *
   * @throws Refused with what the API server says against it
   */
  void apply(HasMetadata wanted) {
    try {
      ensureNamespace(wanted.getMetadata().getNamespace());
      Optional<HasMetadata> there = Optional.ofNullable(client.resource(wanted).get());
      if (there.isEmpty()) {
        client.resource(wanted).create();
        return;
      }
      ObjectNode before = tree(there.get());
      ObjectNode after = merged(before, tree(wanted));
      if (!after.equals(before)) {
        client.resource(json.<HasMetadata>unmarshal(after.toString())).update();
      }
    } catch (KubernetesClientException e) {
      String said =
          Optional.ofNullable(e.getStatus())
              .map(status -> status.getMessage())
              .orElse(e.getMessage());
      throw new Refused(List.of(LoadedManifests.named(wanted) + ": " + said));
    }
  }

  /** Gives a namespace these labels beside those it has. */
  void label(String namespace, Map<String, String> labels) {
    apply(
        new NamespaceBuilder()
            .withNewMetadata()
            .withName(namespace)
            .withLabels(labels)
            .endMetadata()
            .build());
  }

  /** All that validation looks at. */
  ObjectSet all() {
    List<HasMetadata> objects = new ArrayList<>();
    objects.addAll(client.resources(EvalRuntime.class).list().getItems());
    objects.addAll(client.resources(EvalQuota.class).list().getItems());
    objects.addAll(client.resources(ModelProfile.class).inAnyNamespace().list().getItems());
    objects.addAll(
        client.resources(PersistentVolumeClaim.class).inAnyNamespace().list().getItems());
    objects.addAll(client.resources(Namespace.class).list().getItems());
    return new ObjectSet(objects);
  }

  /** The jobs as they are now, in the order given. */
  List<EvalJob> jobs(List<EvalJob> named) {
    return named.stream()
        .map(
            job ->
                client
                    .resources(EvalJob.class)
                    .inNamespace(job.getMetadata().getNamespace())
                    .withName(job.getMetadata().getName())
                    .get())
        .toList();
  }

  private void ensureNamespace(String name) {
    if (name != null && client.namespaces().withName(name).get() == null) {
      client
          .resource(new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build())
          .create();
    }
  }

  private ObjectNode tree(HasMetadata object) {
    return json.convertValue(object, ObjectNode.class);
  }

  /**
   * What is there with every field of the file. Labels and annotations of others stay, and so does
   * what the cluster has added to the spec of a claim.
   */
  private static ObjectNode merged(ObjectNode there, ObjectNode wanted) {
    ObjectNode merged = there.deepCopy();
    wanted
        .properties()
        .forEach(
            field -> {
              JsonNode value = field.getValue();
              if (field.getKey().equals("metadata")) {
                ObjectNode metadata = (ObjectNode) merged.get("metadata");
                for (String map : List.of("labels", "annotations")) {
                  if (value.get(map) instanceof ObjectNode entries) {
                    metadata.withObjectProperty(map).setAll(entries);
                  }
                }
              } else if (field.getKey().equals("spec") && isClaim(wanted)) {
                merged.withObjectProperty("spec").setAll((ObjectNode) value);
              } else if (!field.getKey().equals("status")) {
                merged.set(field.getKey(), value);
              }
            });
    return merged;
  }

  private static boolean isClaim(ObjectNode object) {
    return object.path("kind").asText().equals("PersistentVolumeClaim");
  }
}
