package io.evaljob.operator.validate;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.operator.plan.DeviceContext;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All that a job is validated and planned from, read once.
 *
 * @param job the job
 * @param runtime the runtime that it names; empty when there is none
 * @param runtimeNames names of the runtimes there are, for "did you mean"; may be empty
 * @param namespaceLabels labels of the job's namespace
 * @param profiles where to find profiles
 * @param claims where to find claims
 * @param devices who isolates the devices
 * @param operatorNamespace namespace of the operator
 * @param quota what the EvalQuota of the job's namespace can grant; empty where there is none
 */
public record JobInputs(
    EvalJob job,
    Optional<EvalRuntime> runtime,
    List<String> runtimeNames,
    Map<String, String> namespaceLabels,
    LayeredProfiles profiles,
    ClaimSource claims,
    DeviceContext devices,
    String operatorNamespace,
    Optional<QuotaCap> quota) {
  public JobInputs {
    runtimeNames = List.copyOf(runtimeNames);
    namespaceLabels = Map.copyOf(namespaceLabels);
  }

  /** Inputs of a namespace without an EvalQuota. */
  public JobInputs(
      EvalJob job,
      Optional<EvalRuntime> runtime,
      List<String> runtimeNames,
      Map<String, String> namespaceLabels,
      LayeredProfiles profiles,
      ClaimSource claims,
      DeviceContext devices,
      String operatorNamespace) {
    this(
        job,
        runtime,
        runtimeNames,
        namespaceLabels,
        profiles,
        claims,
        devices,
        operatorNamespace,
        Optional.empty());
  }

  /** Inputs without a list of runtimes to compare a mistyped name with. */
  public JobInputs(
      EvalJob job,
      Optional<EvalRuntime> runtime,
      Map<String, String> namespaceLabels,
      LayeredProfiles profiles,
      ClaimSource claims,
      DeviceContext devices,
      String operatorNamespace) {
    this(job, runtime, List.of(), namespaceLabels, profiles, claims, devices, operatorNamespace);
  }

  /** The namespace of the job, {@code default} where a manifest names none. */
  public String namespace() {
    String namespace = job.getMetadata().getNamespace();
    return namespace == null ? "default" : namespace;
  }
}
