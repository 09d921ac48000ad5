package io.evaljob.operator.cli;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.resources.ChildFactory;
import io.evaljob.operator.resources.PlanConfigMap;
import io.evaljob.operator.resources.ResourceSettings;
import io.evaljob.operator.resources.Run;
import io.evaljob.operator.resources.RunHash;
import io.evaljob.operator.resources.RunnerArchive;
import io.evaljob.operator.validate.ResolvedJob;
import io.evaljob.operator.validate.ResolvedModel;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.ArrayList;
import java.util.List;

/**
 * The children that the operator would make of a job in its first run. An object that is not in a
 * cluster has no UID, so one of zeros takes its place; the hashes in names follow from it.
 */
final class OfflineChildren {

  static final String NO_UID = "00000000-0000-0000-0000-000000000000";

  private static final int FIRST = 1;

  private final ChildFactory factory;

  OfflineChildren() {
    factory =
        new ChildFactory(
            new ResourceSettings(
                OperatorConfig.defaults().reportUrl().toString(), RunnerArchive.fromClassPath()));
  }

  /** The plan of one model as the runner reads it, JSON. */
  String planDocument(ResolvedJob job, ResolvedModel model) {
    return plan(job, model).getData().get(PlanConfigMap.PLAN);
  }

  /** All objects of one job, in the order in which they are made. */
  List<HasMetadata> of(ResolvedJob job) {
    List<HasMetadata> children = new ArrayList<>();
    children.add(factory.runner(job.job().getMetadata().getNamespace()));
    for (ResolvedModel model : job.models()) {
      ConfigMap plan = plan(job, model);
      children.add(plan);
      factory.workspace(job.job(), model.spec()).ifPresent(children::add);
      for (Stage stage : List.of(Stage.Prefetch, Stage.Infer, Stage.Score)) {
        children.add(factory.job(job.job(), plan, stage, FIRST));
      }
    }
    return children;
  }

  private ConfigMap plan(ResolvedJob resolved, ResolvedModel model) {
    EvalJob job = resolved.job();
    if (job.getMetadata().getUid() == null) {
      job.getMetadata().setUid(NO_UID);
    }
    Run run = new Run(job.getSpec().runIDOrDefault(), FIRST, RunHash.of(job, resolved.runtime()));
    return factory.plan(resolved, model, run, "");
  }
}
