package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.ListSet;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.List;

/** Why VLMEvalKit cannot evaluate a model at all. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record ProfileRefusal(
    @JsonPropertyDescription(
            "The reason, as the end of a sentence that starts with the model, for example: is a "
                + "speech recogniser and takes no images.")
        @Required
        @Size(min = 1, max = 512)
        String reason,
    @JsonPropertyDescription("What to do instead, as an imperative.")
        @Required
        @Size(min = 1, max = 512)
        String remedy,
    @JsonPropertyDescription(
            "Repositories on the hub that are refused, too, whatever catalogue entry a model "
                + "names.")
        @Size(max = 32)
        @ListSet
        List<
                @Size(min = 1, max = 200)
                @Pattern("^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$") String>
            hubIDs) {
  /** Copies the list; null becomes empty. */
  public ProfileRefusal {
    hubIDs = Copies.list(hubIDs);
  }
}
