package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Optional;

/** A volume with models or datasets, mounted read-only at /mnt/evaljob/NAME. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
@ValidationRule(
    value = "!has(self.subPath) || !self.subPath.split('/').exists(p, p == '..')",
    message = "subPath must stay inside the claim: write it without '..'")
public record VolumeSpec(
    @JsonPropertyDescription("Name by which models and datasets refer to it.")
        @Required
        @Size(min = 1, max = 63)
        @Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
        String name,
    @JsonPropertyDescription(
            "An existing PersistentVolumeClaim in the namespace of the EvalJob; the runtime "
                + "must allow it (allow.claimNames).")
        @Required
        @Size(min = 1, max = 253)
        @Pattern("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
        String claimName,
    @JsonPropertyDescription(
            "Folder of the claim to mount, relative and without \"..\". Omitted: the whole "
                + "claim.")
        @Size(min = 1, max = 512)
        @Pattern("^[^/].*$")
        String subPath) {

  /** {@link #subPath()}, empty when left out. */
  public Optional<String> subPathIfSet() {
    return Optional.ofNullable(subPath);
  }
}
