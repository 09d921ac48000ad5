package io.evaljob.operator.plan;

/**
 * How large a plan is: what makes the planner give the same plan again.
 *
 * @param processes number of ranks, at least 1
 * @param devicesPerProcess devices of each rank; 0 is CPU
 * @param reservePercent share of each device's memory that is left free, 0 to 90
 */
public record PlanSize(int processes, int devicesPerProcess, int reservePercent) {

  /** The size of a plan. */
  public static PlanSize of(ModelPlan plan) {
    return new PlanSize(plan.processes(), plan.devicesPerProcess(), plan.reservePercent());
  }

  /** Devices of all ranks together. */
  public int totalDevices() {
    return processes * devicesPerProcess;
  }
}
