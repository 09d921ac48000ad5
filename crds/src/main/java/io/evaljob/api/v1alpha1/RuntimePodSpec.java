package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.ListAtomic;
import io.evaljob.api.schema.ListMap;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What every pod of the runtime gets; a closed list, no pod template. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record RuntimePodSpec(
    @JsonPropertyDescription(
            "RuntimeClass, for example nvidia. Omitted: the default of the cluster.")
        @Size(min = 1, max = 253)
        @Pattern("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
        String runtimeClassName,
    @JsonPropertyDescription("Scheduler. Omitted: the default of the cluster.")
        @Size(min = 1, max = 253)
        @Pattern("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
        String schedulerName,
    @JsonPropertyDescription("Labels that a node must have; they win over those of an EvalJob.")
        @Size(max = 16)
        Map<
                String,
                @Size(max = 63) @Pattern("^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$") String>
            nodeSelector,
    @JsonPropertyDescription("Taints that the pods tolerate.") @Size(max = 16) @ListAtomic
        List<TolerationSpec> tolerations,
    @JsonPropertyDescription("Labels of the pods. Labels of the operator cannot be replaced.")
        @Size(max = 32)
        Map<
                String,
                @Size(max = 63) @Pattern("^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$") String>
            labels,
    @JsonPropertyDescription("Annotations of the pods.") @Size(max = 32)
        Map<String, @Size(max = 4096) String> annotations,
    @JsonPropertyDescription(
            "Environment variables of every stage. Variables that choose devices, ranks or "
                + "loaders are refused: the plan sets them.")
        @Size(max = 64)
        @ListMap("name")
        List<EnvEntry> env,
    @JsonPropertyDescription(
            "User and groups of the pods. Pods are never root and never privileged.")
        PodSecurity securityContext,
    @JsonPropertyDescription(
            "ConfigMap in the namespace of the EvalJob with key ca.crt: certificates that the"
                + " evaluation trusts. Omitted: those of the image.")
        @Size(min = 1, max = 253)
        @Pattern("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
        String caBundleConfigMapName,
    @JsonPropertyDescription(
            "Seconds that the runner has to write partial work when it is told to stop. "
                + "Omitted: 120.")
        @Default("120")
        @Min(10)
        @Max(3600)
        Integer terminationGracePeriodSeconds) {
  /** Copies the collections; null becomes empty. */
  public RuntimePodSpec {
    nodeSelector = Copies.map(nodeSelector);
    tolerations = Copies.list(tolerations);
    labels = Copies.map(labels);
    annotations = Copies.map(annotations);
    env = Copies.list(env);
  }

  /** {@link #runtimeClassName()}, empty when left out. */
  public Optional<String> runtimeClassNameIfSet() {
    return Optional.ofNullable(runtimeClassName);
  }

  /** {@link #schedulerName()}, empty when left out. */
  public Optional<String> schedulerNameIfSet() {
    return Optional.ofNullable(schedulerName);
  }

  /** {@link #securityContext()}, empty when left out. */
  public Optional<PodSecurity> securityContextIfSet() {
    return Optional.ofNullable(securityContext);
  }

  /** {@link #caBundleConfigMapName()}, empty when left out. */
  public Optional<String> caBundleConfigMapNameIfSet() {
    return Optional.ofNullable(caBundleConfigMapName);
  }

  /** {@link #terminationGracePeriodSeconds()}, or the default {@code 120} when left out. */
  public Integer terminationGracePeriodSecondsOrDefault() {
    return terminationGracePeriodSeconds == null ? 120 : terminationGracePeriodSeconds;
  }
}
