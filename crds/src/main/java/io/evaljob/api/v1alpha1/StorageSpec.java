package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.ListMap;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import java.util.Optional;

/** Storage of an EvalJob. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record StorageSpec(
    @JsonPropertyDescription(
            "Where predictions and partial work are kept. Omitted: a claim of 20Gi, "
                + "ReadWriteOnce and of the default class for each model.")
        WorkspaceSpec workspace,
    @JsonPropertyDescription(
            "A cache of models and datasets shared between EvalJobs. Omitted: everything is "
                + "fetched into the workspace.")
        CacheSpec cache,
    @JsonPropertyDescription("Volumes that models and datasets of this spec refer to; read-only.")
        @Size(max = 8)
        @ListMap("name")
        List<VolumeSpec> volumes) {
  /** Copies the collections; null becomes empty. */
  public StorageSpec {
    volumes = Copies.list(volumes);
  }

  /** {@link #workspace()}, empty when left out. */
  public Optional<WorkspaceSpec> workspaceIfSet() {
    return Optional.ofNullable(workspace);
  }

  /** {@link #cache()}, empty when left out. */
  public Optional<CacheSpec> cacheIfSet() {
    return Optional.ofNullable(cache);
  }
}
