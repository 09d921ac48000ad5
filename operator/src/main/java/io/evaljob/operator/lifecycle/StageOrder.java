package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.Phase;
import io.evaljob.api.v1alpha1.Stage;
import java.util.Optional;

/** Prefetch, then Infer, then Score; and what people call a model that is in one of them. */
final class StageOrder {

  private StageOrder() {}

  static Optional<Stage> after(Stage stage) {
    return switch (stage) {
      case Prefetch -> Optional.of(Stage.Infer);
      case Infer -> Optional.of(Stage.Score);
      default -> Optional.empty();
    };
  }

  static Phase phase(Stage stage) {
    return switch (stage) {
      case Prefetch -> Phase.Prefetching;
      case Infer -> Phase.Running;
      case Score -> Phase.Scoring;
      default -> Phase.Pending;
    };
  }
}
