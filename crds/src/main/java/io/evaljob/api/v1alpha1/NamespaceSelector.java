package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.ListAtomic;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import java.util.Map;

/** Selects objects by their labels; an empty selector selects all. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record NamespaceSelector(
    @JsonPropertyDescription("Labels that must all be there with these values.") @Size(max = 16)
        Map<String, @Size(max = 63) String> matchLabels,
    @JsonPropertyDescription("Expressions that must all hold.") @Size(max = 16) @ListAtomic
        List<NamespaceExpression> matchExpressions) {
  /** Copies the collections; null becomes empty. */
  public NamespaceSelector {
    matchLabels = Copies.map(matchLabels);
    matchExpressions = Copies.list(matchExpressions);
  }

  /**
   * Says whether an object with these labels is selected.
   *
   * @param labels labels of the object
   * @return true when every label and every expression matches
   */
  public boolean selects(Map<String, String> labels) {
    return matchLabels.entrySet().stream()
            .allMatch(wanted -> wanted.getValue().equals(labels.get(wanted.getKey())))
        && matchExpressions.stream().allMatch(expression -> expression.matches(labels));
  }
}
