package io.evaljob.operator.resources;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.ModelSpec;
import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.validate.ResolvedJob;
import io.evaljob.operator.validate.ResolvedModel;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import java.util.Optional;

/**
 * Makes every child of an EvalJob: the same arguments give the same object, name included. Children
 * are written once and never patched.
 */
public final class ChildFactory {
  private final ResourceSettings settings;

  public ChildFactory(ResourceSettings settings) {
    this.settings = settings;
  }

  /** The runner, shared by all jobs of a namespace and owned by none. */
  public ConfigMap runner(String namespace) {
    return RunnerConfigMap.of(namespace, settings.runner());
  }

  /**
   * The plan of one model.
   *
   * @param caBundle PEM of the report endpoint's current and next CA; empty when it needs none
   */
  public ConfigMap plan(ResolvedJob job, ResolvedModel model, Run run, String caBundle) {
    return PlanConfigMap.of(job, model, run, caBundle);
  }

  /** The workspace of one model; empty when the job names a claim of its own. */
  public Optional<PersistentVolumeClaim> workspace(EvalJob job, ModelSpec model) {
    return Workspace.claim(job, model.name());
  }

  /**
   * The Job of one attempt at one stage.
   *
   * @param plan what {@link #plan} made: image, devices and pod settings come from it alone
   * @param attempt from 1
   * @throws IllegalArgumentException when the ConfigMap is no plan that this operator knows
   */
  public Job job(EvalJob job, ConfigMap plan, Stage stage, int attempt) {
    return new StageJob(settings, job, plan, stage, attempt).build();
  }

  /** All rows of one model in one run. */
  public ConfigMap results(EvalJob job, Run run, String model, List<ResultRow> rows) {
    return ResultsConfigMap.of(job, run, model, rows);
  }
}
