package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Optional;

/** How predictions become scores. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
@ValidationRule(
    value = "!has(self.mode) || self.mode != 'Judge' || has(self.judge)",
    message = "mode Judge needs a judge: add it, or set mode to ExactMatching")
@ValidationRule(
    value = "!has(self.judge) || (has(self.mode) && self.mode == 'Judge')",
    message = "judge is used with mode Judge only: set mode to Judge, or remove judge")
public record ScoringSpec(
    @JsonPropertyDescription(
            "DatasetDefault: as each dataset prefers. Judge: by the model in judge, and a dataset"
                + " for which it does not answer fails. ExactMatching: compare answers as text,"
                + " without a judge model. Omitted: DatasetDefault.")
        @Default("DatasetDefault")
        ScoringMode mode,
    @JsonPropertyDescription("The model that judges answers, with mode Judge.") JudgeSpec judge) {

  /** {@link #mode()}, or the default {@code DatasetDefault} when left out. */
  public ScoringMode modeOrDefault() {
    return mode == null ? ScoringMode.DatasetDefault : mode;
  }

  /** {@link #judge()}, empty when left out. */
  public Optional<JudgeSpec> judgeIfSet() {
    return Optional.ofNullable(judge);
  }
}
