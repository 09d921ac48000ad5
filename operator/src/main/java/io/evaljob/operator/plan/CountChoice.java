package io.evaljob.operator.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Chooses the devices per process: what is asked for, else the smallest count that fits. */
final class CountChoice {

  private final PlanRequest request;
  private final Accelerator accelerator;
  private final Placement placement;
  private final Optional<ModelUnits> units;
  private final int processes;

  CountChoice(
      PlanRequest request,
      Accelerator accelerator,
      Placement placement,
      Optional<ModelUnits> units,
      int processes) {
    this.request = request;
    this.accelerator = accelerator;
    this.placement = placement;
    this.units = units;
    this.processes = processes;
  }

  /** The spread to use, or nothing and the reasons in {@code refusals}. */
  Optional<Sizing.Spread> choose(Sizing sizing, List<Refusal> refusals) {
    return request.devicesPerProcess().value().isPresent()
        ? asked(sizing, request.devicesPerProcess().value().getAsInt(), refusals)
        : smallest(sizing, refusals);
  }

  private Optional<Sizing.Spread> asked(Sizing sizing, int count, List<Refusal> refusals) {
    List<Refusal> found = refusals(count);
    if (!found.isEmpty()) {
      refusals.addAll(found);
      return Optional.empty();
    }
    Sizing.Spread spread = sizing.spread(count);
    for (int fewer = count - 1; !spread.fits() && layers() && fewer > 0; fewer--) {
      // A device that can hold no layer would stay empty: use only those before it.
      Sizing.Spread other = sizing.spread(fewer);
      spread = other.fits() || spread.split().isEmpty() ? other : spread;
    }
    if (spread.fits()) {
      return Optional.of(spread);
    }
    Optional<Sizing.Spread> other =
        usable().stream()
            .filter(c -> c > count)
            .map(sizing::spread)
            .filter(Sizing.Spread::fits)
            .findFirst();
    refusals.add(
        tooLarge(
            Integer.toString(count),
            spread,
            other.map(fit -> "set " + fit.devices()).orElse(moreMemory())));
    return Optional.empty();
  }

  private Optional<Sizing.Spread> smallest(Sizing sizing, List<Refusal> refusals) {
    List<Integer> usable = usable();
    if (usable.isEmpty()) {
      refusals.addAll(refusals(candidates().get(0)));
      return Optional.empty();
    }
    Sizing.Spread last = null;
    for (int count : usable) {
      Sizing.Spread spread = sizing.spread(count);
      if (spread.fits()) {
        return Optional.of(spread);
      }
      last = last == null || spread.split().isPresent() ? spread : last;
    }
    refusals.add(tooLarge("", last, moreMemory()));
    return Optional.empty();
  }

  private Refusal tooLarge(String value, Sizing.Spread spread, String remedy) {
    String model = request.model().map(ModelFacts::profileName).orElse("the model");
    return new Refusal(
        RefusalReason.ModelTooLarge,
        request.devicesPerProcess().path(),
        value,
        (value.isEmpty() ? "cannot be chosen: " : "is too few: ")
            + model
            + " "
            + spread.shortfall(),
        remedy);
  }

  private String moreMemory() {
    return request.context() instanceof DeviceContext.BareProcess
        ? "make more or larger devices visible, or lower spec.split.contextTokens"
        : "raise spec.accelerator.minMemory, or lower spec.split.contextTokens";
  }

  private boolean layers() {
    return placement == Placement.LayerSplit;
  }

  private List<Integer> usable() {
    List<Integer> usable = new ArrayList<>();
    for (int count : candidates()) {
      if (refusals(count).isEmpty()) {
        usable.add(count);
      }
    }
    return usable;
  }

  /** The counts that a model could have by itself; empty where its strategy is not possible. */
  static List<Integer> candidates(PlanRequest request) {
    return PlacementChoice.choose(request, new ArrayList<>())
        .map(placement -> candidates(request, placement, ModelUnits.of(request)))
        .orElse(List.of());
  }

  private List<Integer> candidates() {
    return candidates(request, placement, units);
  }

  private static List<Integer> candidates(
      PlanRequest request, Placement placement, Optional<ModelUnits> units) {
    List<Integer> allowed = request.model().map(ModelFacts::allowedDeviceCounts).orElse(List.of());
    if (!allowed.isEmpty()) {
      return allowed;
    }
    return switch (placement) {
      case LayerSplit ->
          IntStream.rangeClosed(
                  1,
                  Math.min(
                      units.orElseThrow().all().size() + 1, RequestCheck.MAX_DEVICES_PER_PROCESS))
              .boxed()
              .toList();
      case TensorParallel -> TensorParallel.SIZES;
      case OneDevice, HarnessPlaced, ManualMap -> List.of(1);
    };
  }

  private List<Refusal> refusals(int count) {
    return CountCheck.refusals(request, accelerator, placement, processes, count);
  }
}
