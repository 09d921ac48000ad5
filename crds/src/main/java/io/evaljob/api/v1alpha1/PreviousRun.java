package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.Format;
import io.evaljob.api.schema.ListAtomic;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import java.util.List;

/** What is left in the status of a run that another one followed. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record PreviousRun(
    @JsonPropertyDescription("The spec.runID of the run.") @Size(max = 63) String id,
    @JsonPropertyDescription("Counts the runs of this object, from 1.") @Min(0) long number,
    @JsonPropertyDescription(
            "How it ended: Succeeded, PartiallyFailed or Failed; Stopped where the next run took "
                + "its place before it ended.")
        @Size(max = 32)
        String phase,
    @JsonPropertyDescription("When the run started, RFC 3339.") @Format("date-time") @Size(max = 64)
        String startTime,
    @JsonPropertyDescription("When it ended or was stopped, RFC 3339.")
        @Format("date-time")
        @Size(max = 64)
        String completionTime,
    @JsonPropertyDescription("Its mean score, where a mean has a meaning.") @Size(max = 64)
        String score,
    @JsonPropertyDescription(
            "Its first 16 result rows, their messages cut; all rows are in the ConfigMaps that resultsNames names.")
        @Size(max = 16)
        @ListAtomic
        List<ResultRow> results,
    @JsonPropertyDescription("Its result rows in all.") @Min(0) @Max(512) int resultsTotal,
    @JsonPropertyDescription(
            "ConfigMaps with all rows of its models that ended; they stay until the EvalJob is "
                + "deleted.")
        @Size(max = 64)
        @ListAtomic
        List<@Size(max = 63) String> resultsNames) {
  /** Copies the collections; null becomes empty. */
  public PreviousRun {
    results = Copies.list(results);
    resultsNames = Copies.list(resultsNames);
  }
}
