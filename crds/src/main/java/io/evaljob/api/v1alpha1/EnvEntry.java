package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** One environment variable with a literal value. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record EnvEntry(
    @JsonPropertyDescription(
            "Name of the variable. Variables that choose devices, ranks or loaders are "
                + "refused: the plan sets them.")
        @Required
        @Size(min = 1, max = 128)
        @Pattern("^[A-Za-z_][A-Za-z0-9_]*$")
        String name,
    @JsonPropertyDescription("Literal value. Omitted: empty.")
        @Size(max = 4096)
        @Pattern("^[^\\x00]*$")
        String value) {

  /** {@link #value()}, or the default the empty string when left out. */
  public String valueOrDefault() {
    return value == null ? "" : value;
  }
}
