package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.ListAtomic;
import io.evaljob.api.schema.ListMap;
import io.evaljob.api.schema.ListSet;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import java.util.Optional;

/** Facts about a model that plans are made from. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record ModelProfileSpec(
    @JsonPropertyDescription("Entries of the catalogue of the harness that these facts hold for.")
        @Size(max = 32)
        @ListSet
        List<@Size(min = 1, max = 128) @Pattern("^[A-Za-z0-9][A-Za-z0-9._+-]*$") String>
            catalogEntries,
    @JsonPropertyDescription(
            "Which library loads the model in each vintage of VLMEvalKit, and whether it can "
                + "split it.")
        @Size(max = 8)
        @ListMap("dialect")
        List<LoaderProfile> loaders,
    @JsonPropertyDescription(
            "Attention heads; a tensor-parallel size must divide them. Omitted: not checked.")
        @Min(1)
        @Max(4096)
        Integer attentionHeads,
    @JsonPropertyDescription(
            "Key and value heads; a tensor-parallel size must divide them or be a multiple. "
                + "Omitted: not checked.")
        @Min(1)
        @Max(4096)
        Integer keyValueHeads,
    @JsonPropertyDescription("Device counts that one process can use. Omitted: any count.")
        @Size(max = 16)
        @ListSet
        List<@Min(1) @Max(64) Integer> allowedDeviceCounts,
    @JsonPropertyDescription(
            "Blocks in the order of execution; unequal layers in several Layers entries.")
        @Size(max = 256)
        @ListAtomic
        List<BlockProfile> blocks,
    @JsonPropertyDescription(
            "True when the head is the embedding: it then costs nothing and stays with it. "
                + "Omitted: false.")
        Boolean tiedHead,
    @JsonPropertyDescription("Memory beside weights and KV cache. Omitted: none.")
        ActivationProfile activations,
    @JsonPropertyDescription(
            "Refuses the model on VLMEvalKit, with a reason; programs of one's own may still "
                + "evaluate it. Omitted: not refused.")
        ProfileRefusal refusal,
    @JsonPropertyDescription("Where the figures come from.") ProfileSource source) {
  /** Copies the collections; null becomes empty. */
  public ModelProfileSpec {
    catalogEntries = Copies.list(catalogEntries);
    loaders = Copies.list(loaders);
    allowedDeviceCounts = Copies.list(allowedDeviceCounts);
    blocks = Copies.list(blocks);
  }

  /** {@link #attentionHeads()}, empty when left out. */
  public Optional<Integer> attentionHeadsIfSet() {
    return Optional.ofNullable(attentionHeads);
  }

  /** {@link #keyValueHeads()}, empty when left out. */
  public Optional<Integer> keyValueHeadsIfSet() {
    return Optional.ofNullable(keyValueHeads);
  }

  /** {@link #tiedHead()}, or the default {@code false} when left out. */
  public Boolean tiedHeadOrDefault() {
    return tiedHead == null ? Boolean.FALSE : tiedHead;
  }

  /** {@link #activations()}, empty when left out. */
  public Optional<ActivationProfile> activationsIfSet() {
    return Optional.ofNullable(activations);
  }

  /** {@link #refusal()}, empty when left out. */
  public Optional<ProfileRefusal> refusalIfSet() {
    return Optional.ofNullable(refusal);
  }

  /** {@link #source()}, empty when left out. */
  public Optional<ProfileSource> sourceIfSet() {
    return Optional.ofNullable(source);
  }

  /** The activation figures, zeros when left out. */
  public ActivationProfile activationsOrDefault() {
    return activations == null ? new ActivationProfile(null, null, null) : activations;
  }
}
