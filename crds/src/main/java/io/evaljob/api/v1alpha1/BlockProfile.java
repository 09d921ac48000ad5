package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.ListAtomic;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.List;

/** One block of a model that is never cut, or a series of equal layers. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record BlockProfile(
    @JsonPropertyDescription(
            "What the block is; Vision, Connector and Embedding stay on device 0, Norm and "
                + "Head together.")
        @Required
        BlockRole role,
    @JsonPropertyDescription("Number of equal blocks in this entry. Omitted: 1.") @Min(1) @Max(1024)
        Integer count,
    @JsonPropertyDescription("Bytes of the weights of one block.")
        @Required
        @Min(0)
        @Max(9007199254740991L)
        long bytes,
    @JsonPropertyDescription(
            "Bytes of KV cache of one layer for each token of context, role Layers only. "
                + "Omitted: 0.")
        @Min(0)
        @Max(1073741824)
        Long keyValueBytesPerToken,
    @JsonPropertyDescription(
            "Names of the module in the loaded model, with older and newer aliases; for "
                + "layers without the index.")
        @Required
        @Size(min = 1, max = 16)
        @ListAtomic
        List<@Size(min = 1, max = 256) String> moduleNames) {
  /** Copies the collections; null becomes empty. */
  public BlockProfile {
    moduleNames = Copies.list(moduleNames);
  }

  /** {@link #count()}, or the default {@code 1} when left out. */
  public Integer countOrDefault() {
    return count == null ? 1 : count;
  }

  /** {@link #keyValueBytesPerToken()}, or the default 0 when left out. */
  public Long keyValueBytesPerTokenOrDefault() {
    return keyValueBytesPerToken == null ? 0L : keyValueBytesPerToken;
  }
}
