package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.observe.Wait;

/** What to wait for when the plan of a run on record cannot be used any more. */
public final class PlanLoss {

  private PlanLoss() {}

  /**
   * The plan cannot be made again: the runtime, or the profile, says something else now.
   *
   * @param name name of the plan ConfigMap
   * @param foreign whether something else stands under its name
   */
  public static Wait beyondRepair(String name, boolean foreign) {
    return foreign
        ? new Wait(
            WaitingReason.NameTaken,
            "ConfigMap "
                + name
                + " is not the plan that this run began with, and the plan cannot be made again as"
                + " it was; set a new spec.runID, and see who writes ConfigMaps here.")
        : new Wait(
            WaitingReason.ContainerConfig,
            "The plan ConfigMap "
                + name
                + " is gone and cannot be made again as it was; set a new spec.runID.");
  }
}
