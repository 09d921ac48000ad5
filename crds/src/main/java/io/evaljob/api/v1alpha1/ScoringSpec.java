package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;

/** How predictions become scores. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record ScoringSpec(
    @JsonPropertyDescription(
            "DatasetDefault: as each dataset prefers. ExactMatching: compare answers as text,"
                + " without a judge model. Omitted: DatasetDefault.")
        @Default("DatasetDefault")
        ScoringMode mode) {

  /** {@link #mode()}, or the default {@code DatasetDefault} when left out. */
  public ScoringMode modeOrDefault() {
    return mode == null ? ScoringMode.DatasetDefault : mode;
  }
}
