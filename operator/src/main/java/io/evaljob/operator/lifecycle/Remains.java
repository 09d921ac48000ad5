package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.Phase;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.observe.AttemptObservation;
import io.evaljob.operator.observe.ModelObservation;
import io.evaljob.operator.observe.Wait;
import io.evaljob.operator.status.ModelDraft;
import java.util.ArrayList;
import java.util.List;

/**
 * What to call a run of which no model goes on, while pods of it are still there: they may hold
 * devices, so the run has not ended.
 */
final class Remains {

  private Remains() {}

  /**
   * The phase by what the pods that remain do. A pod that scores ends by itself once its scores are
   * stored; what else remains is waited for, with its name.
   */
  static Phase awaited(Pass pass) {
    List<Phase> phases = new ArrayList<>();
    for (ModelDraft model : pass.models()) {
      ModelObservation seen = pass.input().observed(model.name());
      for (String pod : seen.livePods()) {
        Stage stage =
            seen.attempts().stream()
                .filter(attempt -> attempt.podName().filter(pod::equals).isPresent())
                .map(AttemptObservation::stage)
                .findFirst()
                .orElse(Stage.Infer);
        phases.add(StageOrder.phase(stage));
        if (stage != Stage.Score) {
          pass.waitFor(
              model.name(),
              new Wait(
                  WaitingReason.PodsRemain,
                  "Nothing of model "
                      + model.name()
                      + " goes on, and pods of it are still ending ("
                      + String.join(", ", seen.livePods())
                      + "); delete one by hand if its node is gone."));
        }
      }
    }
    return Phases.ofJob(phases);
  }
}
