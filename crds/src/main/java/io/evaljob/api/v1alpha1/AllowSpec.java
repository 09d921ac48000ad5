package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.ListSet;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import java.util.Optional;

/** What the author of an EvalJob may name; an absent list allows nothing. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record AllowSpec(
    @JsonPropertyDescription(
            "Namespaces whose EvalJobs may use this runtime. {} selects all. Omitted: none.")
        NamespaceSelector namespaceSelector,
    @JsonPropertyDescription(
            "Secrets that an EvalJob may name, in its own namespace. A * is allowed at the "
                + "beginning or at the end. Omitted: none.")
        @Size(max = 128)
        @ListSet
        List<@Size(min = 1, max = 253) @Pattern("^(\\*|\\*?[^*]+|[^*]+\\*)$") String> secretNames,
    @JsonPropertyDescription(
            "PersistentVolumeClaims that an EvalJob may name, in its own namespace. A * is "
                + "allowed at the beginning or at the end. Omitted: none.")
        @Size(max = 128)
        @ListSet
        List<@Size(min = 1, max = 253) @Pattern("^(\\*|\\*?[^*]+|[^*]+\\*)$") String> claimNames,
    @JsonPropertyDescription(
            "Repositories of the model hub, for example OpenGVLab/*. A * is allowed at the "
                + "beginning or at the end. Omitted: none.")
        @Size(max = 128)
        @ListSet
        List<@Size(min = 1, max = 253) @Pattern("^(\\*|\\*?[^*]+|[^*]+\\*)$") String> hubIDs,
    @JsonPropertyDescription(
            "Hosts of judges that an EvalJob may name: they get the key that it names too. A * is "
                + "allowed at the beginning or at the end. Omitted: none.")
        @Size(max = 128)
        @ListSet
        List<@Size(min = 1, max = 253) @Pattern("^(\\*|\\*?[^*]+|[^*]+\\*)$") String> endpointHosts,
    @JsonPropertyDescription(
            "Environment variables that an EvalJob may set. A * is allowed at the beginning "
                + "or at the end. Omitted: none.")
        @Size(max = 128)
        @ListSet
        List<@Size(min = 1, max = 253) @Pattern("^(\\*|\\*?[^*]+|[^*]+\\*)$") String> envNames,
    @JsonPropertyDescription(
            "Settings of models that an EvalJob may set. A * is allowed at the beginning or "
                + "at the end. Omitted: none.")
        @Size(max = 128)
        @ListSet
        List<@Size(min = 1, max = 253) @Pattern("^(\\*|\\*?[^*]+|[^*]+\\*)$") String>
            parameterNames,
    @JsonPropertyDescription(
            "Keys of node labels that an EvalJob may select by. A * is allowed at the "
                + "beginning or at the end. Omitted: none.")
        @Size(max = 128)
        @ListSet
        List<@Size(min = 1, max = 253) @Pattern("^(\\*|\\*?[^*]+|[^*]+\\*)$") String>
            nodeSelectorKeys,
    @JsonPropertyDescription(
            "Keys of taints that an EvalJob may tolerate. A * is allowed at the beginning or "
                + "at the end. Omitted: none.")
        @Size(max = 128)
        @ListSet
        List<@Size(min = 1, max = 253) @Pattern("^(\\*|\\*?[^*]+|[^*]+\\*)$") String>
            tolerationKeys,
    @JsonPropertyDescription(
            "PriorityClasses that an EvalJob may give its pods. A * is allowed at the beginning "
                + "or at the end. Omitted: none.")
        @Size(max = 128)
        @ListSet
        List<@Size(min = 1, max = 253) @Pattern("^(\\*|\\*?[^*]+|[^*]+\\*)$") String>
            priorityClassNames) {
  /** Copies the collections; null becomes empty. */
  public AllowSpec {
    secretNames = Copies.list(secretNames);
    claimNames = Copies.list(claimNames);
    hubIDs = Copies.list(hubIDs);
    endpointHosts = Copies.list(endpointHosts);
    envNames = Copies.list(envNames);
    parameterNames = Copies.list(parameterNames);
    nodeSelectorKeys = Copies.list(nodeSelectorKeys);
    tolerationKeys = Copies.list(tolerationKeys);
    priorityClassNames = Copies.list(priorityClassNames);
  }

  /** {@link #namespaceSelector()}, empty when left out. */
  public Optional<NamespaceSelector> namespaceSelectorIfSet() {
    return Optional.ofNullable(namespaceSelector);
  }
}
