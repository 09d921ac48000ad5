package io.evaljob.operator.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Plans one model: every request gives a plan or typed refusals, never an exception. */
public final class Planner {

  private Planner() {}

  /** Plans {@code request}. */
  public static PlanResult plan(PlanRequest request) {
    Optional<Accelerator> accelerator = Accelerators.find(request.resourceName());
    if (accelerator.isEmpty()) {
      return new PlanResult.Infeasible(
          List.of(
              new Refusal(
                  RefusalReason.UnknownAccelerator,
                  "spec.accelerator.resourceName",
                  request.resourceName(),
                  "is not an accelerator that can be planned for",
                  "use a name such as nvidia.com/gpu, nvidia.com/mig-1g.10gb or amd.com/gpu")));
    }
    int devices = request.devicesPerProcess().value().orElse(1);
    int processes = request.processes().value().orElse(1);
    List<RankPlan> ranks = new ArrayList<>();
    for (int rank = 0; rank < processes; rank++) {
      List<String> visible = new ArrayList<>();
      for (int device = 0; device < devices; device++) {
        int position = rank * devices + device;
        visible.add(
            request.context() instanceof DeviceContext.BareProcess bare
                    && position < bare.devices().size()
                ? bare.devices().get(position).id()
                : Integer.toString(position));
      }
      ranks.add(new RankPlan(rank, visible));
    }
    Map<String, String> helper = new TreeMap<>();
    accelerator.get().runtimeVariable().ifPresent(name -> helper.put(name, "void"));
    helper.put(accelerator.get().processVariable(), "");
    Map<String, String> container = new TreeMap<>();
    if (devices == 0) {
      container.putAll(helper);
    } else {
      container.put(
          accelerator.get().processVariable(),
          String.join(
              ",", ranks.stream().flatMap(rank -> rank.visibleDevices().stream()).toList()));
    }
    return new PlanResult.Planned(
        new ModelPlan(
            PlannedStrategy.None,
            request.harness().loader().orElse(Loader.Transformers),
            accelerator.get(),
            request.resourceName(),
            processes,
            devices,
            ranks,
            container,
            helper,
            Optional.empty(),
            List.of()));
  }
}
