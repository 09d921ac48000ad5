package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.ListAtomic;
import io.evaljob.api.schema.ListMap;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What is charged to a quota and what waits for it; written by the operator only. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record EvalQuotaStatus(
    @JsonPropertyDescription("The metadata.generation that this status was made for.") @Min(-1)
        Long observedGeneration,
    @JsonPropertyDescription("Ready says whether the quota admits in all namespaces it selects.")
        @Size(max = 16)
        @ListMap("type")
        List<Condition> conditions,
    @JsonPropertyDescription("Devices charged now, by extended resource.") @Size(max = 8)
        Map<String, Quantity> used,
    @JsonPropertyDescription("Devices that waiting models need, by extended resource.")
        @Size(max = 8)
        Map<String, Quantity> queued,
    @JsonPropertyDescription("The same in short, for the columns of kubectl get.")
        QuotaSummary summary,
    @JsonPropertyDescription(
            "The ledger: one entry for each attempt that devices are charged for, written before"
                + " its Job is made and removed when no pod of it can hold them any more.")
        @Size(max = 2048)
        @ListAtomic
        List<Reservation> reservations,
    @JsonPropertyDescription("The first models of the queue, in the order of admission.")
        @Size(max = 10)
        @ListAtomic
        List<QueuedModel> queueHead) {
  /** Copies the collections; null becomes empty. */
  public EvalQuotaStatus {
    conditions = Copies.list(conditions);
    used = Copies.map(used);
    queued = Copies.map(queued);
    reservations = Copies.list(reservations);
    queueHead = Copies.list(queueHead);
  }

  /** {@link #observedGeneration()}, empty when left out. */
  public Optional<Long> observedGenerationIfSet() {
    return Optional.ofNullable(observedGeneration);
  }

  /** {@link #summary()}, empty when left out. */
  public Optional<QuotaSummary> summaryIfSet() {
    return Optional.ofNullable(summary);
  }
}
