package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.MapAtomic;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Map;
import java.util.Optional;

/** One model to evaluate. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
@ValidationRule(
    value = "!(has(self.hub) && has(self.volume))",
    message = "a model has one source of weights: keep hub or volume, not both")
@ValidationRule(
    value = "!has(self.deviceMap) || self.deviceMap.all(m, size(m) <= 128)",
    message = "a module in deviceMap has more than 128 characters: name a parent module")
@ValidationRule(
    value = "!has(self.parameters) || self.parameters.all(p, size(p) <= 128)",
    message = "the name of a parameter has more than 128 characters: correct it")
public record ModelSpec(
    @JsonPropertyDescription(
            "Identity of the model in status, in names of children and in paths: lower-case "
                + "letters, digits and dashes.")
        @Required
        @Size(min = 1, max = 40)
        @Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
        String name,
    @JsonPropertyDescription(
            "Entry of the catalogue of the harness: it decides class and generation settings."
                + " Omitted: name.")
        @Size(min = 1, max = 128)
        @Pattern("^[A-Za-z0-9][A-Za-z0-9._+-]*$")
        String catalogEntry,
    @JsonPropertyDescription(
            "ModelProfile with the sizes of this model. Omitted: found by catalogEntry in the"
                + " namespace, then in the namespace of the operator, then in the built-in "
                + "catalogue.")
        @Size(min = 1, max = 253)
        @Pattern("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
        String profileName,
    @JsonPropertyDescription(
            "Weights from the model hub; at most one of hub and volume. Omitted: the weights "
                + "that the catalogue entry names.")
        HubSource hub,
    @JsonPropertyDescription("Weights from a folder of a volume; at most one of hub and volume.")
        VolumePath volume,
    @JsonPropertyDescription(
            "Devices of each process of this model, 0 for CPU. Omitted: "
                + "spec.accelerator.devicesPerProcess.")
        @Min(0)
        @Max(64)
        Integer devicesPerProcess,
    @JsonPropertyDescription(
            "Processes of this model, each with its own copy of the weights and its share of "
                + "the samples. Omitted: spec.accelerator.processes.")
        @Min(1)
        @Max(64)
        Integer processes,
    @JsonPropertyDescription(
            "A split by hand: module name to logical device of the process, 0 and up. It must"
                + " cover the whole model. Omitted: spec.split decides.")
        @Size(max = 256)
        @MapAtomic
        Map<String, @Min(0) @Max(63) Integer> deviceMap,
    @JsonPropertyDescription(
            "Settings handed to the model class, for example max_new_tokens: \"1024\"; the "
                + "runtime must allow each name (allow.parameterNames).")
        @Size(max = 64)
        @MapAtomic
        Map<String, @Size(max = 1024) String> parameters) {
  /** Copies the collections; null becomes empty. */
  public ModelSpec {
    deviceMap = Copies.map(deviceMap);
    parameters = Copies.map(parameters);
  }

  /** {@link #catalogEntry()}, empty when left out. */
  public Optional<String> catalogEntryIfSet() {
    return Optional.ofNullable(catalogEntry);
  }

  /** {@link #profileName()}, empty when left out. */
  public Optional<String> profileNameIfSet() {
    return Optional.ofNullable(profileName);
  }

  /** {@link #hub()}, empty when left out. */
  public Optional<HubSource> hubIfSet() {
    return Optional.ofNullable(hub);
  }

  /** {@link #volume()}, empty when left out. */
  public Optional<VolumePath> volumeIfSet() {
    return Optional.ofNullable(volume);
  }

  /** {@link #devicesPerProcess()}, empty when left out. */
  public Optional<Integer> devicesPerProcessIfSet() {
    return Optional.ofNullable(devicesPerProcess);
  }

  /** {@link #processes()}, empty when left out. */
  public Optional<Integer> processesIfSet() {
    return Optional.ofNullable(processes);
  }

  /**
   * The entry of the catalogue of the harness: {@link #catalogEntry()}, or the name when omitted.
   */
  public String catalogEntryOrName() {
    return catalogEntry == null ? name : catalogEntry;
  }
}
