package io.evaljob.operator.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Plans one model: every request gives a plan or typed refusals, never an exception.
 *
 * <p>First the request itself is checked, then how the model can use several devices, then how many
 * it gets; a step is taken only when the ones before it found nothing to refuse.
 */
public final class Planner {

  private final PlanRequest request;
  private final Accelerator accelerator;
  private final Optional<ModelUnits> units;
  private final int processes;
  private final List<Refusal> refusals = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  private Planner(PlanRequest request, Accelerator accelerator) {
    this.request = request;
    this.accelerator = accelerator;
    this.units = ModelUnits.of(request);
    this.processes = request.processes().value().orElse(1);
  }

  /** Plans {@code request}. */
  public static PlanResult plan(PlanRequest request) {
    List<Refusal> refusals = RequestCheck.refusals(request);
    Optional<Accelerator> accelerator = Accelerators.find(request.resourceName());
    if (!refusals.isEmpty() || accelerator.isEmpty()) {
      return new PlanResult.Infeasible(refusals);
    }
    return new Planner(request, accelerator.get()).plan();
  }

  private PlanResult plan() {
    Optional<Sizing.Spread> spread =
        request.devicesPerProcess().value().orElse(1) == 0 ? cpu() : onDevices();
    if (spread.isEmpty()) {
      return new PlanResult.Infeasible(refusals);
    }
    int devices = spread.get().devices();
    List<RankPlan> ranks = Devices.ranks(request.context(), processes, devices);
    return new PlanResult.Planned(
        new ModelPlan(
            spread.get().strategy(),
            request.harness().loader().orElse(Loader.Transformers),
            accelerator,
            request.resourceName(),
            processes,
            devices,
            request.split().reservePercent(),
            ranks,
            Devices.containerEnvironment(request.context(), accelerator, ranks),
            Devices.helperEnvironment(request.context(), accelerator),
            spread.get().split(),
            notes));
  }

  private Optional<Sizing.Spread> cpu() {
    if (request.deviceMap().isPresent()) {
      refusals.add(
          new Refusal(
              RefusalReason.DeviceMapNotSupported,
              request.path() + ".deviceMap",
              "",
              "cannot be used on CPU, which devicesPerProcess 0 asks for",
              "remove it, or set devicesPerProcess"));
      return Optional.empty();
    }
    return Optional.of(new Sizing.Spread(0, PlannedStrategy.None, Optional.empty(), false, ""));
  }

  private Optional<Sizing.Spread> onDevices() {
    Optional<Placement> placement = PlacementChoice.choose(request, refusals);
    if (placement.isEmpty()) {
      return Optional.empty();
    }
    Sizing sizing = new Sizing(request, placement.get(), units, processes);
    CountChoice choice = new CountChoice(request, accelerator, placement.get(), units, processes);
    Optional<Sizing.Spread> spread =
        placement.get() == Placement.ManualMap ? manual(sizing) : choice.choose(sizing, refusals);
    spread.ifPresent(this::note);
    return spread;
  }

  private Optional<Sizing.Spread> manual(Sizing sizing) {
    Optional<DeviceMapCheck.Parsed> map = DeviceMapCheck.parse(request, refusals);
    if (map.isEmpty()) {
      return Optional.empty();
    }
    int devices = request.devicesPerProcess().value().orElse(map.get().needed());
    refusals.addAll(
        CountCheck.refusals(request, accelerator, Placement.ManualMap, processes, devices));
    Optional<int[]> placed = DeviceMapCheck.place(request, map.get(), units, devices, refusals);
    if (!refusals.isEmpty() || placed.isEmpty()) {
      return Optional.empty();
    }
    Sizing.Spread spread = sizing.manual(devices, map.get().devices(), placed.get());
    if (!spread.fits()) {
      refusals.add(
          new Refusal(
              RefusalReason.ModelTooLarge,
              request.path() + ".deviceMap",
              "",
              spread.shortfall(),
              "move modules to other devices, or remove the map to have one planned"));
      return Optional.empty();
    }
    return Optional.of(spread);
  }

  private void note(Sizing.Spread spread) {
    int asked = request.devicesPerProcess().value().orElse(spread.devices());
    if (spread.devices() < asked) {
      notes.add(
          request.devicesPerProcess().path()
              + ": "
              + asked
              + " devices cannot all hold a layer; "
              + spread.devices()
              + " are used");
    }
    if (request.model().isEmpty()) {
      notes.add(
          "memory is not checked: there is no profile for this model;"
              + " evaljob profile PATH makes one from its files");
    } else if (units.isEmpty()) {
      notes.add(
          "memory is not checked: profile "
              + request.model().get().profileName()
              + " gives no block sizes");
    } else if (!Devices.capacities(request, processes, spread.devices()).known()) {
      notes.add("memory is not checked: set spec.accelerator.minMemory to check it");
    } else if (!spread.checked()) {
      notes.add("memory is checked only in sum: the harness places the model itself");
    }
    if (spread.strategy() == PlannedStrategy.DeviceMap && units.isEmpty()) {
      notes.add(
          "the device map's coverage is not checked before the pod: no profile lists modules");
    }
    if (accelerator.kind() == DeviceKind.Shared) {
      notes.add("the device is shared: other pods may use its memory");
    }
  }
}
