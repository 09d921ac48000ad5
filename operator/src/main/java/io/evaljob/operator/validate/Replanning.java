package io.evaljob.operator.validate;

import io.evaljob.operator.plan.DeviceLimit;
import io.evaljob.operator.plan.LargerPlan;
import io.evaljob.operator.plan.ModelPlan;
import io.evaljob.operator.plan.PlanRequest;
import io.evaljob.operator.plan.PlanResult;
import io.evaljob.operator.plan.PlanSize;
import io.evaljob.operator.plan.Planner;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Plans a model of a valid job again, in another size than the spec asks for. */
public final class Replanning {

  private final ResolvedJob job;
  private final ResolvedModel model;
  private final ModelPlanning planning;

  /** Of one model of a job. */
  public Replanning(ResolvedJob job, ResolvedModel model) {
    this.job = job;
    this.model = model;
    planning = new ModelPlanning(job.job().getSpec(), job.runtime().getSpec(), job.devices());
  }

  /** The model with the plan of this size; empty where it has none, which a larger plan had. */
  public Optional<ResolvedModel> inSize(PlanSize size) {
    PlanResult result = Planner.plan(request().sized(size));
    return result instanceof PlanResult.Planned planned
        ? Optional.of(with(planned.plan()))
        : Optional.empty();
  }

  /**
   * The plan after one whose devices ran out of memory.
   *
   * @param failed the size of that plan
   * @param others devices of each other model of the job that has not ended
   * @param quota the most that a quota grants the model; empty where none limits it
   */
  public LargerPlan.Answer larger(
      PlanSize failed, List<Integer> others, Optional<DeviceLimit> quota) {
    List<DeviceLimit> limits = new ArrayList<>();
    ofRuntime(others).ifPresent(limits::add);
    quota.ifPresent(limits::add);
    LargerPlan.Answer answer = LargerPlan.after(request(), failed, limits);
    return answer instanceof LargerPlan.Answer.Found found
        ? new LargerPlan.Answer.Found(with(found.plan()).plan())
        : answer;
  }

  /** What the models that may run beside this one leave it. */
  private Optional<DeviceLimit> ofRuntime(List<Integer> others) {
    int beside =
        others.stream()
            .sorted(Comparator.reverseOrder())
            .limit(RuntimeRules.concurrency(job.job().getSpec()) - 1L)
            .mapToInt(Integer::intValue)
            .sum();
    String name = "EvalRuntime " + job.runtime().getMetadata().getName();
    return job.runtime()
        .getSpec()
        .limitsIfSet()
        .flatMap(limits -> limits.maxDevicesPerEvalJobIfSet())
        .map(
            most ->
                new DeviceLimit(
                    Math.max(0, most - beside),
                    name
                        + " (limits.maxDevicesPerEvalJob: "
                        + most
                        + (beside > 0 ? ", " + beside + " of them for other models)" : ")")));
  }

  private PlanRequest request() {
    return planning.request(model.spec(), model.profile());
  }

  private ResolvedModel with(ModelPlan plan) {
    return new ResolvedModel(model.spec(), model.profile(), planning.noted(plan));
  }
}
