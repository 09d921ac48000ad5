package io.evaljob.operator.validate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.ModelProfile;
import io.evaljob.operator.plan.DeviceContext;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Objects of manifests, as the inputs of validation: a cluster in a text. */
public final class Manifests {
  public static final String OPERATOR_NAMESPACE = "evaljob-system";
  public static final String UID = "7e6bc95c-bc5f-46ce-955a-4d7541980d41";

  /** A runtime named program, which every namespace may use. */
  public static final String PROGRAM =
      """
      apiVersion: evaljob.io/v1alpha1
      kind: EvalRuntime
      metadata: {name: program}
      spec:
        harness: Command
        command: {args: [python3, /opt/eval.py]}
        image: registry.example/eval:1
        allow: {namespaceSelector: {}}
      ---
      """;

  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  private final List<EvalJob> jobs = new ArrayList<>();
  private final List<EvalRuntime> runtimes = new ArrayList<>();
  private final List<ModelProfile> profiles = new ArrayList<>();
  private final List<PersistentVolumeClaim> claims = new ArrayList<>();
  private final List<Namespace> namespaces = new ArrayList<>();

  public static Manifests of(String... texts) {
    Manifests manifests = new Manifests();
    for (String text : texts) {
      manifests.add(text);
    }
    return manifests;
  }

  public static Manifests read(Path... files) {
    Manifests manifests = new Manifests();
    try {
      for (Path file : files) {
        manifests.add(Files.readString(file));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return manifests;
  }

  public List<EvalJob> jobs() {
    return jobs;
  }

  public EvalJob job() {
    return jobs.get(0);
  }

  public EvalRuntime runtime() {
    return runtimes.get(0);
  }

  /** Edits the first runtime, as its generation tells. */
  public void editRuntime(Consumer<ObjectNode> edit) {
    ObjectNode tree = YAML.valueToTree(runtime());
    edit.accept((ObjectNode) tree.get("spec"));
    EvalRuntime edited = YAML.convertValue(tree, EvalRuntime.class);
    edited.getMetadata().setGeneration(runtime().getMetadata().getGeneration() + 1);
    runtimes.set(0, edited);
  }

  public Validation validate() {
    return validate(job(), new DeviceContext.RequestedInPod());
  }

  public Validation validate(EvalJob job, DeviceContext devices) {
    return Validator.validate(inputs(job, devices));
  }

  public JobInputs inputs(EvalJob job, DeviceContext devices) {
    Optional<EvalRuntime> runtime =
        runtimes.stream()
            .filter(
                candidate ->
                    job.getSpec() != null
                        && job.getSpec().runtimeRef() != null
                        && candidate
                            .getMetadata()
                            .getName()
                            .equals(job.getSpec().runtimeRef().name()))
            .findFirst();
    return new JobInputs(
        job,
        runtime,
        runtimes.stream().map(found -> found.getMetadata().getName()).toList(),
        labels(job),
        new LayeredProfiles(profiles, OPERATOR_NAMESPACE, new Catalogue()),
        this::claim,
        devices,
        OPERATOR_NAMESPACE);
  }

  private Map<String, String> labels(EvalJob job) {
    return namespaces.stream()
        .filter(found -> found.getMetadata().getName().equals(job.getMetadata().getNamespace()))
        .map(found -> found.getMetadata().getLabels())
        .findFirst()
        .orElse(Map.of());
  }

  private Optional<Claim> claim(String namespace, String name) {
    return claims.stream()
        .filter(
            found ->
                name.equals(found.getMetadata().getName())
                    && namespace.equals(
                        Optional.ofNullable(found.getMetadata().getNamespace()).orElse("default")))
        .map(found -> new Claim(name, found.getSpec().getAccessModes(), true))
        .findFirst();
  }

  private void add(String text) {
    try (MappingIterator<JsonNode> documents = YAML.readerFor(JsonNode.class).readValues(text)) {
      while (documents.hasNext()) {
        add(documents.next());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void add(JsonNode document) throws IOException {
    switch (document.path("kind").asText()) {
      case "EvalJob" -> {
        EvalJob job = YAML.treeToValue(document, EvalJob.class);
        job.getMetadata().setUid(UID);
        jobs.add(job);
      }
      case "EvalRuntime" -> {
        EvalRuntime runtime = YAML.treeToValue(document, EvalRuntime.class);
        runtime.getMetadata().setGeneration(1L);
        runtimes.add(runtime);
      }
      case "ModelProfile" -> profiles.add(YAML.treeToValue(document, ModelProfile.class));
      case "PersistentVolumeClaim" ->
          claims.add(YAML.treeToValue(document, PersistentVolumeClaim.class));
      case "Namespace" -> namespaces.add(YAML.treeToValue(document, Namespace.class));
      default -> {} // examples may carry a ConfigMap or a Secret beside them
    }
  }
}
