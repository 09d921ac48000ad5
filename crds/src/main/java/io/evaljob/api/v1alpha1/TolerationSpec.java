package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Optional;

/** Lets a pod run on nodes with a taint, as in a pod spec. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
@ValidationRule(
    value = "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
    message = "a toleration names no key: name one, or set operator: Exists for every taint")
@ValidationRule(
    value =
        "!has(self.value) || self.value == '' || !has(self.operator) || self.operator != 'Exists'",
    message = "operator Exists takes any value: remove value, or set operator: Equal")
@ValidationRule(
    value = "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
    message = "tolerationSeconds has a meaning with NoExecute only: set effect: NoExecute")
public record TolerationSpec(
    @JsonPropertyDescription("Key of the taint. Omitted with operator Exists: every taint.")
        @Size(min = 1, max = 317)
        @Pattern(
            "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")
        String key,
    @JsonPropertyDescription("Exists (any value) or Equal (the same value). Omitted: Equal.")
        TolerationOperator operator,
    @JsonPropertyDescription("Value of the taint, with operator Equal.")
        @Size(max = 63)
        @Pattern("^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$")
        String value,
    @JsonPropertyDescription("Effect of the taint. Omitted: every effect.") TaintEffect effect,
    @JsonPropertyDescription("Seconds to stay after a NoExecute taint appears. Omitted: forever.")
        @Min(0)
        @Max(31536000)
        Long tolerationSeconds) {

  /** {@link #key()}, empty when left out. */
  public Optional<String> keyIfSet() {
    return Optional.ofNullable(key);
  }

  /** {@link #operator()}, or the default {@code TolerationOperator.Equal} when left out. */
  public TolerationOperator operatorOrDefault() {
    return operator == null ? TolerationOperator.Equal : operator;
  }

  /** {@link #value()}, empty when left out. */
  public Optional<String> valueIfSet() {
    return Optional.ofNullable(value);
  }

  /** {@link #effect()}, empty when left out. */
  public Optional<TaintEffect> effectIfSet() {
    return Optional.ofNullable(effect);
  }

  /** {@link #tolerationSeconds()}, empty when left out. */
  public Optional<Long> tolerationSecondsIfSet() {
    return Optional.ofNullable(tolerationSeconds);
  }
}
