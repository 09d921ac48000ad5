package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Optional;

/** CPU, memory and disk of the container of a stage. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record StageResources(
    @JsonPropertyDescription(
            "CPU cores, for example \"16\" or 500m. Omitted: what the runtime says for this "
                + "stage.")
        Quantity cpu,
    @JsonPropertyDescription(
            "Main memory, for example 64Gi. Omitted: what the runtime says for this stage.")
        Quantity memory,
    @JsonPropertyDescription(
            "Disk of the node, for example 50Gi. Omitted: what the runtime says for this "
                + "stage.")
        Quantity ephemeralStorage) {

  /** {@link #cpu()}, empty when left out. */
  public Optional<Quantity> cpuIfSet() {
    return Optional.ofNullable(cpu);
  }

  /** {@link #memory()}, empty when left out. */
  public Optional<Quantity> memoryIfSet() {
    return Optional.ofNullable(memory);
  }

  /** {@link #ephemeralStorage()}, empty when left out. */
  public Optional<Quantity> ephemeralStorageIfSet() {
    return Optional.ofNullable(ephemeralStorage);
  }
}
