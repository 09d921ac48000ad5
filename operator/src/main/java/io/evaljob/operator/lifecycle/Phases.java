package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.Phase;
import io.evaljob.api.v1alpha1.ResultRow;
import java.util.Collection;
import java.util.List;

/** The one word for a whole: for a job from its models, for a model from its rows. */
final class Phases {

  static final String ROW_SUCCEEDED = "Succeeded";
  static final String ROW_FAILED = "Failed";

  private Phases() {}

  static boolean ended(Phase phase) {
    return phase == Phase.Succeeded || phase == Phase.PartiallyFailed || phase == Phase.Failed;
  }

  /**
   * The furthest of what still runs, by the word that matters most; else what all models came to.
   */
  static Phase ofJob(Collection<Phase> models) {
    for (Phase active : List.of(Phase.Running, Phase.Prefetching, Phase.Scoring)) {
      if (models.contains(active)) {
        return active;
      }
    }
    if (models.contains(Phase.Suspended)) {
      return Phase.Suspended;
    }
    if (models.contains(Phase.Queued)) {
      return Phase.Queued;
    }
    if (models.isEmpty() || !models.stream().allMatch(Phases::ended)) {
      return Phase.Pending;
    }
    if (models.stream().allMatch(Phase.Succeeded::equals)) {
      return Phase.Succeeded;
    }
    return models.stream().allMatch(Phase.Failed::equals) ? Phase.Failed : Phase.PartiallyFailed;
  }

  static Phase ofRows(List<ResultRow> rows) {
    long good = rows.stream().filter(row -> ROW_SUCCEEDED.equals(row.phase())).count();
    if (good == 0) {
      return Phase.Failed;
    }
    return good == rows.size() ? Phase.Succeeded : Phase.PartiallyFailed;
  }
}
