package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Optional;

/** A model on the model hub. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
@ValidationRule(
    value = "!has(self.revision) || !self.revision.contains('..')",
    message = "revision names no commit, tag or branch: write it without '..'")
public record HubSource(
    @JsonPropertyDescription(
            "Repository on the hub, for example OpenGVLab/InternVL3-78B; the runtime must "
                + "allow it (allow.hubIDs).")
        @Required
        @Size(min = 1, max = 200)
        @Pattern("^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$")
        String id,
    @JsonPropertyDescription(
            "Commit, tag or branch; a full commit makes the run repeatable. Omitted: the main"
                + " branch as it is when it is fetched.")
        @Size(min = 1, max = 128)
        @Pattern("^[A-Za-z0-9][A-Za-z0-9._/-]*$")
        String revision) {

  /** {@link #revision()}, empty when left out. */
  public Optional<String> revisionIfSet() {
    return Optional.ofNullable(revision);
  }
}
