package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.Format;
import io.evaljob.api.schema.ListAtomic;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import java.util.Optional;

/** For what the EvalJob waited last. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record LastWaiting(
    @JsonPropertyDescription("Why, as one word of a closed list.") @Size(max = 64) String reason,
    @JsonPropertyDescription("Since when it waited, RFC 3339.") @Format("date-time") @Size(max = 64)
        String since,
    @JsonPropertyDescription(
            "Until when, RFC 3339. Where the reason comes back within 30 s, it is the same wait: it"
                + " is shown at once with the same since, and then stays until 30 s have passed.")
        @Format("date-time")
        @Size(max = 64)
        String until,
    @JsonPropertyDescription("Reasons shown shortly before this one, the newest last.")
        @Size(max = 4)
        @ListAtomic
        List<@Size(max = 64) String> recentReasons) {

  /** Copies the list; null becomes empty. */
  public LastWaiting {
    recentReasons = Copies.list(recentReasons);
  }

  /** {@link #reason()}, empty when left out. */
  public Optional<String> reasonIfSet() {
    return Optional.ofNullable(reason);
  }

  /** {@link #since()}, empty when left out. */
  public Optional<String> sinceIfSet() {
    return Optional.ofNullable(since);
  }

  /** {@link #until()}, empty when left out. */
  public Optional<String> untilIfSet() {
    return Optional.ofNullable(until);
  }
}
