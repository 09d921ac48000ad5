package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.Optional;

/** What the short run before the real one came to. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record SmokeTestStatus(
    @JsonPropertyDescription(
            "Passed: it ran, and nothing is split. Same: split and unsplit answers differ no more"
                + " than those of two unsplit runs. Different: they differ more. SplitOnly: it ran"
                + " split, and could not be compared with an unsplit run.")
        @Size(max = 32)
        String outcome,
    @JsonPropertyDescription("How many samples, what differs and where the files are, or why not.")
        @Size(max = 512)
        String message) {

  /** {@link #outcome()}, empty when left out. */
  public Optional<String> outcomeIfSet() {
    return Optional.ofNullable(outcome);
  }

  /** {@link #message()}, empty when left out. */
  public Optional<String> messageIfSet() {
    return Optional.ofNullable(message);
  }
}
