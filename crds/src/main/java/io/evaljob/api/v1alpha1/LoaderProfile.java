package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;

/** Which library loads the model in a vintage of VLMEvalKit, and whether it can split it. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record LoaderProfile(
    @JsonPropertyDescription("Vintage of VLMEvalKit.") @Required Dialect dialect,
    @JsonPropertyDescription("Library that loads the model in this vintage.") @Required
        Loader loader,
    @JsonPropertyDescription(
            "Whether one process can spread the model over several devices. Omitted: false.")
        Boolean canSplit) {

  /** {@link #canSplit()}, or the default {@code false} when left out. */
  public Boolean canSplitOrDefault() {
    return canSplit == null ? Boolean.FALSE : canSplit;
  }
}
