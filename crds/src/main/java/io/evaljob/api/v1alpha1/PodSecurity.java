package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.ListAtomic;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import java.util.Optional;

/** User and groups of the pods. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record PodSecurity(
    @JsonPropertyDescription("User ID, not 0. Omitted: what the image or the platform says.")
        @Min(1)
        @Max(2147483647)
        Long runAsUser,
    @JsonPropertyDescription("Group ID. Omitted: what the image or the platform says.")
        @Min(0)
        @Max(2147483647)
        Long runAsGroup,
    @JsonPropertyDescription("Group that owns the volumes. Omitted: what the platform says.")
        @Min(0)
        @Max(2147483647)
        Long fsGroup,
    @JsonPropertyDescription(
            "When the group of a volume is changed. Omitted: what the platform says.")
        FsGroupChangePolicy fsGroupChangePolicy,
    @JsonPropertyDescription(
            "More groups of the user, for example the group that owns a shared file system.")
        @Size(max = 32)
        @ListAtomic
        List<@Min(0) @Max(2147483647) Long> supplementalGroups) {
  /** Copies the collections; null becomes empty. */
  public PodSecurity {
    supplementalGroups = Copies.list(supplementalGroups);
  }

  /** {@link #runAsUser()}, empty when left out. */
  public Optional<Long> runAsUserIfSet() {
    return Optional.ofNullable(runAsUser);
  }

  /** {@link #runAsGroup()}, empty when left out. */
  public Optional<Long> runAsGroupIfSet() {
    return Optional.ofNullable(runAsGroup);
  }

  /** {@link #fsGroup()}, empty when left out. */
  public Optional<Long> fsGroupIfSet() {
    return Optional.ofNullable(fsGroup);
  }

  /** {@link #fsGroupChangePolicy()}, empty when left out. */
  public Optional<FsGroupChangePolicy> fsGroupChangePolicyIfSet() {
    return Optional.ofNullable(fsGroupChangePolicy);
  }
}
