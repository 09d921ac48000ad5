package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** A cache of models and datasets that many EvalJobs share. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record CacheSpec(
    @JsonPropertyDescription(
            "An existing PersistentVolumeClaim in the namespace of the EvalJob; the runtime "
                + "must allow it (allow.claimNames).")
        @Required
        @Size(min = 1, max = 253)
        @Pattern("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
        String claimName,
    @JsonPropertyDescription(
            "Prefetch: the Prefetch stage fills the cache. ReadOnly: nothing is fetched, for "
                + "clusters without a way out. Omitted: Prefetch.")
        @Default("Prefetch")
        CacheAccess access) {

  /** {@link #access()}, or the default {@code Prefetch} when left out. */
  public CacheAccess accessOrDefault() {
    return access == null ? CacheAccess.Prefetch : access;
  }
}
