package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.Phase;
import io.evaljob.api.v1alpha1.Stage;
import java.util.Optional;

/** Prefetch, then Infer, then Score; and what people call a model that is in one of them. */
final class StageOrder {

  private StageOrder() {}

  static Optional<Stage> after(Stage stage) {
    switch (stage) {
      case Prefetch:
        return Optional.of(Stage.Infer);
      case Infer:
        return Optional.of(Stage.Score);
      default:
        return Optional.empty();
    }
  }

  static Phase phase(Stage stage) {
    switch (stage) {
      case Prefetch:
        return Phase.Prefetching;
      case Infer:
        return Phase.Running;
      case Score:
        return Phase.Scoring;
      default:
        return Phase.Pending;
    }
  }
}
