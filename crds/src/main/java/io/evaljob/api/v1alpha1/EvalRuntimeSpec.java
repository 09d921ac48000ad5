package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.ListSet;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import java.util.Optional;

/** How models are evaluated, and what an author may ask for. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
@ValidationRule(
    value = "(self.harness == 'VLMEvalKit') == has(self.vlmevalkit)",
    message =
        "harness VLMEvalKit needs vlmevalkit.dialect, and no other harness takes it: set "
            + "or remove vlmevalkit")
@ValidationRule(
    value = "(self.harness == 'Command') == has(self.command)",
    message =
        "harness Command needs command.args, and no other harness takes it: set or remove"
            + " command")
public record EvalRuntimeSpec(
    @JsonPropertyDescription(
            "VLMEvalKit: started and read by the runner. Command: any program that follows "
                + "the documented contract.")
        @Required
        Harness harness,
    @JsonPropertyDescription("Settings of VLMEvalKit; with harness VLMEvalKit only.")
        VLMEvalKitSpec vlmevalkit,
    @JsonPropertyDescription("The program to run; with harness Command only.") CommandSpec command,
    @JsonPropertyDescription(
            "Container image with harness and python3 (3.8 or later); name it by digest to "
                + "make runs repeatable.")
        @Required
        @Size(min = 1, max = 512)
        @Pattern("^[^ ]+$")
        String image,
    @JsonPropertyDescription("What the command \"evaljob run\" uses instead of the image.")
        LocalSpec local,
    @JsonPropertyDescription("Pull secrets, in the namespace of the EvalJob.")
        @Size(max = 8)
        @ListSet
        List<@Size(min = 1, max = 253) @Pattern("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$") String>
            imagePullSecretNames,
    @JsonPropertyDescription(
            "Service account of the pods, in the namespace of the EvalJob; its token is never"
                + " mounted. Omitted: default.")
        @Default("default")
        @Size(min = 1, max = 253)
        @Pattern("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
        String serviceAccountName,
    @JsonPropertyDescription("What every pod gets.") RuntimePodSpec pod,
    @JsonPropertyDescription("Resources of each stage where the EvalJob names none.")
        ResourcesByStage resources,
    @JsonPropertyDescription("What runs first in the Prefetch stage.") PrepareSpec prepare,
    @JsonPropertyDescription(
            "Where models and datasets lie in the cache of an EvalJob. Omitted: LMUData and "
                + "hf.")
        CacheLayout cache,
    @JsonPropertyDescription(
            "What the author of an EvalJob may name. Omitted: nothing, and no namespace may "
                + "use the runtime.")
        AllowSpec allow,
    @JsonPropertyDescription("Upper limits for every EvalJob of this runtime. Omitted: none.")
        LimitsSpec limits) {
  /** Copies the collections; null becomes empty. */
  public EvalRuntimeSpec {
    imagePullSecretNames = Copies.list(imagePullSecretNames);
  }

  /** {@link #vlmevalkit()}, empty when left out. */
  public Optional<VLMEvalKitSpec> vlmevalkitIfSet() {
    return Optional.ofNullable(vlmevalkit);
  }

  /** {@link #command()}, empty when left out. */
  public Optional<CommandSpec> commandIfSet() {
    return Optional.ofNullable(command);
  }

  /** {@link #local()}, empty when left out. */
  public Optional<LocalSpec> localIfSet() {
    return Optional.ofNullable(local);
  }

  /** {@link #serviceAccountName()}, or the default {@code default} when left out. */
  public String serviceAccountNameOrDefault() {
    return serviceAccountName == null ? "default" : serviceAccountName;
  }

  /** {@link #pod()}, empty when left out. */
  public Optional<RuntimePodSpec> podIfSet() {
    return Optional.ofNullable(pod);
  }

  /** {@link #resources()}, empty when left out. */
  public Optional<ResourcesByStage> resourcesIfSet() {
    return Optional.ofNullable(resources);
  }

  /** {@link #prepare()}, empty when left out. */
  public Optional<PrepareSpec> prepareIfSet() {
    return Optional.ofNullable(prepare);
  }

  /** {@link #cache()}, empty when left out. */
  public Optional<CacheLayout> cacheIfSet() {
    return Optional.ofNullable(cache);
  }

  /** {@link #allow()}, empty when left out. */
  public Optional<AllowSpec> allowIfSet() {
    return Optional.ofNullable(allow);
  }

  /** {@link #limits()}, empty when left out. */
  public Optional<LimitsSpec> limitsIfSet() {
    return Optional.ofNullable(limits);
  }

  /** The cache layout, all defaults when left out. */
  public CacheLayout cacheOrDefault() {
    return cache == null ? new CacheLayout(null, null) : cache;
  }

  /** The pod settings, all defaults when left out. */
  public RuntimePodSpec podOrDefault() {
    return pod == null
        ? new RuntimePodSpec(null, null, null, null, null, null, null, null, null, null)
        : pod;
  }

  /** What an author may name, nothing when left out. */
  public AllowSpec allowOrDefault() {
    return allow == null
        ? new AllowSpec(null, null, null, null, null, null, null, null, null, null)
        : allow;
  }
}
