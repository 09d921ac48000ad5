package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;

/** Memory beside weights and KV cache. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record ActivationProfile(
    @JsonPropertyDescription("Bytes of activations of the vision tower, on device 0. Omitted: 0.")
        @Min(0)
        @Max(9007199254740991L)
        Long visionBytes,
    @JsonPropertyDescription(
            "Bytes of logits for each token of context where the harness keeps all of them, "
                + "on the device of the head. Omitted: 0.")
        @Min(0)
        @Max(1073741824)
        Long logitsBytesPerToken,
    @JsonPropertyDescription("Bytes of work space on every device. Omitted: 0.")
        @Min(0)
        @Max(9007199254740991L)
        Long workspaceBytes) {

  /** {@link #visionBytes()}, or the default 0 when left out. */
  public Long visionBytesOrDefault() {
    return visionBytes == null ? 0L : visionBytes;
  }

  /** {@link #logitsBytesPerToken()}, or the default 0 when left out. */
  public Long logitsBytesPerTokenOrDefault() {
    return logitsBytesPerToken == null ? 0L : logitsBytesPerToken;
  }

  /** {@link #workspaceBytes()}, or the default 0 when left out. */
  public Long workspaceBytesOrDefault() {
    return workspaceBytes == null ? 0L : workspaceBytes;
  }
}
