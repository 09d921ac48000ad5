package io.evaljob.operator.validate;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.operator.plan.DeviceContext;
import java.util.List;

/**
 * A job that can run.
 *
 * @param job the job
 * @param runtime its runtime
 * @param models its models with their plans, in the order of the spec
 * @param devices who isolates the devices, as the plans were made
 */
public record ResolvedJob(
    EvalJob job, EvalRuntime runtime, List<ResolvedModel> models, DeviceContext devices) {
  public ResolvedJob {
    models = List.copyOf(models);
  }

  /** A job of a cluster: its devices are requested in pods. */
  public ResolvedJob(EvalJob job, EvalRuntime runtime, List<ResolvedModel> models) {
    this(job, runtime, models, new DeviceContext.RequestedInPod());
  }

  /** The model of this name, which the spec must have. */
  public ResolvedModel model(String name) {
    return models.stream()
        .filter(model -> model.spec().name().equals(name))
        .findFirst()
        .orElseThrow();
  }
}
