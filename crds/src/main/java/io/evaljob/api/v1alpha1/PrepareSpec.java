package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** What runs first in the Prefetch stage. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record PrepareSpec(
    @JsonPropertyDescription("Python code, at most 16 KiB; written by the administrator.")
        @Required
        @Size(min = 1, max = 16384)
        String script) {}
