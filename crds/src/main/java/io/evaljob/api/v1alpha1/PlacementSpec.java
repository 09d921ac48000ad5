package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.ListAtomic;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import java.util.Map;

/** On which nodes the pods may run. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
@ValidationRule(
    value =
        "!has(self.nodeSelector) || self.nodeSelector.all(k, k.matches("
            + "'^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))",
    message = "a key of nodeSelector is no label: write NAME or DOMAIN/NAME")
public record PlacementSpec(
    @JsonPropertyDescription(
            "Labels that a node must have; the runtime must allow each key "
                + "(allow.nodeSelectorKeys).")
        @Size(max = 16)
        Map<
                String,
                @Size(max = 63) @Pattern("^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$") String>
            nodeSelector,
    @JsonPropertyDescription(
            "Taints that the pods tolerate; the runtime must allow each key "
                + "(allow.tolerationKeys).")
        @Size(max = 16)
        @ListAtomic
        List<TolerationSpec> tolerations) {
  /** Copies the collections; null becomes empty. */
  public PlacementSpec {
    nodeSelector = Copies.map(nodeSelector);
    tolerations = Copies.list(tolerations);
  }
}
