package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Optional;

/**
 * CPU, memory, disk and shared memory of the container of the Infer stage; devices are set by the
 * plan.
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record InferResources(
    @JsonPropertyDescription(
            "CPU cores, for example \"16\" or 500m. Omitted: what the runtime says for Infer.")
        Quantity cpu,
    @JsonPropertyDescription(
            "Main memory, for example 256Gi; it must hold /dev/shm too. Omitted: what the "
                + "runtime says for Infer.")
        Quantity memory,
    @JsonPropertyDescription(
            "Disk of the node, for example 50Gi. Omitted: what the runtime says for Infer.")
        Quantity ephemeralStorage,
    @JsonPropertyDescription(
            "Size of /dev/shm, for example 32Gi; data loaders and vLLM use it. Omitted: what "
                + "the runtime says.")
        Quantity sharedMemory) {

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

  /** {@link #sharedMemory()}, empty when left out. */
  public Optional<Quantity> sharedMemoryIfSet() {
    return Optional.ofNullable(sharedMemory);
  }

  /** The part that every stage has. */
  public StageResources common() {
    return new StageResources(cpu, memory, ephemeralStorage);
  }
}
