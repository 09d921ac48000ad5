package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import java.util.Optional;

/** Where the figures come from. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record ProfileSource(
    @JsonPropertyDescription("Page or repository that was measured.")
        @Size(max = 1024)
        @Pattern("^https?://.*$")
        String url,
    @JsonPropertyDescription("Day of the measurement, year-month-day.")
        @Size(max = 10)
        @Pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
        String date) {

  /** {@link #url()}, empty when left out. */
  public Optional<String> urlIfSet() {
    return Optional.ofNullable(url);
  }

  /** {@link #date()}, empty when left out. */
  public Optional<String> dateIfSet() {
    return Optional.ofNullable(date);
  }
}
