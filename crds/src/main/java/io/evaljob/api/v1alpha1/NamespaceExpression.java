package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.ListAtomic;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import java.util.Map;

/** One expression of a label selector. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record NamespaceExpression(
    @JsonPropertyDescription("Key of the label.") @Required @Size(min = 1, max = 317) String key,
    @JsonPropertyDescription("In, NotIn, Exists or DoesNotExist.") @Required
        SelectorOperator operator,
    @JsonPropertyDescription("Values, for In and NotIn.") @Size(max = 32) @ListAtomic
        List<@Size(max = 63) String> values) {
  /** Copies the collections; null becomes empty. */
  public NamespaceExpression {
    values = Copies.list(values);
  }

  /**
   * Says whether these labels satisfy the expression.
   *
   * @param labels labels of the object
   * @return false for an operator this version does not know
   */
  public boolean matches(Map<String, String> labels) {
    return switch (operator) {
      case In -> labels.containsKey(key) && values.contains(labels.get(key));
      case NotIn -> !values.contains(labels.get(key));
      case Exists -> labels.containsKey(key);
      case DoesNotExist -> !labels.containsKey(key);
      case Unknown -> false;
    };
  }
}
