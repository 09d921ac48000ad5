package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;

/** Where models and datasets lie in the cache of an EvalJob. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
@ValidationRule(
    value =
        "(!has(self.datasetPath) || !self.datasetPath.split('/').exists(p, p == '..')) &&"
            + " (!has(self.hubPath) || !self.hubPath.split('/').exists(p, p == '..'))",
    message = "paths must stay inside the cache: write them without '..'")
public record CacheLayout(
    @JsonPropertyDescription(
            "Folder of the datasets in the cache, relative and without \"..\". Omitted: "
                + "LMUData.")
        @Size(min = 1, max = 512)
        @Pattern("^[^/].*$")
        String datasetPath,
    @JsonPropertyDescription(
            "Folder of the model hub in the cache, relative and without \"..\". Omitted: hf.")
        @Size(min = 1, max = 512)
        @Pattern("^[^/].*$")
        String hubPath) {

  /** {@link #datasetPath()}, or the default {@code LMUData} when left out. */
  public String datasetPathOrDefault() {
    return datasetPath == null ? "LMUData" : datasetPath;
  }

  /** {@link #hubPath()}, or the default {@code hf} when left out. */
  public String hubPathOrDefault() {
    return hubPath == null ? "hf" : hubPath;
  }
}
