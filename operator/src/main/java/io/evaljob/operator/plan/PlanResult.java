package io.evaljob.operator.plan;

import java.util.List;

/** The answer of the planner. */
public sealed interface PlanResult {

  /** The model can run as planned. */
  record Planned(ModelPlan plan) implements PlanResult {}

  /**
   * The model cannot run as asked.
   *
   * @param refusals why, at least one, in the order of the fields
   */
  record Infeasible(List<Refusal> refusals) implements PlanResult {
    public Infeasible {
      refusals = List.copyOf(refusals);
    }
  }
}
