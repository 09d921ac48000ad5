package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.ListAtomic;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.List;

/** Settings of the harness Command. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record CommandSpec(
    @JsonPropertyDescription(
            "Program and arguments, for example [python3, /opt/eval.py]; nothing is appended."
                + " It is started once for each dataset and process, with model, dataset and output"
                + " path in environment variables.")
        @Required
        @Size(min = 1, max = 64)
        @ListAtomic
        List<@Size(min = 1, max = 4096) String> args) {
  /** Copies the collections; null becomes empty. */
  public CommandSpec {
    args = Copies.list(args);
  }
}
