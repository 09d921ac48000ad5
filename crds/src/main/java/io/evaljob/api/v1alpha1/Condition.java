package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.Format;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.Optional;

/**
 * One condition of a status, in the shape of Kubernetes: a type, True, False or Unknown, and why.
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record Condition(
    @JsonPropertyDescription("Which condition this is.") @Required @Size(min = 1, max = 63)
        String type,
    @JsonPropertyDescription("True, False or Unknown.")
        @Required
        @Size(min = 4, max = 7)
        @Pattern("^(True|False|Unknown)$")
        String status,
    @JsonPropertyDescription("Why, as one word of a closed list.")
        @Required
        @Size(min = 1, max = 128)
        @Pattern("^[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?$")
        String reason,
    @JsonPropertyDescription("Why, for people, with what to do; may be empty.")
        @Required
        @Size(max = 4096)
        String message,
    @JsonPropertyDescription("The metadata.generation that this condition was made for.") @Min(0)
        Long observedGeneration,
    @JsonPropertyDescription("When status last changed, RFC 3339.")
        @Required
        @Format("date-time")
        @Size(max = 64)
        String lastTransitionTime) {

  /** {@link #observedGeneration()}, empty when left out. */
  public Optional<Long> observedGenerationIfSet() {
    return Optional.ofNullable(observedGeneration);
  }
}
