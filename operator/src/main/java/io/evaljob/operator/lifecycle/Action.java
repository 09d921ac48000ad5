package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.plan.PlanSize;
import java.util.List;
import java.util.Optional;

/** One thing to be done at the API server; doing it twice is the same as doing it once. */
public sealed interface Action {

  /**
   * The model's plan gets its name and its digest, so that they are on record before it exists.
   *
   * @param model name of the model
   * @param run the run it belongs to, which may not be on record yet
   * @param size the size of a plan that is not the first of the run; empty for that one
   */
  record NamePlan(String model, RunStatus run, Optional<PlanSize> size) implements Action {}

  /**
   * The model's plan ConfigMap exists.
   *
   * @param model name of the model
   */
  record EnsurePlan(String model) implements Action {}

  /**
   * The Job of an attempt exists, with what it mounts.
   *
   * @param model name of the model
   * @param stage the stage
   * @param attempt from 1
   * @param planName the plan ConfigMap the Job is made from
   * @param quota the EvalQuota that its devices are charged to, which is asked once more before the
   *     Job is made; empty where they are charged to none
   */
  record StartStage(String model, Stage stage, int attempt, String planName, Optional<String> quota)
      implements Action {

    /** An attempt whose devices, if it has any, are charged to nothing. */
    public StartStage(String model, Stage stage, int attempt, String planName) {
      this(model, stage, attempt, planName, Optional.empty());
    }
  }

  /**
   * The model's results ConfigMap exists.
   *
   * @param model name of the model
   * @param rows one row a data set
   */
  record StoreResults(String model, List<ResultRow> rows) implements Action {
    /** Copies its rows. */
    public StoreResults {
      rows = List.copyOf(rows);
    }
  }

  /**
   * A Job that is not wanted any more is gone, and its pods with it.
   *
   * @param name name of the Job
   */
  record DeleteJob(String name) implements Action {}

  /** The EvalJob itself is gone, unless somebody has edited it meanwhile. */
  record DeleteEvalJob() implements Action {}
}
