package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.Format;
import io.evaljob.api.schema.ListAtomic;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import java.util.Optional;

/** For what the EvalJob waits, and what to do about it. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record WaitingStatus(
    @JsonPropertyDescription("Why, as one word of a closed list.") @Size(max = 64) String reason,
    @JsonPropertyDescription("Why, for people, with what to do.") @Size(max = 512) String message,
    @JsonPropertyDescription("Since when, RFC 3339.") @Format("date-time") @Size(max = 64)
        String since,
    @JsonPropertyDescription("Devices that are held while it waits.") @Min(0) long devicesHeld,
    @JsonPropertyDescription(
            "Reasons shown shortly before this one, the newest last; one of them is shown again only"
                + " when this one has stood for 30 s, so that causes that alternate do not flap.")
        @Size(max = 4)
        @ListAtomic
        List<@Size(max = 64) String> recentReasons) {

  /** Copies the list; null becomes empty. */
  public WaitingStatus {
    recentReasons = Copies.list(recentReasons);
  }

  /** {@link #reason()}, empty when left out. */
  public Optional<String> reasonIfSet() {
    return Optional.ofNullable(reason);
  }

  /** {@link #message()}, empty when left out. */
  public Optional<String> messageIfSet() {
    return Optional.ofNullable(message);
  }

  /** {@link #since()}, empty when left out. */
  public Optional<String> sinceIfSet() {
    return Optional.ofNullable(since);
  }
}
