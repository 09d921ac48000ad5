package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** A key of a Secret in the namespace of the EvalJob. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record SecretKeyRef(
    @JsonPropertyDescription("Name of the Secret; the runtime must allow it (allow.secretNames).")
        @Required
        @Size(min = 1, max = 253)
        @Pattern("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
        String name,
    @JsonPropertyDescription("Key inside the Secret. Omitted: token.")
        @Default("token")
        @Size(min = 1, max = 253)
        @Pattern("^[-._A-Za-z0-9]+$")
        String key) {

  /** {@link #key()}, or the default {@code token} when left out. */
  public String keyOrDefault() {
    return key == null ? "token" : key;
  }
}
