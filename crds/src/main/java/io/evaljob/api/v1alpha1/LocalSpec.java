package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.ListAtomic;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import java.util.List;

/** What the command "evaljob run" uses instead of the image. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record LocalSpec(
    @JsonPropertyDescription(
            "Python packages as a complete lock, each NAME==VERSION: installed without "
                + "resolving dependencies into a virtual environment. Omitted: the python3 of the "
                + "machine as it is.")
        @Size(max = 512)
        @ListAtomic
        List<
                @Size(min = 1, max = 512)
                @Pattern("^[A-Za-z0-9][A-Za-z0-9._-]*(\\[[A-Za-z0-9._,-]+\\])?==[^ ]+( *;.*)?$")
                String>
            requirements) {
  /** Copies the collections; null becomes empty. */
  public LocalSpec {
    requirements = Copies.list(requirements);
  }
}
