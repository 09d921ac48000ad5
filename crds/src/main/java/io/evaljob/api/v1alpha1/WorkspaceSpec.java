package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Optional;

/** Where predictions and partial work are kept. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
@ValidationRule(
    value = "has(self.claimName) != has(self.claimTemplate)",
    message =
        "a workspace is one claim: set claimName (an existing one) or claimTemplate (one to make)")
@ValidationRule(
    value = "!has(self.retention) || has(self.claimTemplate)",
    message =
        "retention is for claims that are made (claimTemplate), a claim of yours is never deleted: "
            + "remove it")
public record WorkspaceSpec(
    @JsonPropertyDescription(
            "An existing PersistentVolumeClaim in the namespace of the EvalJob; the runtime "
                + "must allow it (allow.claimNames). Several models at once need ReadWriteMany.")
        @Size(min = 1, max = 253)
        @Pattern("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
        String claimName,
    @JsonPropertyDescription(
            "A claim to make for each model. What becomes of it later is for retention to say.")
        ClaimTemplate claimTemplate,
    @JsonPropertyDescription(
            "What becomes of the claims that were made when the EvalJob is deleted, by hand or "
                + "by ttlSecondsAfterFinished. Delete: they are deleted too. Retain: they stay "
                + "until somebody deletes them, with the label evaljob.io/job. Omitted: Delete.")
        Retention retention) {

  /** {@link #claimName()}, empty when left out. */
  public Optional<String> claimNameIfSet() {
    return Optional.ofNullable(claimName);
  }

  /** {@link #claimTemplate()}, empty when left out. */
  public Optional<ClaimTemplate> claimTemplateIfSet() {
    return Optional.ofNullable(claimTemplate);
  }

  /** {@link #retention()}, or the default {@code Delete} when left out. */
  public Retention retentionOrDefault() {
    return retention == null ? Retention.Delete : retention;
  }
}
