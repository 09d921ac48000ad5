package io.evaljob.operator.plan;

import java.util.List;
import java.util.Optional;

/**
 * Finds the plan to go on with after one whose devices ran out of memory: more devices for each
 * process, or where the model can use no more, a larger reserve on the same.
 *
 * <p>Each answer is larger than what it was asked for, first by devices of a process and then by
 * the reserve, so asking again with every answer comes to an end.
 */
public final class LargerPlan {

  /** What is added to the reserve at a time, in percent of a device's memory. */
  public static final int RESERVE_STEP = 10;

  private static final int MOST_RESERVE = 90;

  private final PlanRequest request;
  private final PlanSize failed;
  private final List<DeviceLimit> limits;
  private String why = "";

  private LargerPlan(PlanRequest request, PlanSize failed, List<DeviceLimit> limits) {
    this.request = request;
    this.failed = failed;
    this.limits = limits;
  }

  /** What there is to go on with. */
  public sealed interface Answer {

    /** A larger plan that fits. */
    record Found(ModelPlan plan) implements Answer {}

    /**
     * There is none.
     *
     * @param why the reason, as half a sentence
     */
    record None(String why) implements Answer {}
  }

  /**
   * The plan after the one that failed.
   *
   * <p>All processes together get no more devices than they had, as long as one process alone does
   * not need more: what a node had once it has again. So more devices for each may mean fewer
   * processes.
   *
   * @param request the request that the first plan was made from
   * @param failed the size of the plan that failed
   * @param limits the most devices that the model may have in all, by anybody's leave
   */
  public static Answer after(PlanRequest request, PlanSize failed, List<DeviceLimit> limits) {
    return new LargerPlan(request, failed, limits).find();
  }

  private Answer find() {
    if (failed.devicesPerProcess() == 0) {
      return new Answer.None("it ran on CPU");
    }
    if (request.deviceMap().isPresent()) {
      return new Answer.None(
          request.path() + ".deviceMap places it by hand; move modules off the fullest device");
    }
    Optional<ModelPlan> present = planned(failed);
    return present
        .flatMap(plan -> moreDevices().or(() -> largerReserve(plan)))
        .<Answer>map(Answer.Found::new)
        .orElseGet(
            () -> new Answer.None(why.isEmpty() ? "its layers cannot fill more devices" : why));
  }

  private Optional<ModelPlan> moreDevices() {
    List<Integer> counts = CountChoice.candidates(request);
    List<Integer> larger =
        counts.stream().filter(count -> count > failed.devicesPerProcess()).sorted().toList();
    if (larger.isEmpty()) {
      why = noneIsLarger();
    }
    for (int count : larger) {
      int most = Math.max(1, failed.totalDevices() / count);
      for (int processes = most; processes > 0; processes--) {
        Optional<ModelPlan> plan =
            isWithinLimits(processes * count)
                ? planned(new PlanSize(processes, count, failed.reservePercent()))
                : Optional.empty();
        if (plan.isPresent()) {
          return plan;
        }
      }
    }
    return Optional.empty();
  }

  private String noneIsLarger() {
    String count =
        failed.devicesPerProcess() == 1 ? "1 device" : failed.devicesPerProcess() + " devices";
    return request
        .model()
        .filter(facts -> !facts.allowedDeviceCounts().isEmpty())
        .map(
            facts ->
                count
                    + " per process is the most that profile "
                    + facts.profileName()
                    + " allows (allowedDeviceCounts)")
        .orElse(
            "nothing says that the model can use more than "
                + count
                + " per process (allowedDeviceCounts of a ModelProfile would)");
  }

  private boolean isWithinLimits(int devices) {
    Optional<DeviceLimit> broken =
        limits.stream().filter(limit -> devices > limit.devices()).findFirst();
    broken.ifPresent(
        limit ->
            because(
                "the next larger plan takes "
                    + devices
                    + " "
                    + request.resourceName()
                    + ", and "
                    + limit.by()
                    + " gives it no more than "
                    + limit.devices()));
    return broken.isEmpty();
  }

  private Optional<ModelPlan> largerReserve(ModelPlan present) {
    int reserve = failed.reservePercent() + RESERVE_STEP;
    while (reserve <= MOST_RESERVE) {
      Optional<ModelPlan> plan =
          planned(new PlanSize(failed.processes(), failed.devicesPerProcess(), reserve));
      if (plan.filter(other -> isPlacedOtherwise(present, other)).isPresent()) {
        return plan;
      }
      reserve += RESERVE_STEP;
    }
    return Optional.empty();
  }

  /** A reserve matters where blocks move by it, or where the harness places blocks by it. */
  private boolean isPlacedOtherwise(ModelPlan present, ModelPlan other) {
    return other.strategy() == PlannedStrategy.None
        ? other.devicesPerProcess() > 1 && request.harness().dialect() != Dialect.Command
        : !assignments(present).equals(assignments(other));
  }

  private static List<Assignment> assignments(ModelPlan plan) {
    return plan.split().map(SplitPlan::assignments).orElse(List.of());
  }

  /** The plan of exactly this size. */
  private Optional<ModelPlan> planned(PlanSize size) {
    PlanResult result = Planner.plan(request.sized(size));
    if (result instanceof PlanResult.Infeasible infeasible) {
      because(infeasible.refusals().get(0).message());
      return Optional.empty();
    }
    return Optional.of(((PlanResult.Planned) result).plan())
        .filter(plan -> PlanSize.of(plan).equals(size));
  }

  /** The first reason is that of the smallest step. */
  private void because(String reason) {
    why = why.isEmpty() ? reason : why;
  }
}
