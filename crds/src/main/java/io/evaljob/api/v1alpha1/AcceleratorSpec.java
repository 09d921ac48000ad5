package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Optional;

/** Which devices the models get. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record AcceleratorSpec(
    @JsonPropertyDescription(
            "Extended resource to request, for example nvidia.com/gpu, "
                + "nvidia.com/mig-1g.10gb, amd.com/gpu or huawei.com/Ascend910. Omitted: "
                + "nvidia.com/gpu.")
        @Size(min = 3, max = 253)
        @Pattern("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")
        String resourceName,
    @JsonPropertyDescription(
            "Least memory of each device as the card reports it (an 80 GB card reports 79.6 "
                + "GiB: ask for 79Gi). Plans are made for it, and nodes with less are not used. "
                + "Omitted: the fit is not checked.")
        Quantity minMemory,
    @JsonPropertyDescription(
            "Devices of each process, 0 for CPU. Omitted: the smallest count that the model "
                + "can use and fits.")
        @Min(0)
        @Max(64)
        Integer devicesPerProcess,
    @JsonPropertyDescription(
            "Processes of each model, each with its own copy of the weights and its share of "
                + "the samples. Omitted: 1.")
        @Min(1)
        @Max(64)
        Integer processes) {

  /** {@link #resourceName()}, or the default {@code nvidia.com/gpu} when left out. */
  public String resourceNameOrDefault() {
    return resourceName == null ? "nvidia.com/gpu" : resourceName;
  }

  /** {@link #minMemory()}, empty when left out. */
  public Optional<Quantity> minMemoryIfSet() {
    return Optional.ofNullable(minMemory);
  }

  /** {@link #devicesPerProcess()}, empty when left out. */
  public Optional<Integer> devicesPerProcessIfSet() {
    return Optional.ofNullable(devicesPerProcess);
  }

  /** {@link #processes()}, or the default {@code 1} when left out. */
  public Integer processesOrDefault() {
    return processes == null ? 1 : processes;
  }
}
