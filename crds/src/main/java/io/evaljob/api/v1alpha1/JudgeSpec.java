package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.Optional;

/** A model that judges answers, by the address of a server that speaks as OpenAI's does. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record JudgeSpec(
    @JsonPropertyDescription(
            "Address of the server's API, for example https://judge.vlm.svc/v1: questions go to"
                + " /chat/completions below it. The runtime must allow its host"
                + " (allow.endpointHosts).")
        @Required
        @Size(min = 1, max = 512)
        @Pattern(
            "^https?://[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[-A-Za-z0-9._~/]*)?$")
        String url,
    @JsonPropertyDescription("Model to ask for, as the server names it.")
        @Required
        @Size(min = 1, max = 200)
        @Pattern("^[A-Za-z0-9][A-Za-z0-9._:/@-]*$")
        String model,
    @JsonPropertyDescription(
            "Key of the server, given to the Score stage only. Omitted: none is sent.")
        SecretKeyRef apiKeySecretRef) {

  /** {@link #apiKeySecretRef()}, empty when left out. */
  public Optional<SecretKeyRef> apiKeySecretRefIfSet() {
    return Optional.ofNullable(apiKeySecretRef);
  }
}
