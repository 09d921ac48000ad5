package io.evaljob.operator.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evaljob.operator.sandbox.controller.ClaimBinder;
import io.evaljob.operator.schema.Manifest;
import io.evaljob.operator.schema.ManifestReader;
import io.evaljob.operator.schema.Manifests;
import io.evaljob.operator.schema.SchemaCheck;
import io.evaljob.operator.schema.SchemaDefaults;
import io.evaljob.operator.schema.SchemaProblem;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The files of a command line and how they are read. */
final class ManifestFiles {

  /** Standard input in place of a file. */
  private static final String STDIN = "-";

  private static final Set<String> CLUSTER_SCOPED = Set.of("EvalQuota", "EvalRuntime", "Namespace");

  private final KubernetesSerialization kubernetes = new KubernetesSerialization();

  @Parameters(
      paramLabel = "FILE",
      arity = "1..*",
      description =
          "Manifests in YAML or JSON, of one or more objects each: EvalJob, EvalQuota, EvalRuntime,"
              + " ModelProfile, and the claims, secrets, config maps and namespaces beside them."
              + " - reads standard input.")
  private List<String> files = List.of();

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAME",
      defaultValue = "default",
      description = "Namespace of objects that name none (default: ${DEFAULT-VALUE}).")
  private String namespace = "default";

  /**
   * Reads the files, fills in what the API fills in, and makes paths of annotation {@code
   * evaljob.io/local-path} absolute.
   *
   * @throws Refused naming every mistake in every file
   */
  LoadedManifests load() {
    LoadedManifests manifests = loadAll();
    if (!manifests.problems().isEmpty()) {
      throw new Refused(manifests.problems().stream().map(SchemaProblem::message).toList());
    }
    return manifests;
  }

  /** As {@link #load}, with the mistakes beside what can be read in spite of them. */
  LoadedManifests loadAll() {
    Manifests read = new Manifests(List.of(), List.of());
    for (String file : files) {
      read =
          read.plus(
              file.equals(STDIN)
                  ? ManifestReader.read(System.in, "standard input")
                  : ManifestReader.read(Path.of(file)));
    }
    read.documents().forEach(this::place);
    List<LoadedManifests.Loaded> objects = new ArrayList<>();
    List<SchemaProblem> problems = SchemaCheck.checkAll(read);
    for (Manifest manifest : read.documents()) {
      object(manifest, problems.isEmpty())
          .ifPresent(object -> objects.add(new LoadedManifests.Loaded(manifest, object)));
    }
    return new LoadedManifests(objects, problems);
  }

  /** The object; empty when what is wrong with it keeps it from being one. */
  private Optional<HasMetadata> object(Manifest manifest, boolean correct) {
    if (manifest.name().isEmpty()) {
      return Optional.empty();
    }
    ObjectNode whole = SchemaDefaults.apply(manifest.object());
    try {
      return Optional.of(kubernetes.unmarshal(whole.toString()));
    } catch (IllegalArgumentException | KubernetesClientException | ClassCastException e) {
      if (correct) {
        throw e;
      }
      return Optional.empty();
    }
  }

  /** The files as they were named, for messages. */
  List<String> names() {
    return files;
  }

  private void place(Manifest manifest) {
    if (!(manifest.object().get("metadata") instanceof ObjectNode metadata)) {
      return;
    }
    if (!CLUSTER_SCOPED.contains(manifest.kind()) && !metadata.has("namespace")) {
      metadata.put("namespace", namespace);
    }
    if (metadata.get("annotations") instanceof ObjectNode annotations
        && annotations.path(ClaimBinder.LOCAL_PATH).isTextual()) {
      Path base = manifest.file().map(Path::toAbsolutePath).orElse(Path.of("stdin"));
      Path local = Path.of(annotations.get(ClaimBinder.LOCAL_PATH).textValue());
      annotations.put(
          ClaimBinder.LOCAL_PATH,
          base.toAbsolutePath().resolveSibling(local).normalize().toString());
    }
  }
}
