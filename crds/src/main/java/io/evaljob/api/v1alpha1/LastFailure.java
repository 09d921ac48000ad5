package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.Format;
import io.fabric8.generator.annotation.Size;
import java.util.Optional;

/** The last failed attempt of a model. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record LastFailure(
    @JsonPropertyDescription("Why, as one word of a closed list.") @Size(max = 64) String cause,
    @JsonPropertyDescription("Why, for people, with what to do.") @Size(max = 512) String message,
    @JsonPropertyDescription("When, RFC 3339.") @Format("date-time") @Size(max = 64) String time) {

  /** {@link #cause()}, empty when left out. */
  public Optional<String> causeIfSet() {
    return Optional.ofNullable(cause);
  }

  /** {@link #message()}, empty when left out. */
  public Optional<String> messageIfSet() {
    return Optional.ofNullable(message);
  }

  /** {@link #time()}, empty when left out. */
  public Optional<String> timeIfSet() {
    return Optional.ofNullable(time);
  }
}
