package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** Devices of one resource name. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record DeviceUse(
    @JsonPropertyDescription("Extended resource, for example nvidia.com/gpu.")
        @Required
        @Size(max = 253)
        String resourceName,
    @JsonPropertyDescription("Devices that the run needs at the same time.") @Min(0) long requested,
    @JsonPropertyDescription("Devices that pods of the run hold now.") @Min(0) long held) {}
