package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;

/** A file or folder in one of spec.storage.volumes. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
@ValidationRule(
    value = "!self.path.split('/').exists(p, p == '..')",
    message = "path must stay inside the volume: write it without '..'")
public record VolumePath(
    @JsonPropertyDescription("Name of an entry of spec.storage.volumes.")
        @Required
        @Size(min = 1, max = 63)
        @Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
        String name,
    @JsonPropertyDescription("Path inside that volume, relative and without \"..\".")
        @Required
        @Size(min = 1, max = 512)
        @Pattern("^[^/].*$")
        String path) {}
