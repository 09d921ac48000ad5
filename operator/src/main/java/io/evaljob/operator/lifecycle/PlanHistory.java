package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.PlanRecord;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.plan.PlanSize;
import java.util.List;
import java.util.Optional;

/** Reads which plans a model had. */
public final class PlanHistory {

  private PlanHistory() {}

  /**
   * The size of the plan that a model has now.
   *
   * @param model its status
   * @return empty where it has the plan that its run began with
   */
  public static Optional<PlanSize> present(ModelStatus model) {
    List<PlanRecord> plans = model.planHistory();
    return plans.isEmpty()
        ? Optional.empty()
        : Optional.of(plans.get(plans.size() - 1)).map(PlanHistory::size);
  }

  /**
   * Whether an attempt may have been made from the plan that a model has now.
   *
   * @param model its status
   */
  public static boolean isInUse(ModelStatus model) {
    List<PlanRecord> plans = model.planHistory();
    boolean isNew =
        !plans.isEmpty()
            && plans.get(plans.size() - 1).attempt() == model.attempt()
            && model.stageIfSet().filter(Stage.Infer.name()::equals).isPresent()
            && model.jobUIDIfSet().isEmpty();
    return model.stageIfSet().isPresent() && !isNew;
  }

  static PlanSize size(PlanRecord plan) {
    return new PlanSize(plan.processes(), plan.devicesPerProcess(), plan.reservePercent());
  }
}
