package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Map;

/** Whose devices are limited, and to how many. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
@ValidationRule(
    value = EvalQuotaSpec.NAMES,
    message =
        "a key of hard is no extended resource: write DOMAIN/NAME, for example nvidia.com/gpu")
@ValidationRule(
    value = EvalQuotaSpec.WHOLE,
    message = "hard counts devices: write a whole number from 0 to 65536")
@ValidationRule(
    value = EvalQuotaSpec.SUBSET,
    message = "hardPerNamespace names a resource that hard does not: add it to hard")
@ValidationRule(
    value = EvalQuotaSpec.WHOLE_PER_NAMESPACE,
    message = "hardPerNamespace counts devices: write a whole number from 0 to 65536")
public record EvalQuotaSpec(
    @JsonPropertyDescription(
            "The namespaces whose EvalJobs are charged; {} selects all. Of two quotas that select a"
                + " namespace, the older one admits there.")
        @Required
        NamespaceSelector namespaceSelector,
    @JsonPropertyDescription(
            "Devices that all these namespaces may hold together, by extended resource, for example"
                + " nvidia.com/gpu: 16. A resource that is not named is not limited.")
        @Required
        @Size(min = 1, max = 8)
        Map<String, Quantity> hard,
    @JsonPropertyDescription(
            "Devices that each of these namespaces may hold, by extended resource of hard. Omitted:"
                + " as many as hard.")
        @Size(max = 8)
        Map<String, Quantity> hardPerNamespace,
    @JsonPropertyDescription(
            "How long a model may wait while models behind it take devices that are too few for it;"
                + " after that, devices that become free are kept for it. 0: nobody overtakes."
                + " Omitted: 600.")
        @Default("600")
        @Min(0)
        @Max(604800)
        Integer maxQueueHeadWaitSeconds) {

  static final String NAMES =
      "self.hard.all(k, k.matches('^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/"
          + "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))";
  static final String WHOLE =
      "self.hard.all(k, type(self.hard[k]) == int ? self.hard[k] <= 65536 : "
          + "self.hard[k].matches('^[0-9]{1,5}$') && int(self.hard[k]) <= 65536)";
  static final String SUBSET =
      "!has(self.hardPerNamespace) || self.hardPerNamespace.all(k, k in self.hard)";
  static final String WHOLE_PER_NAMESPACE =
      "!has(self.hardPerNamespace) || self.hardPerNamespace.all(k, "
          + "type(self.hardPerNamespace[k]) == int ? self.hardPerNamespace[k] <= 65536 : "
          + "self.hardPerNamespace[k].matches('^[0-9]{1,5}$') && "
          + "int(self.hardPerNamespace[k]) <= 65536)";

  /** Copies the collections; null becomes empty. */
  public EvalQuotaSpec {
    hard = Copies.map(hard);
    hardPerNamespace = Copies.map(hardPerNamespace);
  }

  /** {@link #maxQueueHeadWaitSeconds()}, or the default 600 when left out. */
  public int maxQueueHeadWaitSecondsOrDefault() {
    return maxQueueHeadWaitSeconds == null ? 600 : maxQueueHeadWaitSeconds;
  }
}
