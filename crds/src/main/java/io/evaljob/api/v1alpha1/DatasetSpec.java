package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.Optional;

/** One dataset to evaluate on. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record DatasetSpec(
    @JsonPropertyDescription(
            "Name of the dataset as the harness knows it, for example MMBench_DEV_EN; with "
                + "volume, any name.")
        @Required
        @Size(min = 1, max = 128)
        @Pattern("^[A-Za-z0-9][A-Za-z0-9._+-]*$")
        String name,
    @JsonPropertyDescription(
            "A dataset of your own: its file in a volume. Omitted: the harness knows the "
                + "dataset and fetches it.")
        VolumePath volume) {

  /** {@link #volume()}, empty when left out. */
  public Optional<VolumePath> volumeIfSet() {
    return Optional.ofNullable(volume);
  }
}
