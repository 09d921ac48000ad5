package io.evaljob.operator.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Decides how a model can use several devices, from the strategy, the loader and the profile. */
final class PlacementChoice {

  private static final String STRATEGY = "spec.split.strategy";
  private static final String MAKE_PROFILE =
      "make a ModelProfile of its files with evaljob profile PATH, give it the loaders, and name it"
          + " in profileName, or leave the strategy out";

  private final PlanRequest request;
  private final List<Refusal> refusals = new ArrayList<>();

  private PlacementChoice(PlanRequest request) {
    this.request = request;
  }

  /** The placement, or nothing and the reasons in {@code refusals}. */
  static Optional<Placement> choose(PlanRequest request, List<Refusal> refusals) {
    PlacementChoice choice = new PlacementChoice(request);
    Placement placement = request.deviceMap().isPresent() ? choice.manual() : choice.planned();
    refusals.addAll(choice.refusals);
    return choice.refusals.isEmpty() ? Optional.of(placement) : Optional.empty();
  }

  private Placement manual() {
    SplitStrategy strategy = request.split().strategy();
    if (strategy == SplitStrategy.None || strategy == SplitStrategy.TensorParallel) {
      refuseMap("cannot be used with spec.split.strategy " + strategy, "leave the strategy out");
    } else if (request.harness().dialect() == Dialect.Command) {
      refuseMap(
          "cannot be used with a Command runtime, whose program places the model itself",
          "remove it");
    } else if (request.harness().loader().isPresent() && !transformersCanSplit()) {
      refuseMap(
          "cannot be used, because " + loaderName() + " loads this model and takes no device map",
          "remove it");
    }
    return Placement.ManualMap;
  }

  private Placement planned() {
    SplitStrategy strategy = request.split().strategy();
    boolean split = strategy == SplitStrategy.Layers || strategy == SplitStrategy.TensorParallel;
    if (request.harness().dialect() == Dialect.Command) {
      if (split) {
        refuseStrategy(
            RefusalReason.StrategyNotSupported,
            "is not possible with a Command runtime, whose program places the model itself",
            "leave the strategy out");
      }
      return Placement.HarnessPlaced;
    }
    if (request.harness().loader().isEmpty()) {
      if (split) {
        refuseStrategy(RefusalReason.ProfileRequired, missingProfile(), MAKE_PROFILE);
      }
      return Placement.HarnessPlaced;
    }
    if (!request.harness().canSplit() || loader() == Loader.SingleDevice) {
      if (split) {
        refuseStrategy(
            RefusalReason.LoaderCannotSplit,
            "is not possible for "
                + request.path()
                + ", whose loader "
                + loaderName()
                + " puts the whole model on one device",
            "leave the strategy out, or use a runtime whose loader can split it");
      }
      return Placement.OneDevice;
    }
    return loader().tensorParallel() ? tensorParallel(strategy) : transformers(strategy);
  }

  private Placement tensorParallel(SplitStrategy strategy) {
    if (strategy == SplitStrategy.Layers) {
      refuseStrategy(
          RefusalReason.StrategyNotSupported,
          "is not possible for "
              + request.path()
              + ", which "
              + loaderName()
              + " loads by tensor parallelism",
          "set TensorParallel, or leave the strategy out");
    }
    return strategy == SplitStrategy.None ? Placement.OneDevice : Placement.TensorParallel;
  }

  private Placement transformers(SplitStrategy strategy) {
    boolean layers =
        request.model().stream()
            .flatMap(facts -> facts.blocks().stream())
            .anyMatch(block -> block.role() == Role.Layers);
    if (strategy == SplitStrategy.TensorParallel) {
      refuseStrategy(
          RefusalReason.StrategyNotSupported,
          "is not possible for " + request.path() + ", which transformers loads",
          "set Layers, or use a runtime that loads it with vLLM or LMDeploy");
    } else if (strategy == SplitStrategy.Layers && !layers) {
      refuseStrategy(RefusalReason.ProfileRequired, missingProfile(), MAKE_PROFILE);
    }
    return strategy == SplitStrategy.None || !layers
        ? Placement.HarnessPlaced
        : Placement.LayerSplit;
  }

  private String missingProfile() {
    if (request.model().isEmpty()) {
      return "is not possible for " + request.path() + ", because no profile gives its layers";
    }
    String what =
        request.harness().loader().isEmpty()
            ? " names no loader for the runtime's dialect " + request.harness().dialect()
            : " lists no layers";
    return "is not possible for "
        + request.path()
        + ", because its profile "
        + request.model().get().profileName()
        + what;
  }

  private boolean transformersCanSplit() {
    return loader() == Loader.Transformers && request.harness().canSplit();
  }

  private Loader loader() {
    return request.harness().loader().orElse(Loader.Transformers);
  }

  private String loaderName() {
    return loader().name();
  }

  private void refuseStrategy(RefusalReason reason, String why, String remedy) {
    refusals.add(new Refusal(reason, STRATEGY, request.split().strategy().name(), why, remedy));
  }

  private void refuseMap(String why, String remedy) {
    refusals.add(
        new Refusal(
            RefusalReason.DeviceMapNotSupported, request.path() + ".deviceMap", "", why, remedy));
  }
}
