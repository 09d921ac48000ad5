package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;

/** Settings of the harness VLMEvalKit. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record VLMEvalKitSpec(
    @JsonPropertyDescription(
            "Vintage of the VLMEvalKit in the image. AutoSplit: before May 2025. "
                + "AutoDeviceMap: May 2025 to April 2026. StatusFile: later. The runner checks it "
                + "before it evaluates.")
        @Required
        Dialect dialect) {}
